"""What a database says went wrong, in the archive's own errors: which database, what, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, exc

from archiver.errors import (
    IntegrityError,
    MinutierError,
    NoArchiveError,
    NotPermittedError,
    RefusedError,
    UnreachableError,
    UsageError,
)

ONLY_GROWS = "retain_until only grows"
"""What the guard of `documents.retain_until` says."""

_RACES = frozenset({"40001", "40P01"})  # serialization failure, deadlock
_NO_ENTRY = frozenset({"28000", "28P01", "42501"})
_MISSING = frozenset({"42P01", "42703", "3F000"})  # table, column, schema
_DAMAGE = frozenset({"XX001", "XX002", "58P01"})  # page or index that cannot be, file of a table that is gone

# A refused connection has no code, only words in the server's own language.
_WRONG_PASSWORD = re.compile(
    r"password authentication failed|mot de passe échouée|Passwort-Authentifizierung|no password supplied"
)
_NO_ENTRY_WORDS = re.compile(r"pg_hba\.conf|role .* does not exist|le rôle .* n'existe pas|permission denied")
_FULL = re.compile(r"too many (clients|connections)|connection slots|trop de clients|connexions restantes")
_NO_DATABASE = re.compile(r"database .* does not exist|base de données .* n'existe pas|Datenbank .* existiert nicht")

_STANDBY = "it is a read-only standby, or set so: name the primary server in MINUTIER_CATALOG_URL"
_REMEDIES = {
    "25006": _STANDBY,
    "0A000": _STANDBY,  # what a standby says to a transaction that wants to write
    "53100": "its disk is full: make room there, then run again",
    "53300": "it serves as many connections as it may: raise max_connections, or run fewer workers",
    "57014": "it took longer than it may: look for what else the database is doing, then run again",
    "55P03": "another transaction holds what this one needs: look for what else the database is doing, then run again",
}


def lost_a_race(error: exc.DBAPIError) -> bool:
    """Whether the database ended the transaction only so that another one could go on."""
    return _state(error) in _RACES


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Errors of the database, raised as the archive's, with their cause. A key that is taken stays what it is."""
    try:
        yield
    except exc.TimeoutError as error:
        raise UnreachableError(
            f"no connection to {where(engine)} came free in time", remedy="run with fewer threads, or again later"
        ) from error
    except exc.DBAPIError as error:
        if isinstance(error, exc.IntegrityError) and ONLY_GROWS not in str(error.orig):
            raise
        raise (_of_sqlite(error) if engine.dialect.name == "sqlite" else _of_postgres(where(engine), error)) from error


def where(engine: Engine) -> str:
    """The database in a message, without its password."""
    if engine.dialect.name == "sqlite":
        return "the catalogue"
    url = engine.url
    return (
        f"the catalogue on PostgreSQL, database {url.database or url.username} at {url.host or 'this host'}:{url.port or 5432},"
    )


def _of_sqlite(error: exc.DBAPIError) -> MinutierError:
    said = str(error.orig)
    if ONLY_GROWS in said:
        return _only_grows()
    if isinstance(error, exc.OperationalError) and "no such table" not in said and "no such column" not in said:
        return UnreachableError(
            f"the catalogue does not answer: {said}", remedy="check disk space and permissions, then run again"
        )
    return IntegrityError(
        f"the catalogue's file is damaged: {said}", remedy="restore catalog.sqlite from a backup, then run `minutier verify`"
    )


def _of_postgres(place: str, error: exc.DBAPIError) -> MinutierError:
    state, said = _state(error), _said(error)
    if ONLY_GROWS in said:
        return _only_grows()
    if not state:
        return _of_connection(place, said)
    if state in _NO_ENTRY:
        return NotPermittedError(f"{place} refuses: {said}", remedy="check user, password and grants in MINUTIER_CATALOG_URL")
    if state == "3D000":
        return _no_database(place, said)
    if state in _MISSING or state in _DAMAGE or state == "XX000":
        return IntegrityError(
            f"{place} is damaged: {said}", remedy="see the server's log; restore it from a backup, then run `minutier verify`"
        )
    if state.startswith("22"):
        return UsageError(f"{place} can't hold a value: {said}")
    return UnreachableError(f"{place} does not answer: {said}", remedy=_REMEDIES.get(state, "check the server, then run again"))


def _of_connection(place: str, said: str) -> MinutierError:
    if _WRONG_PASSWORD.search(said) or _NO_ENTRY_WORDS.search(said):
        return NotPermittedError(f"{place} lets nobody in so: {said}", remedy="check user and password in MINUTIER_CATALOG_URL")
    if _NO_DATABASE.search(said):
        return _no_database(place, said)
    if _FULL.search(said):
        return UnreachableError(f"{place} takes no more connections: {said}", remedy=_REMEDIES["53300"])
    return UnreachableError(
        f"{place} does not answer: {said}", remedy="check that the server runs and MINUTIER_CATALOG_URL is right, then run again"
    )


def _no_database(place: str, said: str) -> NoArchiveError:
    return NoArchiveError(f"{place} is not there: {said}", remedy="create the database (`createdb`), then run `minutier init`")


def _only_grows() -> RefusedError:
    return RefusedError(
        "a document would be kept for less long than before; nothing was written",
        remedy="the last day of an archived document may only move later",
    )


def _state(error: exc.DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


def _said(error: exc.DBAPIError) -> str:
    """The server's words on one line. They name users, hosts and databases; never a password."""
    return " ".join(str(error.orig).split()) or type(error.orig).__name__
