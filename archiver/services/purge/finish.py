"""Ending a purge: the index and the catalogue lose what they still had in their files, it is looked, and certified."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from archiver.domain.document import State
from archiver.domain.ledger import LedgerEvent
from archiver.domain.purging import DONE
from archiver.errors import IntegrityError
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.index import Index, IndexEntry
from archiver.ports.retention_rows import Purge, PurgeItem, PurgeState
from archiver.ports.scrubbing import Scrubbing
from archiver.services.index_documents import entry_of, stored
from archiver.services.purge.certificate import CertifyPurge
from archiver.services.purge.files import PurgeFiles
from archiver.services.purge.probe import Probe, ProbePurge, note_catalogue, note_index
from archiver.services.sequence_ledger import LedgerService
from archiver.services.texts import Texts
from retention.certificate_check import check_certificate
from retention.plan import ItemState

EMPTIED = ("documents", "batches", "lines", "seen", "occurrences", "decisions", "held", "contents", "jobs")
"""Tables that held something about the destroyed documents."""
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FinishPurge:
    """Finishes purges whose items are all settled. Safe to repeat, and to cut off anywhere.

    Args:
        catch_up: brings the index to where the catalogue is.
        beyond: where copies may be that this program does not reach, each a sentence.
        leftovers: files outside the stores that a crash left, removed or named.
        rewrite: whether a catalogue on a server is written anew to lose what deleted rows left; see `ports.scrubbing`.
        scratch: folder for the certificate while it is written.
    """

    catalog: Catalog
    scrubbing: Scrubbing
    index: Index
    texts: Texts
    ledger: LedgerService
    files: PurgeFiles
    certify: CertifyPurge
    probe: ProbePurge
    clock: Clock
    catch_up: Callable[[], object]
    scratch: Path
    beyond: Sequence[str] = ()
    leftovers: Callable[[Probe], None] = lambda _: None
    rewrite: bool = True
    step: Callable[[str], None] = lambda _: None

    def run(self, purge: Purge) -> tuple[Purge, Probe]:
        """The purge, done, with its certificate in the store.

        Raises:
            IntegrityError: something of what was destroyed remains; the purge is not done, and may be run again.
        """
        self.ledger.sequence()
        probe = Probe(not_covered=list(self.beyond))
        self._empty_files(probe)
        self.step("looking whether anything remains")
        self.probe.stores(lambda: self._executed(purge.id), probe)
        self.leftovers(probe)
        if probe.failures:
            raise IntegrityError(
                f"something remains of what purge {purge.id} destroyed: {'; '.join(probe.failures[:3])}",
                remedy=f"find out why, then `minutier purge run {purge.id}` again",
            )
        self.step("writing the certificate")
        return self._certified(purge, probe), probe

    def _empty_files(self, probe: Probe) -> None:
        self.step("rewriting the index")
        self.catch_up()
        note_index(self.index.expunge(self._entries), probe)
        self.step("rewriting the catalogue")
        note_catalogue(self.scrubbing.scrub(EMPTIED, rewrite=self.rewrite), probe)

    def _entries(self, document_ids: Sequence[str]) -> Iterable[IndexEntry]:
        there = (one for one in self.catalog.documents(document_ids).values() if one.state in (State.ARCHIVED, State.QUARANTINED))
        return (entry_of(one, stored(self.texts, one), one.sequence) for one in there)

    def _executed(self, purge_id: str) -> Iterable[PurgeItem]:
        return self.catalog.items(purge_id, states=(ItemState.EXECUTED,))

    def _certified(self, purge: Purge, probe: Probe) -> Purge:
        ended = self.clock.now()
        self.ledger.sequence()
        self.ledger.seal()
        with tempfile.TemporaryFile(dir=self.scratch) as file:
            now = self.clock.now()
            self.certify.write(file, purge, ended, now, probe.findings)
            self._require_sound(file)
            file.seek(0)
            digest = self.files.keep_certificate(purge.id, _chunks(file), now, more=purge.state is PurgeState.DONE)
        self.catalog.end_leaving(purge.id)
        done = replace(purge, state=PurgeState.DONE, ended_at=ended)
        self.catalog.set_purge(done, [LedgerEvent(DONE, "", now, {"purge": purge.id, "certificate": digest})])
        self.ledger.sequence()
        self.ledger.seal()
        return done

    def _require_sound(self, file: BinaryIO) -> None:
        """The certificate as an auditor will read it: one that does not hold is never kept."""
        file.seek(0)
        report = check_certificate(file, self.certify.public_key)
        if not report.sound:
            raise IntegrityError(
                f"the certificate would not hold: {'; '.join(report.findings[:3])}",
                remedy="run `minutier verify` to see what is wrong",
            )


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk
