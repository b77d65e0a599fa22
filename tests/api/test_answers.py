"""What every answer has: a listed problem where there is none to give, its headers, and an entry in the access log before it."""

from __future__ import annotations

import asyncio
import json
import logging
import statistics
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient

from archiver.api import guard
from archiver.api.measures import Measures
from archiver.api.problems import CODES, MEDIA_TYPE, STATUS, failure_of
from archiver.errors import IntegrityError, LockedError, MinutierError, NoArchiveError, UnreachableError
from retention.errors import RetentionError
from tests.support.api import bearer, make_key, served
from tests.support.command import Minutier

UNFORESEEN = {"error", "retention", "policy-invalid", "source", "integrity"}
"""Codes that are 500 over HTTP: nobody who calls can do anything about them."""

Served = tuple[TestClient, str, dict[str, str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Minutier, dict[str, str]]]:
    """An archive, and ids of a document that group a may see and of one that it may not, by name."""
    folder = tmp_path_factory.mktemp("answers")
    archive = Minutier(folder / "archive")
    archive.run("init")
    for name, group in (("seen.txt", "a"), ("unseen.txt", "b")):
        (folder / name).write_text(f"facture {name}", "utf-8")
        archive.run("import", folder / name, "--grant", group)
    return archive, {Path(path).name: one for path, one in archive.ids().items()}


@pytest.fixture
def asked(place: tuple[Minutier, dict[str, str]]) -> Iterator[Served]:
    archive, ids = place
    token = make_key(archive, f"k-{uuid.uuid4().hex[:8]}", groups="a")
    with served(archive, api_rate="1000000/minute") as client:
        client.headers.update(bearer(token))
        yield client, token, ids


