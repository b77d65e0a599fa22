"""Audit: who read what, out of the access tree, oldest first, wherever its entries lie by now.

What is asked is entered first, so that it is in its own answer; then everything in the outbox goes into the tree. So there are two
places to look: the sealed segments and the leaves that still wait in the catalogue. Memory: one segment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from archiver.domain.ledger import HEARTBEAT, Leaf, LedgerEntry, Tree, entry_hash, parse_payload
from archiver.domain.ledger_files import Opening, payload_stem, read_payloads, read_segment
from archiver.errors import IntegrityError, NotFoundError
from archiver.ports.ledger import LedgerRows
from archiver.ports.objects import ObjectInfo, ObjectStore
from archiver.services.access_expiry import Expiry, last_expiry
from archiver.services.ledger_objects import SegmentFile, payload_files, read_file, segment_files
from archiver.services.ledger_openings import Openings
from archiver.services.register import Register, month_of

SLACK = timedelta(hours=1)
"""How far entries may be out of the order of their times: hosts write side by side, with clocks of their own."""
_NAMES = 10_000


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for; all of it must hold.

    Attributes:
        document_id: of this document; "" for any, and none.
        person: pseudonym of who asked; "" for anybody.
        since, until: from that moment on, and before that one.
    """

    document_id: str = ""
    person: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def admits(self, entry: LedgerEntry) -> bool:
        """Whether it is asked for."""
        event = entry.event
        return (
            event.kind != HEARTBEAT
            and (not self.document_id or event.document_id == self.document_id)
            and (not self.person or event.details.get("by") == self.person)
            and (self.since is None or event.at >= self.since)
            and (self.until is None or event.at < self.until)
        )

    def may_hold(self, payload: str) -> bool:
        """Whether a payload is worth reading: the person's pseudonym is somewhere in it."""
        return self.person in payload


@dataclass(slots=True)
class Audit:
    """Answers from one archive's access tree. Writes nothing.

    Attributes:
        erased: entries met that were removed before their time, so that nobody can say whether they were asked for.
    """

    rows: LedgerRows
    objects: ObjectStore
    register: Register
    erased: int = 0
    _names: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def expired(self) -> Expiry:
        """How far the log is gone, as it should be after a while."""
        return last_expiry(self.rows, self.objects)

    def entries(self, question: Question) -> Iterator[LedgerEntry]:
        """Entries that are asked for, in the order of the tree, lazily.

        Raises:
            IntegrityError: what is kept is not what was entered.
        """
        one = question.document_id
        found = self._of_leaves(self.rows.about(Tree.ACCESS, one)) if one else self._all(question)
        return (entry for entry in found if question.admits(entry))

    def name(self, entry: LedgerEntry) -> str | None:
        """Of who asked; None where the register does not know, or no longer. Names of a few thousand are kept at hand."""
        by, month = str(entry.event.details.get("by") or ""), month_of(entry.event.at)
        if not by:
            return None
        if (by, month) not in self._names:
            if len(self._names) >= _NAMES:
                self._names.clear()
            self._names[by, month] = self.register.name(by, month) or self.register.name(by)
        return self._names[by, month]

    # -- everything, in order -----------------------------------------------------------------------------------
    def _all(self, question: Question) -> Iterator[LedgerEntry]:
        sealed, gone = self.rows.state(Tree.ACCESS).sealed, self.expired().end
        payloads = payload_files(self.objects, Tree.ACCESS)
        for file in self._worth_reading(question, sealed):
            openings = self._openings(payloads.get(payload_stem(Tree.ACCESS, file.first, file.end), []))
            if file.end > gone:
                self.erased += file.end - file.first - len(openings)
            if openings and _is_past(openings[0], question):
                return
            yield from self._of_segment(file, [one for one in openings if question.may_hold(one.payload)])
        yield from self._of_leaves(self.rows.leaves(Tree.ACCESS, sealed))

    def _worth_reading(self, question: Question, sealed: int) -> Iterator[SegmentFile]:
        """Sealed segments, but for those whose head was signed before the time that is asked for."""
        signed = {head.size: head.statement.time for head in self.rows.heads(Tree.ACCESS)} if question.since else {}
        for file in segment_files(self.objects, Tree.ACCESS, lambda _: None):
            old = question.since is not None and file.end in signed and signed[file.end] + SLACK < question.since
            if file.end <= sealed and not old:
                yield file

    def _openings(self, files: list[ObjectInfo]) -> list[Opening]:
        return [opening for info in files for opening in read_payloads(read_file(self.objects, info))]

    def _of_segment(self, file: SegmentFile, openings: list[Opening]) -> Iterator[LedgerEntry]:
        if not openings:
            return
        committed = read_segment(read_file(self.objects, file.info)).commitments
        for opening in openings:
            place = opening.position - file.first
            if not (0 <= place < len(committed) and opening.opens(committed[place])):
                raise _not_entered(opening.position)
            yield LedgerEntry(opening.position, parse_payload(opening.payload, Tree.ACCESS))

    # -- leaf by leaf: of one document, or not sealed yet -------------------------------------------------------
    def _of_leaves(self, leaves: Iterable[Leaf]) -> Iterator[LedgerEntry]:
        """What the catalogue's leaves tell; of those that are sealed, maybe just now, out of their segment."""
        openings, sealed = Openings(self.objects, Tree.ACCESS), self.rows.state(Tree.ACCESS).sealed
        for leaf in leaves:
            opening = None if leaf.payload is None or leaf.salt is None else Opening(leaf.position, leaf.salt, leaf.payload)
            if opening is None and leaf.position >= sealed:
                openings, sealed = Openings(self.objects, Tree.ACCESS), self.rows.state(Tree.ACCESS).sealed
            opening = opening or self._opened(openings, leaf.position)
            if opening is None:
                continue
            if entry_hash(opening.salt, opening.payload) != leaf.hash:
                raise _not_entered(leaf.position)
            yield LedgerEntry(leaf.position, parse_payload(opening.payload, Tree.ACCESS))

    def _opened(self, openings: Openings, position: int) -> Opening | None:
        with suppress(NotFoundError):
            return openings.of(position)
        self.erased += 1
        return None


def _is_past(opening: Opening, question: Question) -> bool:
    """Whether everything from here on is after the time that is asked for."""
    return question.until is not None and parse_payload(opening.payload, Tree.ACCESS).at >= question.until + SLACK


def _not_entered(position: int) -> IntegrityError:
    return IntegrityError(f"access entry {position} is not what was entered", remedy="run `minutier verify`")
