"""The certificate of a purge: what was planned, approved and done, with the proofs, signed by the archive."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from archiver.domain.ledger import Tree
from archiver.errors import IntegrityError
from archiver.ports.catalog import Catalog
from archiver.ports.keys import Keys
from archiver.ports.ledger import LedgerRows
from archiver.ports.objects import ObjectStore
from archiver.ports.retention_rows import GivenApproval, Purge, PurgeItem
from archiver.ports.timestamps import TimeStamps
from archiver.services.ledger_openings import Openings
from archiver.services.pages import pages
from archiver.services.prove_ledger import KeptTree
from archiver.services.purge.addresses import address_of
from retention.certificate import (
    DESTRUCTION,
    FORMAT,
    Body,
    Check,
    Execution,
    Failure,
    Item,
    Outcome,
    SignedApproval,
    SignedPlan,
    SignedText,
    Stamp,
)
from retention.certificate_file import write_certificate
from retention.disposed_entry import DISPOSED
from retention.multiproof import multiproof
from retention.plan import ItemState
from retention.signed_head import SignedHead, Statement
from retention.statements import Approval, PlanStatement
from retention.timestamp import timestamp

PAGE = 500


@dataclass(frozen=True, slots=True)
class Findings:
    """What was looked at after the destruction, and where copies may be that it did not reach."""

    checks: Sequence[Check] = ()
    not_covered: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CertifyPurge:
    """Writes certificates. The ledger is to be sealed just before.

    Args:
        program: name and version of this program.
        stamps: an outside authority that says when the certificate was there; None where none is set.
    """

    catalog: Catalog
    objects: ObjectStore
    rows: LedgerRows
    keys: Keys
    program: str
    stamps: TimeStamps | None = None

    @property
    def public_key(self) -> bytes:
        """The archive's own, raw."""
        return self.keys.public_key(self.keys.signing_key_id())

    def write(self, out: BinaryIO, purge: Purge, ended: datetime, now: datetime, findings: Findings) -> None:
        """The signed certificate of `purge`, as a file.

        Args:
            ended: when the last of it was destroyed and looked at; before the ledger's newest head.

        Raises:
            IntegrityError: catalogue and ledger do not agree on what was done.
            StatementError: something in it may not be certified.
        """
        after = self.rows.newest_head(Tree.CUSTODY)
        if after is None:
            raise IntegrityError("the ledger has no signed head", remedy="run it where the signing key is")
        body = self._body(purge, ended, after, findings)
        write_certificate(
            out,
            body,
            self._items(purge),
            time=now,
            public_key=self.public_key,
            sign=self.keys.sign,
            stamps=[_head_stamp(given) for given in purge.approvals if given.head_stamp],
            stamp=self._stamp if self.stamps else None,
        )

    def _stamp(self, message: bytes) -> Stamp:
        assert self.stamps is not None
        return Stamp("certificate", b64encode(self.stamps.stamp(message)).decode("ascii"))

    def _body(self, purge: Purge, ended: datetime, after: SignedHead, findings: Findings) -> Body:
        plan, tree = PlanStatement.parse(purge.plan), KeptTree(self.rows, Tree.CUSTODY)
        positions = sorted(self._positions(purge.id))
        return Body(
            format=FORMAT,
            kind=DESTRUCTION,
            archive=plan.archive,
            purge=purge.id,
            plan=SignedPlan(purge.plan, purge.plan_key or None, purge.plan_signature or None),
            approvals=tuple(self._approval(given, after, tree) for given in purge.approvals),
            execution=self._execution(purge, ended),
            after=SignedText(after.statement.text(), after.signature.hex()),
            proof=tuple(each.hex() for each in multiproof(positions, after.size, tree.range_root)),
            keys=self._signing_keys(purge, after),
            checks=tuple(findings.checks),
            not_covered=tuple(findings.not_covered),
        )

    def _approval(self, given: GivenApproval, after: SignedHead, tree: KeptTree) -> SignedApproval:
        consistency = tree.consistency(Approval.parse(given.statement).head_size, after.size)
        return SignedApproval(
            statement=given.statement,
            key=given.key or None,
            signature=given.signature or None,
            enrolled_at=given.enrolled_at or None,
            head=SignedText(given.head, given.head_signature),
            consistency=tuple(each.hex() for each in consistency),
        )

    def _execution(self, purge: Purge, ended: datetime) -> Execution:
        counts, size = dict.fromkeys(Outcome, 0), 0
        for one in self.catalog.items(purge.id):
            outcome, _ = _came_to(one)
            counts[outcome] += 1
            size += one.item.size if outcome is Outcome.EXECUTED and one.item.root_id is None else 0
        started = purge.started_at or ended
        numbers = (counts[Outcome.EXECUTED], counts[Outcome.WITHHELD], counts[Outcome.FAILED])
        return Execution(timestamp(started), timestamp(ended), *numbers, size, self.program)

    def _signing_keys(self, purge: Purge, after: SignedHead) -> tuple[str, ...]:
        heads = [Statement.parse(given.head).key_id for given in purge.approvals]
        ids = dict.fromkeys((self.keys.signing_key_id(), after.statement.key_id, *heads))
        return tuple(self.keys.public_key(key).hex() for key in ids)

    # -- items --------------------------------------------------------------------------------------------------
    def _executed(self, purge_id: str) -> Iterator[list[PurgeItem]]:
        return pages(self.catalog.items(purge_id, states=(ItemState.EXECUTED,)), PAGE)

    def _positions(self, purge_id: str) -> Iterator[int]:
        for page in self._executed(purge_id):
            yield from self._entries(page).values()

    def _entries(self, page: Sequence[PurgeItem]) -> dict[str, int]:
        ids = [one.item.document_id for one in page if one.state is ItemState.EXECUTED]
        found = self.rows.positions(Tree.CUSTODY, DISPOSED, ids)
        if len(found) != len(ids):
            raise IntegrityError(
                f"the ledger lacks the entry of {len(ids) - len(found)} destroyed documents", remedy="run `minutier verify`"
            )
        return found

    def _items(self, purge: Purge) -> Iterator[Item]:
        openings = Openings(self.objects, Tree.CUSTODY)
        for page in pages(self.catalog.items(purge.id), PAGE):
            entries, shared = self._entries(page), self._still_shared(page)
            for one in page:
                yield self._item(
                    purge.id, one, entries.get(one.item.document_id), openings, shared=one.item.document_id in shared
                )

    def _still_shared(self, page: Sequence[PurgeItem]) -> set[str]:
        """Whose bytes, or what was read from them, are still there: a later item of the same plan may have been the last to use
        them."""
        shared = [one for one in page if one.shared]
        there = self.catalog.contents(list(dict.fromkeys(address_of(one) for one in shared)))
        documents = self.catalog.documents([one.item.document_id for one in shared])
        used = {key.rsplit("/", 1)[1].partition("-")[0] for key in self.catalog.texts_in_use(list(documents.values()))}
        return {one.item.document_id for one in shared if address_of(one) in there or one.item.sha256 in used}

    def _item(self, purge_id: str, one: PurgeItem, entry: int | None, openings: Openings, *, shared: bool) -> Item:
        outcome, why = _came_to(one)
        return Item(
            position=one.item.position,
            id=one.item.document_id,
            retention_class=one.item.retention_class,
            until=one.item.until.isoformat(),
            reason=one.item.reason,
            outcome=outcome,
            why=why,
            commitment=one.item.commitment(purge_id).hex(),
            shared=shared,
            entry=entry,
            at=timestamp(one.at) if one.at and entry is not None else None,
            salt=openings.of(entry).salt.hex() if entry is not None else None,
        )


def _came_to(one: PurgeItem) -> tuple[Outcome, str]:
    """What became of an item; one that was never come to counts as failed."""
    if one.state is ItemState.EXECUTED:
        return Outcome.EXECUTED, ""
    if one.state is ItemState.WITHHELD:
        return Outcome.WITHHELD, one.why
    return Outcome.FAILED, one.why or Failure.STOPPED.value


def _head_stamp(given: GivenApproval) -> Stamp:
    return Stamp(f"head {Approval.parse(given.statement).head_size}", given.head_stamp)
