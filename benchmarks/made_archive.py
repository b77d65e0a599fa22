"""Archives made for benchmarks: real ones, through intake and commit, of short texts that nobody has to read out of files."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

from archiver.bootstrap import Archive, create
from archiver.domain.batch import Batch, BatchState, Line
from archiver.domain.extraction import Extraction, Outcome
from archiver.ports.sources import FileStamp, SourceEntry
from archiver.services.commit import Commit
from archiver.services.extract import Result
from archiver.services.intake import Intake, IntakeOptions
from archiver.services.policies import Policies

MARKER = "quetzalcoatl"
POLICY = b"""
collections:
  due: {class: DUE, grants: {read: [group:a]}}
  kept: {class: LONG, grants: {read: [group:a]}}
classes:
  DUE: {title: Due at once, limit: P0D, from: received, lock: none, basis: benchmark, then: destroy}
  LONG: {title: Kept for ten years, period: P10Y, from: received, lock: governance, basis: benchmark, then: destroy}
"""
_GROUP = 256
_WORDS = [
    "facture",
    "contrat",
    "client",
    "paiement",
    "livraison",
    "avenant",
    "invoice",
    "supplier",
    "payment",
    "notice",
    "lease",
    "board",
    "claim",
]


class MadeSources:
    """`ports.sources.SourceReader` of texts that follow from their names."""

    def __init__(self, words: int) -> None:
        self._words = words

    def text(self, source: str) -> str:
        """What a source says: the collection's marker, and words."""
        rng = random.Random(source)
        marked = MARKER if source.startswith("/due/") else "ordinary"
        return f"{marked} {source} " + " ".join(rng.choices(_WORDS, k=self._words))

    def stamp(self, source: str) -> FileStamp:
        return FileStamp(len(self.text(source).encode()), 1, 1, 1)

    def chunks(self, source: str) -> Iterator[bytes]:
        yield self.text(source).encode()


def make_archive(home: Path, due: int, kept: int, *, words: int = 60) -> None:
    """A new archive with so many documents due at once and kept for years, sealed, indexed and closed."""
    create(home)
    with Archive(home, writable=True) as archive:
        Policies(archive.catalog, archive.objects, archive.clock).apply(POLICY, by="benchmark")
        fill(archive, "due", due, words)
        fill(archive, "kept", kept, words)
        archive.ledger.sequence()
        archive.ledger.seal()


def fill(archive: Archive, collection: str, count: int, words: int = 60, declared: Mapping[str, str] | None = None) -> None:
    """Archive so many documents in a collection. `declared`: metadata of each."""
    sources, batch = MadeSources(words), f"made-{collection}"
    archive.catalog.create_batch(Batch(batch, BatchState.RUNNING, archive.clock.now(), {}))
    parts = (archive.catalog, archive.objects, sources, archive.clock, archive.placement, archive.keys.identifier_key())
    intake = Intake(*parts, IntakeOptions(batch, collection, declared=dict(declared or {})))
    commit = Commit(archive.catalog, archive.objects, archive.index, archive.clock, archive.placement)
    for start in range(0, count, _GROUP):
        names = [f"/{collection}/{number:08}.txt" for number in range(start, min(start + _GROUP, count))]
        group = [(Line(number, name), SourceEntry(name, number)) for number, name in enumerate(names, start + 1)]
        for document in intake.take(group)[0]:
            text = sources.text(document.source)
            print_of = hashlib.sha256(b"made").hexdigest()[:16]
            commit.add(
                Result(document, Extraction(Outcome.COMPLETE, "text/plain", text=text, language="fr", fingerprint=print_of))
            )
    commit.flush()
    archive.catalog.set_batch_state(batch, BatchState.FINISHED, listed=True)
