"""The last judgement of a chunk, by what the catalogue knows at the very moment of the transaction, and what the store said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from archiver.domain.document import Document, State
from archiver.ports.retention_rows import Known, Stored
from archiver.services.circumstances import facts_of
from archiver.services.purge.units import root_of
from retention.days import day_in
from retention.disposal import AtStore, Circumstances, Withheld, last_word
from retention.policy import Policy
from retention.statements import Approval


@dataclass(frozen=True, slots=True)
class LastJudgement:
    """Judges items by position.

    Attributes:
        at_store: what the store says of their versions; sharers: who else keeps bytes that it would not let go.
        approval: the one it goes by; None for none.
    """

    known: Known
    policy: Policy
    now: datetime
    at_store: Mapping[int, Sequence[AtStore]]
    sharers: Mapping[int, frozenset[str]]
    approval: Approval | None

    def of(self, there: Mapping[int, Stored]) -> dict[int, Withheld]:
        """Why items stay, by position; an original's members stay with it, and it with them."""
        stays: dict[int, Withheld] = {}
        documents = self.known.documents([one.item.item.document_id for one in there.values()])
        units = [list(group) for _, group in groupby(sorted(there), key=lambda position: root_of(there[position].item))]
        roots = [root_of(there[unit[0]].item) for unit in units]
        about = self._circumstances(documents, roots)
        members = self.known.members_of(roots)
        for root, unit in zip(roots, units, strict=True):
            here = {there[position].item.item.document_id for position in unit}
            grown = any(member.id not in here for member in members.get(root, ()))
            why = self._why(root, unit, there, documents, about, grown=grown)
            if why is None:
                continue
            _stay(unit, there, why, stays)
        self._keep_the_last(units, there, stays)
        return stays

    def _keep_the_last(self, units: Sequence[Sequence[int]], there: Mapping[int, Stored], stays: dict[int, Withheld]) -> None:
        """Bytes that the store keeps are no reason for one of several documents to stay, but for all of them together: else
        nobody would be left whose they are."""
        going = {each.item.item.document_id for position, each in there.items() if position not in stays}
        for unit in units:
            shared = [self.sharers[position] for position in unit if position not in stays and self.sharers[position]]
            if any(others <= going for others in shared):
                _stay(unit, there, Withheld.LOCKED, stays)

    def _lacking(self, name: str) -> Withheld | None:
        """What the class asks of an approval today and this one does not have: a policy may have come since it was given."""
        found = self.policy.retention_class(name)
        if found is None or self.approval is None:
            return None
        if found.visa and self.approval.visa is None:
            return Withheld.VISA
        if found.period is not None and self.approval.key_id is None:
            return Withheld.UNAUTHENTICATED
        return None

    def _circumstances(self, documents: Mapping[str, Document], roots: Sequence[str]) -> dict[str, Circumstances]:
        happened, holds, decided = self.known.occurrences(roots), self.known.holds_on(roots), self.known.decisions(roots)
        return {
            root: Circumstances(facts_of(documents[root], happened.get(root, {})), tuple(holds.get(root, ())), decided.get(root))
            for root in roots
            if root in documents
        }

    def _why(
        self,
        root: str,
        unit: Sequence[int],
        there: Mapping[int, Stored],
        documents: Mapping[str, Document],
        about: Mapping[str, Circumstances],
        *,
        grown: bool,
    ) -> Withheld | None:
        found = documents.get(root)
        if found is None or found.state is State.DISPOSED:
            return Withheld.GONE
        if grown or any(_changed(there[position], documents.get(there[position].item.item.document_id)) for position in unit):
            return Withheld.CHANGED
        if lacking := self._lacking(found.retention_class):
            return lacking
        says = [each for position in unit for each in self.at_store[position]]
        return last_word(self.policy, about[root], says, self.now, day_in(self.policy.time_zone, self.now))


def _stay(unit: Sequence[int], there: Mapping[int, Stored], why: Withheld, stays: dict[int, Withheld]) -> None:
    for position in unit:
        own = there[position].item.item.root_id is None
        stays[position] = why if own or why is Withheld.GONE else Withheld.CONTAINER


def _changed(stored: Stored, document: Document | None) -> bool:
    item = stored.item.item
    return (
        document is None
        or document.state not in (State.ARCHIVED, State.QUARANTINED)
        or (document.collection, document.retention_class, document.sha256)
        != (item.collection, item.retention_class, item.sha256)
        or document.text_key != stored.text_key
    )
