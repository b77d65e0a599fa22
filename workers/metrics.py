"""What Prometheus is told of a worker process. Names are in docs/reference/metrics.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge, Histogram, start_http_server

from archiver.ports.jobs import Kind

if TYPE_CHECKING:
    from archiver.bootstrap import Archive
    from archiver.services.purge.run import Counts
    from archiver.services.read_chunk import Done
    from archiver.services.timetable import Outcome

BACKLOG_DOCUMENTS = Gauge("minutier_backlog_documents", "Documents whose work is not done.", ["kind"])
BACKLOG_BYTES = Gauge("minutier_backlog_bytes", "Bytes of the originals whose work is not done.", ["kind"])
DOCUMENTS = Counter("minutier_documents", "Originals committed, by how far they could be read.", ["outcome"])
INDEXED = Counter("minutier_indexed", "States of documents told to the index.")
STAGE = Histogram(
    "minutier_stage_seconds",
    "Seconds a message took, by kind of work.",
    ["stage"],
    buckets=(0.05, 0.2, 0.5, 1, 2, 5, 15, 60, 300),
)
MESSAGES = Counter("minutier_messages", "Messages taken from a queue, by what became of them.", ["queue", "result"])
DEATHS = Counter("minutier_deaths", "Claims taken over from workers that never came back.")
QUARANTINED = Counter("minutier_quarantined", "Documents given up after several workers ended with them.")
POSTPONED = Counter("minutier_postponed", "Documents given back since a part was out of reach.")
PURGED = Counter("minutier_purged", "Items of purges that were dealt with, by what became of them.", ["state"])
TIMETABLE_LAST = Gauge("minutier_timetable_last_seconds", "When a duty was done last, in seconds since 1970.", ["duty"])
TIMETABLE_FAILED = Counter("minutier_timetable_failed", "Times a duty could not be done.", ["duty"])
TIMETABLE_DAMAGED = Counter("minutier_timetable_damaged", "Times a duty found something that is not as it was written.", ["duty"])
TIMETABLE_FOUND = Gauge("minutier_timetable_found", "What a duty counted when it was done last.", ["duty", "what"])
LEDGER_WAITING = Gauge("minutier_ledger_waiting", "Events not entered in the custody ledger yet.")


def serve(address: str) -> None:
    """Answer Prometheus at HOST:PORT; "" for not at all."""
    if not address:
        return
    host, _, port = address.rpartition(":")
    start_http_server(int(port), host or "127.0.0.1")


def read(done: Done) -> None:
    """A chunk was read."""
    for outcome, count in done.outcomes:
        DOCUMENTS.labels(outcome).inc(count)
    INDEXED.inc(done.indexed)
    DEATHS.inc(done.deaths)
    QUARANTINED.inc(done.quarantined)
    POSTPONED.inc(done.postponed)


def indexed(count: int) -> None:
    """States were indexed."""
    INDEXED.inc(count)


def purged(counts: Counts) -> None:
    """A chunk of a purge was dealt with."""
    for state, number in counts.by_state.items():
        PURGED.labels(state.value).inc(number)


def duty(outcome: Outcome) -> None:
    """A duty of the timetable was done, or could not be."""
    if outcome.failure is not None:
        TIMETABLE_FAILED.labels(outcome.duty).inc()
        return
    TIMETABLE_LAST.labels(outcome.duty).set(outcome.at.timestamp())
    TIMETABLE_DAMAGED.labels(outcome.duty).inc(outcome.report.damaged)
    for what, number in outcome.report.counts.items():
        TIMETABLE_FOUND.labels(outcome.duty, what).set(number)


def message(kind: Kind, result: str, seconds: float) -> None:
    """A message was dealt with."""
    MESSAGES.labels(kind.value, result).inc()
    STAGE.labels(kind.value).observe(seconds)


def backlog(archive: Archive) -> None:
    """How much waits, as the catalogue says."""
    from archiver.domain.ledger import Tree

    for kind in Kind:
        found = archive.jobs.backlog(kind)
        BACKLOG_DOCUMENTS.labels(kind.value).set(found.documents)
        BACKLOG_BYTES.labels(kind.value).set(found.bytes)
    LEDGER_WAITING.set(archive.ledger_rows.waiting(Tree.CUSTODY))
