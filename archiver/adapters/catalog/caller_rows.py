"""API keys and break-glass grants on SQLAlchemy Core: one code path for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, insert, or_, select, update
from sqlalchemy.exc import IntegrityError as DuplicateKeyError

from archiver.adapters.catalog.access_tables import api_keys, break_glass
from archiver.adapters.catalog.engine import read, write
from archiver.adapters.catalog.ledger_rows import enqueue
from archiver.domain.caller import Permission
from archiver.domain.ledger import LedgerEvent
from archiver.errors import AlreadyExistsError
from archiver.ports.caller_rows import ApiKey, Grant


class SqlCallerRows:
    """`ports.caller_rows.CallerRows` over an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- keys ---------------------------------------------------------------------------------------------------
    def add_key(self, key: ApiKey, events: Iterable[LedgerEvent]) -> None:
        try:
            with write(self._engine) as connection:
                connection.execute(insert(api_keys), _row(key))
                enqueue(connection, events)
        except DuplicateKeyError as error:
            raise AlreadyExistsError(
                f"there is an API key named {key.name}", remedy="`minutier key list` shows it: rotate or revoke it"
            ) from error

    def rotate_key(self, old: ApiKey, new: ApiKey, events: Iterable[LedgerEvent]) -> None:
        current = (api_keys.c.id == old.id) & api_keys.c.revoked_at.is_(None) & (api_keys.c.rotated_to == "")
        replaced = update(api_keys).where(current).values(rotated_to=new.id, expires_at=old.expires_at)
        try:
            with write(self._engine) as connection:
                if not connection.execute(replaced).rowcount:
                    raise _taken(old)
                connection.execute(insert(api_keys), _row(new))
                enqueue(connection, events)
        except DuplicateKeyError as error:
            raise _taken(old) from error

    def revoke_key(self, key_id: str, at: datetime, reason: str, events: Iterable[LedgerEvent]) -> None:
        still = (api_keys.c.id == key_id) & api_keys.c.revoked_at.is_(None)
        with write(self._engine) as connection:
            if connection.execute(update(api_keys).where(still).values(revoked_at=at, revoked_reason=reason)).rowcount:
                enqueue(connection, events)

    def key(self, key_id: str) -> ApiKey | None:
        with read(self._engine) as connection:
            row = connection.execute(select(api_keys).where(api_keys.c.id == key_id)).first()
        return None if row is None else _key_of(row)

    def all_keys(self) -> list[ApiKey]:
        query = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
        with read(self._engine) as connection:
            return [_key_of(row) for row in connection.execute(query)]

    def key_used(self, key_id: str, at: datetime) -> None:
        last = api_keys.c.last_used_at
        later = (api_keys.c.id == key_id) & or_(last.is_(None), last < at)
        with write(self._engine) as connection:
            connection.execute(update(api_keys).where(later).values(last_used_at=at))

    # -- break-glass --------------------------------------------------------------------------------------------
    def add_grant(self, grant: Grant, events: Iterable[LedgerEvent]) -> None:
        try:
            with write(self._engine) as connection:
                connection.execute(insert(break_glass), _row(grant))
                enqueue(connection, events)
        except DuplicateKeyError as error:
            raise AlreadyExistsError(f"there is a grant {grant.id}", remedy="try again") from error

    def end_grant(self, grant_id: str, at: datetime, events: Iterable[LedgerEvent]) -> None:
        running = (break_glass.c.id == grant_id) & break_glass.c.ended_at.is_(None) & (break_glass.c.until > at)
        with write(self._engine) as connection:
            if connection.execute(update(break_glass).where(running).values(ended_at=at)).rowcount:
                enqueue(connection, events)

    def grant(self, grant_id: str) -> Grant | None:
        with read(self._engine) as connection:
            row = connection.execute(select(break_glass).where(break_glass.c.id == grant_id)).first()
        return None if row is None else _grant_of(row)

    def grants(self) -> list[Grant]:
        query = select(break_glass).order_by(break_glass.c.granted_at.desc(), break_glass.c.id)
        with read(self._engine) as connection:
            return [_grant_of(row) for row in connection.execute(query)]

    def grants_of(self, principal: str, now: datetime) -> list[Grant]:
        columns = break_glass.c
        running = (columns.principal == principal) & (columns.until > now)
        query = select(break_glass).where(running, columns.ended_at.is_(None)).order_by(columns.granted_at, columns.id)
        with read(self._engine) as connection:
            return [_grant_of(row) for row in connection.execute(query)]


def _taken(key: ApiKey) -> AlreadyExistsError:
    return AlreadyExistsError(
        f"API key {key.id} was rotated or revoked meanwhile", remedy="`minutier key list` shows which key is in its place"
    )


def _row(value: ApiKey | Grant) -> dict[str, Any]:
    row = {name: getattr(value, name) for name in value.__slots__}
    return {name: sorted(each) if isinstance(each, frozenset) else each for name, each in row.items()}


def _key_of(row: Row[Any]) -> ApiKey:
    permissions = frozenset(map(Permission, row.permissions))
    return ApiKey(**{**row._mapping, "groups": frozenset(row.groups), "permissions": permissions})


def _grant_of(row: Row[Any]) -> Grant:
    return Grant(**{**row._mapping, "groups": frozenset(row.groups)})
