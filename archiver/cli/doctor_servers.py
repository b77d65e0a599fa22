"""What `minutier doctor` asks servers."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.errors import MinutierError
from archiver.services import health_servers
from archiver.services.health import Check, Grade
from archiver.services.trusted_time import REMEDIES
from archiver.settings import without_password

if TYPE_CHECKING:
    from archiver.bootstrap import Archive
    from archiver.ports.catalog import ServedCatalog
    from archiver.ports.index import ServedIndex
    from archiver.ports.objects import StoreFacts

_APART = 60
"""Seconds that clocks kept by a time service are never apart."""


def objects(archive: Archive) -> list[Check]:
    """The store, and what waits in it."""
    checks = health_servers.check_served_store(archive.objects.facts())
    return checks + health_servers.check_arrived(archive.catalog, archive.clock.now())


def catalogue(archive: Archive) -> list[Check]:
    """The database."""
    return health_servers.check_served_catalog(_catalog_facts(archive), archive.catalog.counts())


def index(archive: Archive) -> list[Check]:
    """The cluster."""
    top = archive.catalog.top_sequence()
    done = archive.jobs.indexed_up_to() if archive.settings.broker_url else top
    behind = max(top - done, 0 if archive.settings.broker_url else top - archive.index.sequence())
    return health_servers.check_served_index(_index_facts(archive), behind)


def tika(archive: Archive) -> list[Check]:
    """The Tika server."""
    from archiver.adapters.extraction.tika_facts import tika_facts

    found = tika_facts(archive.settings.tika_url, archive.settings.read_seconds)
    return health_servers.check_tika(found.version, found.shown, found.shortcomings(archive.settings.read_seconds))


def broker(archive: Archive) -> list[Check]:
    """The broker, and the work it is told of."""
    from archiver.ports.jobs import Kind

    waiting = {kind: archive.queues.waiting(kind) for kind in Kind}
    shown = Check("broker", Grade.OK, without_password(archive.settings.broker_url))
    return [shown, *health_servers.check_work(archive.jobs, waiting)]


def ledger(archive: Archive) -> Check:
    """The ledger that several hosts write."""
    return health_servers.check_shared_ledger(archive.ledger_rows, archive.keys, archive.clock.now())


def clocks(archive: Archive) -> list[Check]:
    """The clocks of all parts against this host's, and the archive's own time."""
    others: dict[str, datetime] = {"database": archive.catalog.server_time()}
    if archive.settings.objects_url and (time := archive.objects.facts().time):
        others["object store"] = time
    if archive.settings.index_url and (time := _index_facts(archive).server_time):
        others["index"] = time
    found = [health_servers.check_clocks(datetime.now(UTC), others)]
    if skew := archive.clock.skew():
        found.append(
            Check("clock", Grade.WARNING, f"doubtful, and nothing is destroyed meanwhile: {skew.message}", REMEDIES[skew.doubt])
        )
    return found


def timestamps(archive: Archive) -> Check:
    """The outside authority: asked for a token over nothing of the archive's."""
    from archiver.adapters.timestamps.rfc3161 import verify

    authority, ca = archive.timestamps, archive.settings.timestamp_ca
    assert authority is not None
    message = b"minutier doctor v1\n"
    given = verify(authority.stamp(message), message, Path(ca) if ca else None)
    shown = f"{without_password(archive.settings.timestamp_url)}, {given.authority}"
    apart = abs((given.time - datetime.now(UTC)).total_seconds())
    if apart > _APART:
        return Check(
            "time-stamps",
            Grade.WARNING,
            f"{shown}: its clock and this host's are {apart:,.0f} seconds apart",
            "see which is right",
        )
    return Check("time-stamps", Grade.OK, shown)


def redundancy(archive: Archive) -> list[Check]:
    """What there is only once. A part that does not answer was told of already."""
    store: StoreFacts | None = None
    catalog: ServedCatalog | None = None
    served: ServedIndex | None = None
    with suppress(MinutierError):
        store = archive.objects.facts() if archive.settings.objects_url else None
    with suppress(MinutierError):
        catalog = _catalog_facts(archive) if archive.settings.catalog_url else None
    with suppress(MinutierError):
        served = _index_facts(archive) if archive.settings.index_url else None
    return health_servers.check_redundancy(store, catalog, served)


def _catalog_facts(archive: Archive) -> ServedCatalog:
    from archiver.adapters.catalog.postgres_facts import served

    return served(archive.catalog.engine)


def _index_facts(archive: Archive) -> ServedIndex:
    from archiver.adapters.index.elastic import ElasticsearchIndex

    assert isinstance(archive.index, ElasticsearchIndex)
    return archive.index.facts()