# -- problems -----------------------------------------------------------------------------------------------------
def _all_kinds(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for one in kind.__subclasses__():
        yield from _all_kinds(one)


def test_every_error_of_the_program_is_a_listed_problem() -> None:
    for kind in (*_all_kinds(MinutierError), *_all_kinds(RetentionError)):
        if not kind.__module__.startswith(("archiver.", "retention.", "workers.")):
            continue
        code = kind.code  # type: ignore[attr-defined]
        assert code in CODES, f"{kind.__name__} is not listed"
        assert code in STATUS or code in UNFORESEEN, f"{kind.__name__} would be 500"


@pytest.mark.parametrize("status", [400, 404, 405, 408, 413, 415, 416, 418])
def test_what_the_framework_refuses_is_a_listed_problem(status: int) -> None:
    failure = failure_of(HTTPException(status))
    assert failure.status == status
    assert failure.code in CODES


def test_what_is_wrong_inside_is_told_to_the_log_alone(caplog: pytest.LogCaptureFixture) -> None:
    for kind in (UnreachableError, LockedError, IntegrityError, NoArchiveError, MinutierError):
        with caplog.at_level(logging.WARNING, "minutier.api"):
            failure = failure_of(kind("the index in /srv/archive of host-7 does not answer", remedy="look at host-7"))
        assert failure.status >= 500
        assert "/srv" not in failure.detail + failure.remedy
        assert "host-7" not in failure.detail + failure.remedy
        assert "/srv/archive of host-7" in caplog.records[-1].getMessage()


def test_whoever_asks_too_often_is_told_when_to_come_again(place: tuple[Minutier, dict[str, str]]) -> None:
    archive, ids = place
    tokens = [make_key(archive, f"k-{uuid.uuid4().hex[:8]}", groups="a") for _ in range(2)]
    with served(archive, api_rate="3/minute") as client:
        path = f"/v1/documents/{ids['seen.txt']}"
        answers = [client.get(path, headers=bearer(tokens[0])) for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert [one.headers["ratelimit"].partition(";t=")[0] for one in answers[:3]] == [
            f'"default";r={left}' for left in (2, 1, 0)
        ]
        assert answers[0].headers["ratelimit-policy"] == '"default";q=3;w=60'
        assert 1 <= int(answers[3].headers["retry-after"]) <= 60
        assert answers[3].json()["code"] == "too-many"
        assert client.get(path, headers=bearer(tokens[1])).status_code == 200, "another caller is counted apart"


def test_a_part_that_does_not_answer_is_503_and_says_when_to_come_again(asked: Served) -> None:
    client, _, ids = asked
    client.app.state.front.serving.readers.close()  # type: ignore[attr-defined]
    answer = client.get(f"/v1/documents/{ids['seen.txt']}")
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert int(answer.headers["retry-after"]) > 0


def test_one_caller_has_not_all_threads(place: tuple[Minutier, dict[str, str]]) -> None:
    archive, _ = place
    with served(archive) as client:
        front, token = client.app.state.front, make_key(archive, "greedy", groups="finance")
        leave = [front.in_hand.take("key:greedy") for _ in range(front.serving.settings.api_threads * 3)]
        answer = client.get(f"/v1/documents/{uuid.uuid4()}", headers=bearer(token))
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        other = bearer(make_key(archive, "other", groups="finance"))
        assert client.get(f"/v1/documents/{uuid.uuid4()}", headers=other).status_code == 404
        leave.pop()()
        for _ in range(3):  # each gives its place back
            assert client.get(f"/v1/documents/{uuid.uuid4()}", headers=bearer(token)).status_code == 404


def test_what_was_not_foreseen_is_logged_and_tells_nothing(
    asked: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client, _, ids = asked
    monkeypatch.setattr("archiver.api.documents.described", lambda document: 1 / 0)
    with caplog.at_level(logging.ERROR, "minutier.api"):
        answer = client.get(f"/v1/documents/{ids['seen.txt']}")
    assert (answer.status_code, answer.json()["code"]) == (500, "error")
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert "ZeroDivision" not in answer.text
    assert "ZeroDivision" in caplog.text


# -- written before it is given -----------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/v1/search", "", "/text", "/metadata", "/retention", "/content"])
def test_what_cannot_be_written_down_is_not_told(asked: Served, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    client, _, ids = asked

    def broken(access: Any) -> None:
        raise UnreachableError("the disk is full")

    monkeypatch.setattr(client.app.state.front.serving.access_log, "write", broken)  # type: ignore[attr-defined]
    if path.startswith("/v1"):
        answer = client.post(path, json={"query": "facture"})
    else:
        answer = client.get(f"/v1/documents/{ids['seen.txt']}{path}")
    assert (answer.status_code, answer.json()["code"]) == (503, "unreachable")
    assert "facture" not in answer.text
    assert ids["seen.txt"] not in answer.text


def test_a_refusal_that_cannot_be_written_down_is_not_told_either(asked: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    client, _, ids = asked

    def broken(access: Any) -> None:
        raise UnreachableError("the disk is full")

    monkeypatch.setattr(client.app.state.front.serving.access_log, "write", broken)  # type: ignore[attr-defined]
    assert client.get(f"/v1/documents/{ids['unseen.txt']}").status_code == 503


# -- headers ------------------------------------------------------------------------------------------------------
def test_every_answer_has_the_headers_that_keep_browsers_out(asked: Served) -> None:
    client, _, ids = asked
    one = ids["seen.txt"]
    paths = (
        f"/v1/documents/{one}",
        f"/v1/documents/{one}/text",
        "/v1/documents/x",
        "/nowhere",
        "/livez",
        "/readyz",
        "/openapi.json",
    )
    for path in paths:
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["cache-control"] == "no-store", path
        assert headers["content-security-policy"].startswith("default-src 'none'"), path


def test_the_tag_of_a_document_changes_with_the_answer_alone(asked: Served) -> None:
    client, _, ids = asked
    path = f"/v1/documents/{ids['seen.txt']}"
    first, second = client.get(path), client.get(path)
    assert first.headers["etag"] == second.headers["etag"]
    same = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_measures_name_routes_and_never_documents(asked: Served) -> None:
    client, _, ids = asked
    client.get(f"/v1/documents/{ids['seen.txt']}")
    client.get("/v1/documents/nothing")
    client.get("/nowhere")
    told = client.get("/metrics").text
    assert 'minutier_api_requests_total{method="GET",route="/v1/documents/{id}",status="200"} 1.0' in told
    assert 'route="/v1/documents/{id}",status="404"' in told
    assert 'route="none",status="404"' in told
    assert ids["seen.txt"] not in told
    assert "nowhere" not in told


# -- bodies that come slowly --------------------------------------------------------------------------------------
async def _sent(pieces: Any, **bounds: float) -> list[dict[str, Any]]:
    """What the guard lets an application that reads its body answer."""
    told: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def refusing(scope: Any, receive: Any, send: Any) -> None:
        try:
            await application(scope, receive, send)
        except HTTPException as error:
            await failure_of(error).response()(scope, receive, send)

    async def send(message: Any) -> None:
        told.append(message)

    scope = {"type": "http", "path": "/v1/search", "method": "POST", "headers": []}
    await guard.Guard(refusing, measures=Measures())(scope, pieces, send)
    return told


@pytest.mark.parametrize(
    ("between", "patience", "whole"), [(5.0, 0.05, 5.0), (0.02, 5.0, 0.2)], ids=["silent", "a byte now and then"]
)
def test_a_body_that_does_not_come_is_given_up(
    monkeypatch: pytest.MonkeyPatch, between: float, patience: float, whole: float
) -> None:
    monkeypatch.setattr(guard, "PATIENCE", patience)
    monkeypatch.setattr(guard, "WHOLE", whole)

    async def pieces() -> dict[str, Any]:
        await asyncio.sleep(between)
        return {"type": "http.request", "body": b"x", "more_body": True}

    began = time.monotonic()
    told = asyncio.run(_sent(pieces))
    assert time.monotonic() - began < 3
    assert told[0]["status"] == 408
    assert json.loads(told[1]["body"])["code"] == "too-slow"


# -- what is hidden takes as long as what is not there ------------------------------------------------------------
def test_a_hidden_document_is_looked_for_by_the_same_statements_as_one_that_is_not_there(asked: Served) -> None:
    client, _, ids = asked
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    said = []
    for one in (str(uuid.uuid4()), ids["unseen.txt"], "nothing"):
        client.get(f"/v1/documents/{one}")  # whatever is done once is done
        event.listen(Engine, "before_cursor_execute", note)
        try:
            assert client.get(f"/v1/documents/{one}").status_code == 404
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        said.append(list(statements))
        statements.clear()
    assert said[0]
    assert said[0] == said[1] == said[2]


def test_a_hidden_document_takes_as_long_as_one_that_is_not_there(asked: Served) -> None:
    """Turn by turn, and by the median of the differences: what else the machine does meets both alike."""
    client, _, ids = asked
    absent = str(uuid.uuid4())

    def seconds(one: str) -> float:
        began = time.perf_counter()
        client.get(f"/v1/documents/{one}/text")
        return time.perf_counter() - began

    pairs = [(seconds(ids["unseen.txt"]), seconds(absent)) for _ in range(300)]
    ratio = statistics.median(hidden / missing for hidden, missing in pairs)
    assert 0.8 < ratio < 1.25


def test_nothing_is_told_of_a_destroyed_document_to_whom_never_saw_it(tmp_path: Path) -> None:
    """410 for whoever might have read it, the words of a stranger's 404 for everybody else: others of its collection, too."""
    archive = Minutier(tmp_path / "archive")
    archive.run("init")
    rules = tmp_path / "policy.yaml"
    rules.write_text(
        "collections:\n  live: {class: SHORT, grants: {read: [group:a]}}\n"
        "classes:\n  SHORT: {title: S, limit: P1Y, from: metadata.day, basis: None, lock: none, then: destroy}\n",
        "utf-8",
    )
    archive.run("policy", "apply", rules)
    (tmp_path / "gone.txt").write_text("facture", "utf-8")
    archive.run("import", tmp_path / "gone.txt", "--collection", "live", "--meta", "day=2001-01-01", "--grant", "own")
    (one,) = archive.ids().values()
    for person in ("anna", "bruno"):
        archive.run("key", "new", tmp_path / person, "--no-passphrase")
        archive.run("key", "enroll", person, tmp_path / f"{person}.pub")
    archive.run("purge", "plan", "--id", "p", "--key", tmp_path / "anna")
    archive.run("purge", "approve", "p", "--key", tmp_path / "bruno", "--empties", "SHORT")
    archive.run("purge", "run", "p")
    tokens = {name: make_key(archive, name, groups=groups) for name, groups in (("was", "own"), ("never", "a"))}
    with served(archive) as client:
        for part in ("", "/text", "/metadata", "/retention", "/content"):
            answer = client.get(f"/v1/documents/{one}{part}", headers=bearer(tokens["was"]))
            assert (answer.status_code, answer.json()["code"]) == (410, "destroyed")
            hidden = client.get(f"/v1/documents/{one}{part}", headers=bearer(tokens["never"]))
            absent = client.get(f"/v1/documents/{uuid.uuid4()}{part}", headers=bearer(tokens["never"]))
            assert (hidden.status_code, hidden.content) == (404, absent.content)
