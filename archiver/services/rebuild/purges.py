"""Purges, out of their files: plans with their items before the ledger is read, what became of them after."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import zstandard

from archiver.domain.ledger import LedgerEvent
from archiver.domain.purging import APPROVED, DONE, PLANNED, STARTED, approval_key, certificate_key, plan_key, statement_key
from archiver.domain.record import original_key
from archiver.domain.tombstone import tombstone_of
from archiver.errors import IntegrityError
from archiver.ports.catalog import Catalog, Content
from archiver.ports.objects import Bucket, ObjectInfo, ObjectRef, ObjectStore
from archiver.ports.rebuilding import RebuiltRows
from archiver.ports.retention_rows import GivenApproval, Purge, PurgeItem, PurgeState, Ref
from archiver.services.pages import pages
from archiver.services.rebuild.ledger import Told
from archiver.services.register import Register
from retention.certificate import Item, Outcome
from retention.certificate_file import CertificateFile
from retention.plan import ItemState, PlanItem, plan_root
from retention.statements import Approval, PlanStatement

PAGE = 1_000
FOLDER = "purges/"


@dataclass(slots=True)
class Purges:
    """Purges of one archive. Nothing is held in memory of their items."""

    catalog: Catalog
    rows: RebuiltRows
    objects: ObjectStore
    register: Register
    told: Told
    _purges: dict[str, Purge] = field(default_factory=dict)

    # -- before the ledger --------------------------------------------------------------------------------------
    def plans(self) -> None:
        """Every plan in the store with its items, as planned. One the ledger does not know was never finished."""
        for info in self.objects.list(Bucket.LOCKED, FOLDER):
            purge_id = info.ref.key.split("/")[1]
            if info.ref.key == statement_key(purge_id) and purge_id not in self._purges:
                self._purges[purge_id] = self._planned(purge_id, json.loads(self._read(info)))
                for page in pages(self._items(purge_id), PAGE):
                    self.catalog.add_items(purge_id, page)

    def _planned(self, purge_id: str, said: Mapping[str, Any]) -> Purge:
        plan = PlanStatement.parse(said["statement"])
        return Purge(
            id=purge_id,
            state=PurgeState.PLANNED,
            made_at=plan.made,
            criteria=said["criteria"],
            documents=plan.documents,
            bytes=plan.size,
            withheld=said["withheld"],
            author=self.register.name(plan.author) or plan.author,
            plan=said["statement"],
            plan_key=said["key"],
            plan_signature=said["signature"],
        )

    def _items(self, purge_id: str) -> Iterator[PlanItem]:
        found = self.objects.versions(Bucket.DELETABLE, plan_key(purge_id))
        if not found:
            self.told(f"purge {purge_id}", "the items of its plan are gone from the store")
            return
        with self.objects.open(found[0].ref) as packed, zstandard.ZstdDecompressor().stream_reader(packed) as plain:
            for position, line in enumerate(io.TextIOWrapper(plain, "ascii")):
                yield _item(position, json.loads(line))

    # -- as the ledger tells ------------------------------------------------------------------------------------
    def apply(self, event: LedgerEvent) -> None:
        """What the ledger says of a purge."""
        purge_id = str(event.details["purge"])
        purge = self._purges.get(purge_id)
        if purge is None:
            self.told(f"purge {purge_id}", f"the ledger tells of it ({event.kind}), its plan is gone from the store")
        elif event.kind == PLANNED:
            self._require_root(purge)
            self.catalog.set_purge(purge, [])
        elif event.kind == APPROVED:
            given = (*purge.approvals, self._approval(purge_id, len(purge.approvals) + 1))
            state = PurgeState.APPROVED if purge.state is PurgeState.PLANNED else purge.state
            self._set(replace(purge, state=state, approvals=given))
        elif event.kind == STARTED:
            self._set(replace(purge, state=PurgeState.RUNNING, started_at=event.at))
        elif event.kind == DONE:
            self._set(replace(purge, state=PurgeState.DONE, ended_at=event.at))

    def _set(self, purge: Purge) -> None:
        self._purges[purge.id] = purge
        self.catalog.set_purge(purge, [])

    def _require_root(self, purge: Purge) -> None:
        root = plan_root(one.item.commitment(purge.id) for one in self.catalog.items(purge.id))
        if root != PlanStatement.parse(purge.plan).root:
            self.told(f"purge {purge.id}", "the items of its plan are not those that were planned")

    def _approval(self, purge_id: str, number: int) -> GivenApproval:
        found = self.objects.versions(Bucket.LOCKED, approval_key(purge_id, number))
        if not found:
            raise IntegrityError(f"{approval_key(purge_id, number)} is gone from the store", remedy="restore it from a copy")
        said = json.loads(self._read(found[0]))
        who = Approval.parse(said["statement"]).approver
        visa: Mapping[str, str] = {}
        for words in self.objects.versions(Bucket.DELETABLE, f"{FOLDER}{purge_id}/visa-{number}.json")[:1]:
            visa = json.loads(self._read(words))["visa"]
        return GivenApproval(approver=self.register.name(who) or who, visa=visa, **said)

    # -- after it -----------------------------------------------------------------------------------------------
    def begun(self) -> None:
        """Where a run was cut off: what it had begun."""
        for purge in list(self._purges.values()):
            if purge.state is PurgeState.RUNNING:
                self._begun(purge)

    def ended(self) -> None:
        """What became of items, as the certificate says."""
        for purge in list(self._purges.values()):
            certificate = self.objects.versions(Bucket.LOCKED, certificate_key(purge.id))
            if purge.state is PurgeState.DONE and certificate:
                self._by_certificate(purge, certificate[0])

    def _by_certificate(self, purge: Purge, info: ObjectInfo) -> None:
        with self.objects.open(info.ref) as stream:
            file = CertificateFile(stream)
            for page in pages(zip(self.catalog.items(purge.id), file.items(), strict=False), PAGE):
                self.rows.settled(purge.id, [_settled(planned, became) for planned, became in page])
            ended = datetime.fromisoformat(file.body.execution.ended)
        self._set(replace(purge, ended_at=ended))

    def _begun(self, purge: Purge) -> None:
        """Items whose record was removed and whose entry was never made: their destruction has begun, and is to be finished."""
        for page in pages(self.catalog.items(purge.id, states=(ItemState.PLANNED,)), PAGE):
            found = self.catalog.documents([one.item.document_id for one in page])
            gone = [one for one in page if one.item.document_id in found and not found[one.item.document_id].record_sha256]
            if not gone:
                continue
            tombstones = [tombstone_of(found[one.item.document_id], purge.id) for one in gone]
            self.rows.forget([one.id for one in tombstones])
            self.catalog.commit_archived(tombstones, [])
            going = [replace(one, state=ItemState.GOING, refs=self._left(one)) for one in gone]
            self.rows.settled(purge.id, going)
            self.rows.leaving(purge.id, [ref for one in going for ref in one.refs if ref[0] == Bucket.LOCKED])

    def _left(self, one: PurgeItem) -> list[Ref]:
        """What of an item still lies in the store and is nobody else's."""
        item = one.item
        address = (item.collection, item.retention_class, item.sha256)
        key, found = original_key(*address), list[ObjectInfo]()
        anywhere = Content(*address, item.size, ObjectRef(Bucket.LOCKED, key, ""))
        if item.root_id is None and not self.catalog.referrers(anywhere):
            found += self.objects.versions(Bucket.LOCKED, key)
        used = self.catalog.texts_in_use([replace(self.catalog.document(item.document_id), text_key="any")])
        if item.sha256:
            texts = self.objects.list(Bucket.DELETABLE, f"texts/{item.collection}/{item.sha256[:2]}/{item.sha256}-")
            found += [info for info in texts if info.ref.key not in used]
        return [(info.ref.bucket.value, info.ref.key, info.ref.version) for info in found]

    def _read(self, info: ObjectInfo) -> bytes:
        with self.objects.open(info.ref) as stream:
            return stream.read()


def _item(position: int, line: Mapping[str, Any]) -> PlanItem:
    said = json.loads(line["payload"])
    return PlanItem(
        position=position,
        document_id=said["id"],
        root_id=said["root"],
        collection=line["collection"],
        retention_class=said["class"],
        sha256=said["digest"].removeprefix("sha256:"),
        size=said["size"],
        until=date.fromisoformat(said["until"]),
        reason=said["reason"],
        salt=bytes.fromhex(line["salt"]),
    )


_STATES = {Outcome.EXECUTED: ItemState.EXECUTED, Outcome.WITHHELD: ItemState.WITHHELD, Outcome.FAILED: ItemState.FAILED}


def _settled(planned: PurgeItem, became: Item) -> PurgeItem:
    at = datetime.fromisoformat(became.at) if became.at else None
    return replace(planned, state=_STATES[became.outcome], why=became.why, shared=became.shared, at=at)


__all__ = ["APPROVED", "DONE", "PLANNED", "STARTED", "Purges"]
