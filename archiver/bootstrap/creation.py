"""Making a new archive: its folder, and what it needs on each server that its settings name."""

from __future__ import annotations

import json
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path

from archiver.bootstrap.home import FORMAT, MARKER
from archiver.bootstrap.write_lock import WriteLock
from archiver.errors import AlreadyExistsError, UnreachableError
from archiver.settings import Settings, load

_PARTS = {"keys", "objects", "index", "spool", "scratch", "clock", "catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"}
_OWN = {"lock", "minutier.toml", *_PARTS}


def create(home: Path) -> None:
    """Make a new, empty archive. The marker is written last: what a crash leaves behind is no archive.

    Raises:
        AlreadyExistsError: there is one, or something else lies there.
    """
    if (home / MARKER).exists():
        raise AlreadyExistsError(f"there is an archive at {home} already")
    if home.is_dir() and any(entry.name not in _OWN for entry in home.iterdir()):
        raise AlreadyExistsError(f"{home} is not empty", remedy="name a new or empty folder with --archive")
    try:
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o700)
    except OSError as error:
        raise UnreachableError(
            f"{home} cannot be made: {error.strerror}", remedy="check its parent folder's permissions"
        ) from error
    settings, _ = load(home)
    with WriteLock(home / "lock"):
        identity = str(uuid.uuid4())
        if settings.catalog_url:
            _make_shared(home, settings, identity)
        else:
            _make_parts(home, settings)
        _mark(home, identity)


def exists_on_servers(settings: Settings) -> bool:
    """Whether the catalogue's server holds an archive already."""
    from archiver.adapters.catalog.postgres import open_catalog
    from archiver.errors import NoArchiveError

    if not settings.catalog_url:
        return False
    try:
        open_catalog(settings.catalog_url, read_only=True, jobs=False).close()
    except NoArchiveError:
        return False
    return True


def _make_parts(home: Path, settings: Settings) -> None:
    from archiver.adapters.catalog.sql import create_sqlite
    from archiver.adapters.clock.embedded import HighWaterClock
    from archiver.adapters.keys.embedded import FileKeys

    FileKeys.create(home / "keys")
    clock = HighWaterClock(home / "clock")
    _make_objects(home, settings, clock)
    _make_index(settings)
    create_sqlite(home / "catalog.sqlite").close()
    (home / "spool").mkdir(exist_ok=True)
    clock.close()


def _make_shared(home: Path, settings: Settings, identity: str) -> None:
    """The catalogue holds who the archive is; the key that signs stays in this host's folder."""
    from archiver.adapters.catalog.postgres import create_catalog
    from archiver.adapters.clock.embedded import HighWaterClock
    from archiver.adapters.keys.embedded import FileKeys
    from archiver.adapters.keys.shared import SharedKeys

    clock = HighWaterClock(home / "clock")
    _make_objects(home, settings, clock)
    clock.close()
    _make_index(settings)
    if not (home / "keys").is_dir():
        FileKeys.create(home / "keys")
    catalog = create_catalog(settings.catalog_url)
    try:
        SharedKeys.create(catalog, FileKeys(home / "keys"), identity)
    finally:
        catalog.close()
    (home / "spool").mkdir(exist_ok=True)


def _make_objects(home: Path, settings: Settings, clock: object) -> None:
    if settings.objects_url:
        from archiver.adapters.objects.s3 import create_buckets

        create_buckets(settings.objects_url)
        return
    from archiver.adapters.clock.embedded import HighWaterClock
    from archiver.adapters.objects.embedded import EmbeddedStore

    assert isinstance(clock, HighWaterClock)
    EmbeddedStore(home / "objects", clock).close()


def _make_index(settings: Settings) -> None:
    if settings.index_url:
        from archiver.adapters.index.elastic import ElasticsearchIndex

        index = ElasticsearchIndex(settings.index_url, writable=True)
        index.commit(0)
        index.close()


def _mark(home: Path, identity: str) -> None:
    marker = {"format": FORMAT, "id": identity, "created_at": datetime.now(UTC).isoformat()}
    draft = home / (MARKER + ".new")
    with open(draft, "w", encoding="ascii") as stream:
        json.dump(marker, stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(home / MARKER)
