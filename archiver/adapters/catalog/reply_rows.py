"""Kept answers on SQLAlchemy Core: one code path for SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, select, update

from archiver.adapters.catalog.access_tables import api_replies
from archiver.adapters.catalog.engine import read, transact, write
from archiver.adapters.catalog.insertion import add
from archiver.ports.replies import Claim, Reply

PATIENCE = timedelta(minutes=2)
"""After this whoever claimed a key and kept no answer counts as gone."""
_UNANSWERED = 0


class SqlReplyRows:
    """`ports.replies.Replies` over an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(self, principal: str, key: str, request_digest: str, now: datetime) -> Reply | Claim:
        row = {
            "principal": principal,
            "key": key,
            "request_digest": request_digest,
            "status": _UNANSWERED,
            "headers": {},
            "body": b"",
            "at": now,
        }

        def claimed(connection: Connection) -> Reply | Claim:
            if add(connection, api_replies, [row]):
                return Claim.FIRST
            there = connection.execute(select(api_replies).where(_at(principal, key)).with_for_update()).one()
            if there.request_digest != request_digest:
                return Claim.OTHER
            if there.status != _UNANSWERED:
                return Reply(there.status, bytes(there.body), there.headers)
            if now - there.at < PATIENCE:
                return Claim.RUNNING
            connection.execute(update(api_replies).where(_at(principal, key)).values(at=now))
            return Claim.AGAIN

        return transact(self._engine, claimed)

    def keep(self, principal: str, key: str, reply: Reply) -> None:
        values = {"status": reply.status, "headers": dict(reply.headers), "body": reply.body}
        with write(self._engine) as connection:
            connection.execute(update(api_replies).where(_at(principal, key)).values(values))

    def drop(self, principal: str, key: str) -> None:
        with write(self._engine) as connection:
            connection.execute(delete(api_replies).where(_at(principal, key), api_replies.c.status == _UNANSWERED))

    def leave(self, principal: str, key: str) -> None:
        def left(connection: Connection) -> None:
            unanswered = _at(principal, key) & (api_replies.c.status == _UNANSWERED)
            found = connection.execute(select(api_replies.c.at).where(unanswered).with_for_update()).first()
            if found is not None:
                connection.execute(update(api_replies).where(unanswered).values(at=found.at - PATIENCE))

        transact(self._engine, left)

    def forget(self, before: datetime) -> int:
        with read(self._engine) as connection:
            if connection.execute(select(api_replies.c.at).where(api_replies.c.at < before).limit(1)).first() is None:
                return 0
        with write(self._engine) as connection:
            return connection.execute(delete(api_replies).where(api_replies.c.at < before)).rowcount


def _at(principal: str, key: str) -> ColumnElement[bool]:
    return and_(api_replies.c.principal == principal, api_replies.c.key == key)
