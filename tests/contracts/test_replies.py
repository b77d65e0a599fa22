"""Kept answers: what `archiver.ports.replies.Replies` promises, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from archiver.adapters.catalog.postgres import create_catalog
from archiver.adapters.catalog.reply_rows import PATIENCE, SqlReplyRows
from archiver.adapters.catalog.sql import create_sqlite
from archiver.ports.replies import Claim, Reply
from tests.support.on_servers import own_database
from tests.support.servers import server_url

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
ONE, OTHER = "aa" * 32, "bb" * 32
REPLY = Reply(202, b'{"id":"x"}', {"Location": "/v1/documents/x"})


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def replies(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlReplyRows]:
    if request.param == "sqlite":
        catalog = create_sqlite(tmp_path_factory.mktemp("replies") / "catalog.sqlite")
        yield SqlReplyRows(catalog.engine)
        catalog.close()
        return
    with own_database(server_url("postgres"), f"t{uuid4().hex[:12]}") as url:
        shared = create_catalog(url)
        yield SqlReplyRows(shared.engine)
        shared.close()


def key() -> str:
    return uuid4().hex


def test_the_first_does_it_and_the_next_is_answered(replies: SqlReplyRows) -> None:
    mine = key()
    assert replies.claim("erp", mine, ONE, NOW) is Claim.FIRST
    assert replies.claim("erp", mine, ONE, NOW) is Claim.RUNNING
    replies.keep("erp", mine, REPLY)
    assert replies.claim("erp", mine, ONE, NOW) == REPLY
    replies.drop("erp", mine)  # what was done stays done
    assert replies.claim("erp", mine, ONE, NOW) == REPLY


def test_another_request_is_told_so_whatever_became_of_the_first(replies: SqlReplyRows) -> None:
    mine = key()
    replies.claim("erp", mine, ONE, NOW)
    assert replies.claim("erp", mine, OTHER, NOW) is Claim.OTHER
    replies.keep("erp", mine, REPLY)
    assert replies.claim("erp", mine, OTHER, NOW) is Claim.OTHER
    assert replies.claim("erp", mine, OTHER, NOW + PATIENCE) is Claim.OTHER


def test_a_key_is_its_callers_own(replies: SqlReplyRows) -> None:
    mine = key()
    assert replies.claim("erp", mine, ONE, NOW) is Claim.FIRST
    assert replies.claim("dms", mine, OTHER, NOW) is Claim.FIRST


def test_whoever_was_not_heard_of_again_is_followed_by_one(replies: SqlReplyRows) -> None:
    mine = key()
    replies.claim("erp", mine, ONE, NOW)
    later = NOW + PATIENCE
    assert replies.claim("erp", mine, ONE, later - timedelta(seconds=1)) is Claim.RUNNING
    assert replies.claim("erp", mine, ONE, later) is Claim.AGAIN
    assert replies.claim("erp", mine, ONE, later) is Claim.RUNNING


def test_whoever_left_it_is_followed_at_once(replies: SqlReplyRows) -> None:
    assert replies.claim("key:a", "k", "d", NOW) is Claim.FIRST
    replies.leave("key:a", "k")
    replies.leave("key:b", "k")
    assert replies.claim("key:a", "k", "d", NOW) is Claim.AGAIN
    assert replies.claim("key:a", "k", "d", NOW) is Claim.RUNNING
    replies.keep("key:a", "k", Reply(200, b"x"))
    replies.leave("key:a", "k")
    assert replies.claim("key:a", "k", "d", NOW) == Reply(200, b"x")


def test_a_key_that_was_dropped_is_free(replies: SqlReplyRows) -> None:
    mine = key()
    replies.claim("erp", mine, ONE, NOW)
    replies.drop("erp", mine)
    assert replies.claim("erp", mine, OTHER, NOW) is Claim.FIRST


def test_of_many_at_once_one_is_first(replies: SqlReplyRows) -> None:
    mine = key()
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: replies.claim("erp", mine, ONE, NOW), range(24)))
    assert sorted(map(str, claims)) == ["first"] + ["running"] * 23


def test_old_keys_are_forgotten(replies: SqlReplyRows) -> None:
    old, young = key(), key()
    replies.claim("erp", old, ONE, NOW - timedelta(days=30))
    replies.keep("erp", old, REPLY)
    replies.claim("erp", young, ONE, NOW)
    replies.keep("erp", young, REPLY)
    assert replies.forget(NOW - timedelta(days=29)) == 1
    assert replies.forget(NOW - timedelta(days=29)) == 0
    assert replies.claim("erp", old, OTHER, NOW) is Claim.FIRST
    assert replies.claim("erp", young, ONE, NOW) == REPLY
