"""Making a purge plan: what is past its last day, judged one by one, frozen by a Merkle root and signed by its author.

Everything is selected from the catalogue, never from the index. Memory is that of one page, or of the largest container.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from archiver.domain.document import Document
from archiver.domain.ledger import LedgerEvent, Value
from archiver.domain.purging import PLANNED
from archiver.errors import AlreadyExistsError
from archiver.ports.catalog import Catalog
from archiver.ports.retention_rows import Purge, PurgeState, WithheldDocument
from archiver.services.circumstances import KnownFacts
from archiver.services.pages import pages
from archiver.services.placement import check_name
from archiver.services.purge.files import PurgeFiles
from archiver.services.purge.signatory import Signatory
from retention.days import day_in
from retention.disposal import Judgement, Withheld, judge
from retention.merkle import Frontier, Growth, leaf_hash
from retention.plan import SALT_BYTES, PlanItem
from retention.policy import Policy
from retention.statements import PlanStatement

PAGE = 500


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a plan is to be made of; every one given must fit.

    Attributes:
        before: only what was to be kept until a day before this one.
    """

    collection: str = ""
    retention_class: str = ""
    before: date | None = None


@dataclass(slots=True)
class Progress:
    """How far a plan has come. `why`: of what is withheld, how many for which reason."""

    planned: int = 0
    withheld: int = 0
    bytes: int = 0
    why: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class PlanPurge:
    """Makes plans.

    Args:
        policy: with the digest of the file it was read from.
        archive_id: what the statement names.
    """

    catalog: Catalog
    files: PurgeFiles
    policy: Policy
    policy_digest: bytes
    archive_id: str
    tick: Callable[[Progress], None] = lambda _: None
    entropy: Callable[[int], bytes] = secrets.token_bytes
    _growth: Growth = field(default_factory=lambda: Growth(Frontier()))
    _progress: Progress = field(default_factory=Progress)

    def make(self, criteria: Criteria, author: Signatory, now: datetime, *, name: str = "") -> Purge | None:
        """A plan of everything due on the day it is now; None when nothing goes. Nothing is destroyed by it.

        Args:
            name: the purge's id; "" for one that is made.

        Raises:
            AlreadyExistsError: there is a purge of that name.
            UsageError: the name cannot be one.
        """
        self._require_free(name)
        self.catalog.discard_drafts()
        self._growth, self._progress = Growth(Frontier()), Progress()
        purge_id = name or f"{day_in(self.policy.time_zone, now):%Y%m%d}-{self.entropy(4).hex()}"
        today = day_in(self.policy.time_zone, now)
        staged = self.files.stage_plan(self._planned(purge_id, criteria, today))
        if not self._progress.planned:
            self.files.discard(staged)
            self.catalog.discard_drafts()
            return None
        purge = self._frozen(purge_id, criteria, author, now)
        self.files.keep_plan(purge, staged)
        root = self._growth.frontier().root().hex()
        details: dict[str, Value] = {
            "purge": purge_id,
            "root": root,
            "documents": purge.documents,
            "author": author.pseudonym,
        }
        self.catalog.add_purge(purge, [LedgerEvent(PLANNED, "", now, details)])
        return purge

    def _require_free(self, name: str) -> None:
        if name and any(purge.id == check_name("purge", name) for purge in self.catalog.purges()):
            raise AlreadyExistsError(f"there is a purge {name} already", remedy="choose another name")

    def _due(self, criteria: Criteria, today: date) -> Iterator[Document]:
        before = min(today, criteria.before) if criteria.before else today
        return self.catalog.due(before, collection=criteria.collection, retention_class=criteria.retention_class)

    def _planned(self, purge_id: str, criteria: Criteria, today: date) -> Iterator[tuple[PlanItem, str]]:
        """Items with their payloads, each written to the catalogue before it is told."""
        for page in pages(self._due(criteria, today), PAGE):
            yield from self._take(purge_id, page, today)

    def _take(self, purge_id: str, page: Sequence[Document], today: date) -> Iterator[tuple[PlanItem, str]]:
        known = KnownFacts(self.catalog).of(page)
        judged = [(document, judge(self.policy, known[document.id], today)) for document in page]
        going = [(document, judgement) for document, judgement in judged if judgement.goes]
        stay = [(document, judgement.why, judgement.reason) for document, judgement in judged if judgement.why is not None]
        self.catalog.add_withheld(purge_id, [_withheld(*one) for one in stay])
        for _, why, _ in stay:
            self._progress.why[why.value] = self._progress.why.get(why.value, 0) + 1
        self._progress.withheld += len(stay)
        for items in pages(self._items(purge_id, going), PAGE):
            self.catalog.add_items(purge_id, [item for item, _ in items])
            self._progress.planned += len(items)
            self._progress.bytes += sum(item.size for item, _ in items if item.root_id is None)
            yield from items
        self.tick(self._progress)

    def _items(self, purge_id: str, going: Sequence[tuple[Document, Judgement]]) -> Iterator[tuple[PlanItem, str]]:
        """Each original, followed by what it contains: a member goes with it, for the same reason."""
        for few in _few(going):
            members = self.catalog.members_of([document.id for document, _ in few if document.members])
            for original, judgement in few:
                until = judgement.verdict.until
                assert until is not None
                for document in (original, *members.get(original.id, ())):
                    yield self._item(purge_id, document, until, judgement.reason)

    def _item(self, purge_id: str, document: Document, until: date, reason: str) -> tuple[PlanItem, str]:
        item = PlanItem(
            position=self._growth.size,
            document_id=document.id,
            root_id=document.root_id,
            collection=document.collection,
            retention_class=document.retention_class,
            sha256=document.sha256,
            size=document.size,
            until=until,
            reason=reason,
            salt=self.entropy(SALT_BYTES),
        )
        payload = item.payload(purge_id)
        self._growth.append(leaf_hash(item.committed(item.salt, payload)))
        return item, payload

    def _frozen(self, purge_id: str, criteria: Criteria, author: Signatory, now: datetime) -> Purge:
        statement = PlanStatement(
            archive=self.archive_id,
            purge=purge_id,
            root=self._growth.frontier().root(),
            documents=self._progress.planned,
            size=self._progress.bytes,
            policy_version=self.policy.version,
            policy_digest=self.policy_digest,
            made=now,
            author=author.pseudonym,
        ).text()
        signature = author.key.sign(statement.encode("ascii")).hex() if author.key else ""
        asked = {"collection": criteria.collection, "class": criteria.retention_class, "before": _text(criteria.before)}
        return Purge(
            id=purge_id,
            state=PurgeState.PLANNED,
            made_at=now,
            criteria={name: value for name, value in asked.items() if value},
            documents=self._progress.planned,
            bytes=self._progress.bytes,
            withheld=self._progress.withheld,
            author=author.name,
            plan=statement,
            plan_key=author.key.public_key.hex() if author.key else "",
            plan_signature=signature,
        )


def _few(going: Sequence[tuple[Document, Judgement]]) -> Iterator[list[tuple[Document, Judgement]]]:
    """Originals together that have no more members than a page, as far as their numbers tell; a large container alone."""
    few: list[tuple[Document, Judgement]] = []
    for one in going:
        if few and sum(document.members for document, _ in (*few, one)) > PAGE:
            yield few
            few = []
        few.append(one)
    if few:
        yield few


def _withheld(document: Document, why: Withheld, sentence: str) -> WithheldDocument:
    return WithheldDocument(document.id, why.value, sentence, document.retention_class, document.size)


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
