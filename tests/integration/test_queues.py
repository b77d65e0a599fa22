"""The broker on real servers: what is sent is confirmed and counted, a restart costs no later call."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from archiver.adapters.jobs.queues import Queues
from archiver.errors import NotPermittedError, UnreachableError
from archiver.ports.jobs import Kind
from tests.support.own_server import own_server
from tests.support.servers import server_url


@pytest.mark.parametrize("name", ["rabbitmq", "redis"])
def test_what_was_sent_waits_and_archives_do_not_mix(name: str) -> None:
    one, other = (Queues(server_url(name), uuid.uuid4().hex) for _ in range(2))
    for number in range(3):
        one.send(Kind.EXTRACT, [f"{number}"])
    one.send(Kind.INDEX, ["x"])
    assert (one.waiting(Kind.EXTRACT), one.waiting(Kind.INDEX)) == (3, 1)
    assert (other.waiting(Kind.EXTRACT), other.waiting(Kind.INDEX)) == (0, 0)
    one.close()
    other.close()


@pytest.mark.parametrize("name", ["rabbitmq", "redis"])
def test_a_broker_that_is_down_is_out_of_reach_and_comes_back_with_its_messages(name: str, tmp_path: Path) -> None:
    with own_server(name, tmp_path / name) as server:
        queues = Queues(server.url, uuid.uuid4().hex)
        queues.send(Kind.EXTRACT, ["a"])
        assert queues.waiting(Kind.EXTRACT) == 1
        server.crash()
        for _ in range(2):
            with pytest.raises(UnreachableError, match="does not answer"):
                queues.send(Kind.EXTRACT, ["b"])
            with pytest.raises(UnreachableError, match="does not answer"):
                queues.waiting(Kind.EXTRACT)
        server.start()
        assert queues.waiting(Kind.EXTRACT) == 1
        queues.send(Kind.EXTRACT, ["c"])
        assert queues.waiting(Kind.EXTRACT) == 2
        queues.close()


@pytest.mark.parametrize("name", ["rabbitmq", "redis"])
def test_a_wrong_password_is_told_as_such(name: str) -> None:
    scheme, rest = server_url(name).split("://")
    user = rest.split(":")[0]
    queues = Queues(f"{scheme}://{user}:wrong-one@{rest.rsplit('@', 1)[1]}", uuid.uuid4().hex)
    with pytest.raises(NotPermittedError) as told:
        queues.send(Kind.EXTRACT, ["a"])
    assert "wrong-one" not in f"{told.value} {told.value.remedy}"
