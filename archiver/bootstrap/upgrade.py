"""Bringing an archive of an older program to what this one needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from archiver.bootstrap.home import HOME, MARKER
from archiver.bootstrap.write_lock import WriteLock
from archiver.errors import NoArchiveError
from archiver.settings import load


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The catalogue's schema before and now; where a copy of it as it was lies, None when there is none."""

    before: str
    after: str
    copy: Path | None = None


def upgrade(home: Path) -> Upgraded:
    """Bring the catalogue to the schema of this program. Safe to repeat, and to run on several hosts at once.

    Raises:
        NoArchiveError: there is none, or a newer program wrote it.
        LockedError: an embedded archive is being written.
    """
    from archiver.adapters.catalog.schema_version import SCHEMA_VERSION
    from archiver.adapters.catalog.sql import upgrade_sqlite

    settings, _ = load(home)
    if settings.catalog_url:
        from archiver.adapters.catalog.postgres import upgrade_catalog

        return Upgraded(upgrade_catalog(settings.catalog_url), SCHEMA_VERSION)
    if not (home / MARKER).is_file():
        raise NoArchiveError(
            f"there is no archive at {home}", remedy=f"`minutier init` makes one; --archive or {HOME} names another place"
        )
    with WriteLock(home / "lock"):
        before, copy = upgrade_sqlite(home / "catalog.sqlite")
    return Upgraded(before or SCHEMA_VERSION, SCHEMA_VERSION, copy)
