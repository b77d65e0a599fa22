"""Health of an archive on servers: what each of them is, what it lacks, and what would be lost with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from archiver.domain.ledger import Tree
from archiver.ports.catalog import Catalog, ServedCatalog
from archiver.ports.index import ServedIndex
from archiver.ports.jobs import Jobs, Kind
from archiver.ports.keys import Keys
from archiver.ports.ledger import LedgerRows
from archiver.ports.objects import StoreFacts
from archiver.services.health import LONG_WAIT, Check, Grade

APART = timedelta(seconds=5)
"""Clocks further apart than this are told; far less than what makes the archive's time stand still."""


def check_served_store(facts: StoreFacts) -> list[Check]:
    """The object store keeps versions and locks by itself."""
    what = f"{facts.kind}, {facts.place}"
    if not facts.locks_by_store:
        return [Check("objects", Grade.FAILED, f"{what}: its locked bucket has no Object Lock", _ANOTHER_STORE)]
    if not facts.versioned:
        return [Check("objects", Grade.FAILED, f"{what}: a bucket keeps no versions", "switch its versioning on")]
    return [Check("objects", Grade.OK, f"{what}; locks are the store's own")]


_ANOTHER_STORE = "make the archive anew under another name: a bucket gets its lock at birth"


def check_arrived(catalog: Catalog, now: datetime) -> list[Check]:
    """Originals that wait to be read."""
    waiting = catalog.waiting(1)
    if not waiting:
        return []
    count, since = catalog.counts().get("documents received", 0), waiting[0].received_at
    what = f"{count:,} originals wait to be read, the oldest since {since:%Y-%m-%d %H:%M}"
    late = now - since > LONG_WAIT
    return [Check("intake", Grade.WARNING if late else Grade.OK, what, "see whether workers run: `minutier work`")]


def check_served_catalog(facts: ServedCatalog, counts: dict[str, int]) -> list[Check]:
    """The database, and what of its settings could cost data."""
    documents = sum(count for name, count in counts.items() if name.startswith("documents"))
    checks = [Check("catalogue", Grade.OK, f"PostgreSQL {facts.version}, {documents:,} documents, {counts['batches']:,} imports")]
    return checks + [Check("catalogue", Grade.WARNING, said, remedy) for said, remedy in facts.dangers]


def check_served_index(facts: ServedIndex, behind: int) -> list[Check]:
    """The cluster, its indices, and how far they have come."""
    checks = [_index_state(facts, behind)]
    if facts.former:
        what = f"kept from before a reindex: {', '.join(facts.former)}"
        checks.append(Check("index", Grade.OK, what, "`minutier reindex --drop-old` deletes what is kept"))
    if facts.unfinished:
        what = f"a reindex did not end: {', '.join(facts.unfinished)}"
        checks.append(Check("index", Grade.WARNING, what, "run `minutier reindex` again: it goes on"))
    return checks


def _index_state(facts: ServedIndex, behind: int) -> Check:
    what = f"Elasticsearch {facts.version}, {facts.nodes} nodes, {facts.reading or 'nothing indexed yet'}"
    if facts.status == "red":
        return Check("index", Grade.FAILED, f"{what}: a part of it is out of reach", "see the cluster's own logs")
    if facts.reading and not facts.current:
        return Check("index", Grade.FAILED, f"{what} was made by another version", "run `minutier reindex`")
    if behind > 0:
        return Check("index", Grade.WARNING, f"{what}, behind the catalogue by {behind:,} changes", "see whether workers run")
    if facts.status == "yellow":
        return Check(
            "index", Grade.WARNING, f"{what}; {facts.unassigned} copies have no node", "add a node, or ask for no copies"
        )
    return Check("index", Grade.OK, f"{what}, up to date")


def check_tika(version: str, shown: str, shortcomings: Sequence[str]) -> list[Check]:
    """The server that reads what no reader of ours does."""
    checks = [Check("tika", Grade.OK, f"Tika server {version} at {shown}")]
    return checks + [Check("tika", Grade.WARNING, f"Tika server: {said}", "change its configuration") for said in shortcomings]


def check_work(jobs: Jobs, waiting: dict[Kind, int]) -> list[Check]:
    """What waits for workers, in the catalogue and in the broker."""
    told = []
    for kind in Kind:
        backlog = jobs.backlog(kind)
        told.append(f"{kind}: {backlog.documents:,} documents to do, {waiting[kind]:,} messages")
    return [Check("work", Grade.OK, "; ".join(told))]


def check_shared_ledger(rows: LedgerRows, keys: Keys, now: datetime) -> Check:
    """The ledger's last head, and whether it is young enough: some host with the key must seal."""
    head, waiting = rows.newest_head(Tree.CUSTODY), rows.waiting(Tree.CUSTODY)
    here = f"this host signs with key {keys.signing_key_id()}" if keys.can_sign else "the signing key is on another host"
    what = f"{head.size if head else 0:,} custody entries under a signed head; {here}"
    if waiting:
        what += f"; {waiting:,} events wait to be entered"
    if head and rows.state(Tree.CUSTODY).size > head.size and now - head.statement.time > timedelta(hours=24):
        return Check(
            "ledger", Grade.WARNING, f"{what}; nothing was sealed for a day", "run `minutier work` on a host with the key"
        )
    return Check("ledger", Grade.OK, what)


def check_clocks(now: datetime, others: dict[str, datetime]) -> Check:
    """How far the clocks of the parts are from this host's."""
    apart = {name: (time - now).total_seconds() for name, time in others.items()}
    worst = max(apart, key=lambda name: abs(apart[name]), default="")
    if worst and abs(apart[worst]) > APART.total_seconds():
        what = f"the clock of the {worst} is {abs(apart[worst]):.0f} seconds {'ahead of' if apart[worst] > 0 else 'behind'} this host's"
        return Check("clock", Grade.WARNING, what, "set both by a time service; locks and purges go by these clocks")
    return Check("clock", Grade.OK, f"{now:%Y-%m-%d %H:%M:%S} UTC; {', '.join(['this host', *apart])} agree")


def check_redundancy(store: StoreFacts | None, catalog: ServedCatalog | None, index: ServedIndex | None) -> list[Check]:
    """What is there only once. What a server does not tell is named as not known."""
    once = []
    if store is not None and not store.redundant:
        once.append("originals (the store does not say on how many disks)" if store.redundant is None else "originals")
    if catalog is not None and not catalog.replicas:
        once.append("the catalogue (no replica is connected)")
    if index is not None and not index.copies:
        once.append("the index (it can be made again from the texts)")
    once.append("the archive's keys, unless you keep a copy")
    return [
        Check("redundancy", Grade.WARNING, f"only once, as far as can be seen: {'; '.join(once)}", "see the how-to on servers")
    ]
