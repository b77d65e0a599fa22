"""Rebuilding the catalogue of an archive beside the one that answers, and putting it in its place."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.bootstrap.archive import Archive
from archiver.bootstrap.home import MARKER
from archiver.errors import AlreadyExistsError, IntegrityError, MinutierError, NoArchiveError, UnreachableError
from archiver.services.rebuild import Rebuild, Rebuilt, Tick

if TYPE_CHECKING:
    from archiver.adapters.catalog.sql import SqlCatalog
    from archiver.adapters.keys.embedded import FileKeys

CATALOG = "catalog.sqlite"
DRAFT = "catalog.sqlite.rebuilding"
KEPT = "catalog.sqlite.before-rebuild"
_SUFFIXES = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Replaced:
    """A catalogue rebuilt and put in its place. `kept`: where the one before lies; None when there was none."""

    rebuilt: Rebuilt
    kept: Path | None


class _Rebuilding(Archive):
    """An archive whose catalogue is a new one: beside the one that answers, or in an empty database."""

    @cached_property
    def catalog(self) -> SqlCatalog:
        if self.on_servers:
            from archiver.adapters.catalog.postgres import create_catalog

            shared = create_catalog(self.settings.catalog_url)
            return self._kept(shared, shared.close)
        from archiver.adapters.catalog.sql import create_sqlite

        _remove(self.home / DRAFT)
        draft = create_sqlite(self.home / DRAFT)
        return self._kept(draft, draft.close)

    @cached_property
    def files(self) -> FileKeys:
        """This host's key files: the catalogue that had the keys is lost."""
        from archiver.adapters.keys.embedded import FileKeys

        return FileKeys(self.home / "keys")

    @cached_property
    def keys(self) -> FileKeys:
        return self.files


def rebuild(home: Path, *, replace: bool, tick: Tick) -> Replaced:
    """Fill a new catalogue from the objects, and put it in the place of the old one, which is kept.

    Cut off anywhere, the archive is as it was before, and the next run begins anew.

    Args:
        replace: there may be a catalogue in the archive's folder.

    Raises:
        AlreadyExistsError: there is a catalogue, and nobody said that it may be replaced.
        NoArchiveError: the keys, or what says which archive it is, are not on this host.
        IntegrityError: what lies in the object store is not what this archive has signed.
    """
    current, archive = home / CATALOG, _Rebuilding(home, writable=True)
    with archive:
        if not archive.on_servers and current.exists() and not replace:
            raise AlreadyExistsError(
                f"there is a catalogue in {home}, and it would be replaced",
                remedy="write `minutier rebuild --replace`; the old one is kept beside the new one",
            )
        identity = _identity(home) if archive.on_servers else ""
        rebuilt = _filled(archive, tick)
        if archive.on_servers:
            from archiver.adapters.keys.shared import SharedKeys

            SharedKeys.create(archive.catalog, archive.files, identity)  # last: until then it is no archive
            return Replaced(rebuilt, None)
        _settle(home / DRAFT)
        archive.catalog.close()
        return Replaced(rebuilt, _swap(home))


def _filled(archive: Archive, tick: Tick) -> Rebuilt:
    from archiver.adapters.catalog.rebuild_rows import SqlRebuiltRows

    rows = SqlRebuiltRows(archive.catalog.engine)
    first = _told_to_index(archive) + 1
    parts = (archive.catalog, rows, archive.ledger_rows, archive.objects, archive.keys, archive.clock)
    return Rebuild(*parts, first=first, tick=tick).run()


def _told_to_index(archive: Archive) -> int:
    """The highest number that the index knows: what is numbered above it is news to it. 0 where there is no index to ask."""
    try:
        return max(archive.index.sequence(), max((version for _, version in archive.index.document_ids()), default=0))
    except UnreachableError:
        raise
    except MinutierError:
        return 0


def _identity(home: Path) -> str:
    try:
        return str(json.loads((home / MARKER).read_text("ascii"))["id"])
    except FileNotFoundError as error:
        raise NoArchiveError(
            f"{home / MARKER} says which archive it is, and is not there",
            remedy="rebuild on the host where the archive was made, or copy that folder's `archive.json` and `keys` here",
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IntegrityError(f"{home / MARKER} does not say which archive it is", remedy="restore it from a copy") from error


def _swap(home: Path) -> Path | None:
    """One moment the old catalogue answers, the next the new one. Whoever has the old one open goes on reading that."""
    current, kept = home / CATALOG, None
    if current.exists():
        _settle(current)
        kept = next(name for name in _names(home) if not name.exists())
        os.link(current, kept)
        for suffix in _SUFFIXES[1:]:
            if (log := home / (CATALOG + suffix)).exists():
                log.replace(f"{kept}{suffix}")
    (home / DRAFT).replace(current)
    folder = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return kept


def _settle(path: Path) -> None:
    """Bring what lies in the write-ahead log into the file, where it can be: a damaged catalogue is kept as it is."""
    from archiver.adapters.catalog.sql import settle_sqlite

    try:
        settle_sqlite(path)
    except IntegrityError:
        return


def _names(home: Path) -> Iterator[Path]:
    yield home / KEPT
    yield from (home / f"{KEPT}-{number}" for number in range(2, 10_000))


def _remove(path: Path) -> None:
    for suffix in _SUFFIXES:
        Path(f"{path}{suffix}").unlink(missing_ok=True)
