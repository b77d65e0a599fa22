"""PostgreSQL opened so that every call ends, well or badly, in bounded time."""

from __future__ import annotations

import os
import select
import socket
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError

from archiver.errors import UnreachableError, UsageError

_TIMES = {
    "connect_timeout": "10",
    # A host that vanished is noticed after about a minute, whatever was on its way.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
_LIMITS = {
    "statement_timeout": "5min",
    "lock_timeout": "60s",
    # A process stopped in the middle of a transaction must not hold up all others.
    "idle_in_transaction_session_timeout": "2min",
    "timezone": "UTC",
}
ANSWER_SECONDS = 360.0
"""A server that has said nothing for so long is frozen: it would have ended the statement itself by then."""

_POOL: dict[str, Any] = {"pool_size": 8, "max_overflow": 24, "pool_timeout": 60, "pool_use_lifo": True}


def postgres_engine(url: str, *, read_only: bool = False) -> Engine:
    """An engine on the database at `url`; what the URL's query says goes before the times and limits here.

    Safe from several threads. Not across a fork: each process opens its own.
    """
    address = _address(url)
    defaults = {
        "application_name": f"minutier, process {os.getpid()} on {socket.gethostname()}"[:63],
        "options": " ".join(f"-c {name}={value}" for name, value in _LIMITS.items()),
    }
    given = {name: value for name, value in (_TIMES | defaults).items() if name not in address.query}
    engine = create_engine(
        address,
        connect_args=given,
        isolation_level="READ COMMITTED",
        execution_options={"postgresql_readonly": read_only},
        hide_parameters=True,
        **_POOL,
    )
    event.listen(engine, "do_connect", _connect)
    event.listen(engine, "checkout", _look_at)
    return engine


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise UsageError("MINUTIER_CATALOG_URL is no URL", remedy=_FORM) from None  # its text may hold a password
    if address.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise UsageError(f"MINUTIER_CATALOG_URL names {address.drivername!r}, which holds no catalogue", remedy=_FORM)
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise UnreachableError("the driver of PostgreSQL is not installed", remedy="pip install 'minutier[server]'") from error
    return address.set(drivername="postgresql+psycopg")


_FORM = "write postgresql+psycopg://USER:PASSWORD@HOST:PORT/DATABASE"


def _connect(_dialect: Any, _record: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    from archiver.adapters.catalog.bounded_connection import BoundedConnection

    return BoundedConnection.connect(*arguments, **named)


def _look_at(raw: Any, _record: Any, _proxy: Any) -> None:
    """A connection that waited in the pool and was closed by the server is not handed out.

    Costs one poll of a socket, not a question to the server: an idle connection has nothing to say unless it ends.
    """
    waiting = select.poll()
    waiting.register(raw.fileno(), select.POLLIN)
    if not waiting.poll(0):
        return
    try:
        before, raw.autocommit = raw.autocommit, True
        raw.execute("SELECT 1")
        raw.autocommit = before
    except raw.Error as error:
        raise InvalidatePoolError("the server closed this connection") from error
