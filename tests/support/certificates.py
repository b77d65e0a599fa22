"""Certificates made in memory, with every part in a test's hands before it is signed."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from msgspec.structs import replace as changed

from archiver.domain.ledger import LedgerEvent, canonical, entry_hash
from retention.certificate import (
    DESTRUCTION,
    FORMAT,
    Body,
    Check,
    Execution,
    Item,
    Outcome,
    SignedApproval,
    SignedPlan,
    SignedText,
    Stamp,
)
from retention.certificate_file import write_certificate
from retention.merkle import consistency_path, leaf_hash, root_of
from retention.multiproof import multiproof
from retention.plan import PlanItem, plan_root
from retention.signature import key_id
from retention.signed_head import Statement
from retention.statements import Approval, PlanStatement
from retention.timestamp import timestamp
from tests.support.memory_keys import MemoryKeys

ARCHIVE, PURGE = "3f0c6a3e-1f0a-4c7e-9a52-8d3f6c0b7a11", "2037-01-05-1"
START = datetime(2037, 1, 5, 9, tzinfo=UTC)
CHECKS = (
    Check(
        "originals",
        "each version asked for by its id; a living document asked for beside them",
        "none is there, the living one is",
    ),
    Check("index", "every generation asked for each document", "none answers"),
)
NOT_COVERED = ("backups made before the purge",)


def at(minutes: float) -> datetime:
    """A moment of the purge."""
    return START + timedelta(minutes=minutes)


class Person:
    """Somebody with a personal key."""

    def __init__(self, name: str) -> None:
        self._keys = MemoryKeys(name)
        self.id = self._keys.signing_key_id()
        self.public = self._keys.public_key(self.id).hex()
        self.pseudonym = hashlib.sha256(name.encode()).hexdigest()[:16]

    def sign(self, text: str) -> str:
        return self._keys.sign(text.encode("ascii")).hex()


ANNA, BRUNO = Person("anna"), Person("bruno")


@dataclass
class Case:
    """A purge that took place. Change a part, then ask for `data()`.

    Attributes:
        outcomes: one for each document.
        before: leaves of the custody tree before the approval; between: others that came among the purge's.
    """

    outcomes: Sequence[Outcome] = (Outcome.EXECUTED, Outcome.WITHHELD, Outcome.EXECUTED, Outcome.FAILED, Outcome.EXECUTED)
    before: int = 11
    keys: MemoryKeys = field(default_factory=lambda: MemoryKeys("archive"))
    author: Person = ANNA
    approver: Person | None = BRUNO
    seed: int = 1
    change_plan: Callable[[PlanStatement], PlanStatement] = lambda plan: plan
    change_approval: Callable[[Approval], Approval] = lambda approval: approval
    change_item: Callable[[Item], Item] = lambda item: item
    change_items: Callable[[list[Item]], list[Item]] = lambda items: items
    change_tree: Callable[[list[bytes]], list[bytes]] = lambda leaves: leaves
    change_body: Callable[[Body], Body] = lambda body: body
    stamps: Sequence[Stamp] = ()
    time: datetime = START + timedelta(minutes=40)
    head_time: datetime = START + timedelta(minutes=30)

    def __post_init__(self) -> None:
        self._entropy = random.Random(self.seed)
        self.plan_items = [self._plan_item(position) for position in range(len(self.outcomes))]
        self.history = [leaf_hash(b"before %d" % n) for n in range(self.before)]

    def _plan_item(self, position: int) -> PlanItem:
        number, salt = self._entropy.randbytes(16).hex(), self._entropy.randbytes(32)
        identifier = f"{number[:8]}-{number[8:12]}-8{number[13:16]}-8{number[17:20]}-{number[20:]}"
        name = ("FR-ACCOUNTING", "FR-CV")[position % 2]
        reason = f"due since 2037-01-01: {name}, 10 years from fiscal year end 2026-12-31 (policy v3)"
        return PlanItem(position, identifier, None, "invoices", name, "5" * 64, 1000 + position, date(2036, 12, 31), reason, salt)

    def items(self) -> list[Item]:
        """The certificate's items; `history` grows by the entries of those executed, in reverse order, others among them."""
        found: dict[int, Item] = {}
        for planned in reversed(self.plan_items):
            outcome, commitment = self.outcomes[planned.position], planned.commitment(PURGE).hex()
            why = {Outcome.EXECUTED: "", Outcome.WITHHELD: "kept", Outcome.FAILED: "something remains"}[outcome]
            item = Item(
                planned.position,
                planned.document_id,
                planned.retention_class,
                str(planned.until),
                planned.reason,
                outcome,
                why,
                commitment,
            )
            if outcome is Outcome.EXECUTED:
                moment, salt = at(20 + 1 / (2 + planned.position)), self._entropy.randbytes(32)
                event = LedgerEvent("disposed", planned.document_id, moment, {"purge": PURGE, "item": commitment})
                item = changed(item, entry=len(self.history), at=timestamp(moment), salt=salt.hex())
                self.history.append(entry_hash(salt, canonical(event)))
                if planned.position % 3 == 0:
                    self.history.append(leaf_hash(b"between %d" % planned.position))
            found[planned.position] = item
        return [found[position] for position in sorted(found)]

    def head(self, leaves: Sequence[bytes], time: datetime, keys: MemoryKeys | None = None) -> SignedText:
        """A head over these leaves."""
        signing = keys or self.keys
        text = Statement("custody", len(leaves), root_of(leaves), time, signing.signing_key_id()).text()
        return SignedText(text, signing.sign(text.encode()).hex())

    def plan(self) -> PlanStatement:
        """The plan's statement."""
        root = plan_root(item.commitment(PURGE) for item in self.plan_items)
        size = sum(item.size for item in self.plan_items)
        return PlanStatement(ARCHIVE, PURGE, root, len(self.plan_items), size, 3, b"\x09" * 32, at(0), self.author.pseudonym)

    def approval(self, before: Sequence[bytes]) -> Approval:
        """The approval's statement."""
        plan, approver = self.plan(), self.approver or BRUNO
        return Approval(
            ARCHIVE, PURGE, plan.root, plan.documents, len(before), root_of(before), at(10), at(25), (), None,
            approver.pseudonym, self.approver.id if self.approver else None,
        )  # fmt: skip

    def signed_approval(self, before: Sequence[bytes], tree: Sequence[bytes]) -> SignedApproval:
        """The approval with the head it was given after."""
        text, by = self.change_approval(self.approval(before)).text(), self.approver
        path = consistency_path(len(before), len(tree), lambda first, end: root_of(tree[first:end]))
        signed = (by.public, by.sign(text), timestamp(at(-100))) if by else (None, None, None)
        return SignedApproval(text, *signed, self.head(before, at(5)), tuple(step.hex() for step in path))

    def parts(self) -> tuple[Body, list[Item]]:
        """Body and items."""
        before = list(self.history)
        items = [self.change_item(item) for item in self.items()]
        tree = self.change_tree(list(self.history))
        positions = sorted(item.entry for item in items if item.entry is not None)
        proof = multiproof(positions, len(tree), lambda first, end: root_of(tree[first:end]))
        plan_text = self.change_plan(self.plan()).text()
        counts = [list(self.outcomes).count(outcome) for outcome in Outcome]
        body = Body(
            FORMAT,
            DESTRUCTION,
            ARCHIVE,
            PURGE,
            SignedPlan(plan_text, self.author.public, self.author.sign(plan_text)),
            (self.signed_approval(before, tree),),
            Execution(timestamp(at(19)), timestamp(at(22)), *counts, bytes=1000 * counts[0], program="minutier 0.1.0"),
            self.head(tree, self.head_time),
            tuple(step.hex() for step in proof),
            (self.keys.public_key(self.keys.signing_key_id()).hex(),),
            CHECKS,
            NOT_COVERED,
        )
        return self.change_body(body), self.change_items(items)

    @property
    def public_key(self) -> bytes:
        """The archive's."""
        return self.keys.public_key(self.keys.signing_key_id())

    def data(self, *, careless: bool = False, **options: Any) -> bytes:
        """The file. `careless`: signed whatever is in it, as by somebody with the key and other aims."""
        body, items = self.parts()
        out = io.BytesIO()
        write = _write_carelessly if careless else write_certificate
        write(out, body, items, time=self.time, public_key=self.public_key, sign=self.keys.sign, stamps=self.stamps, **options)
        return out.getvalue()


def _write_carelessly(out: io.BytesIO, body: Body, items: list[Item], **options: Any) -> None:
    from unittest.mock import patch

    from retention.certificate_file import Drafting, _encode

    with (
        patch.object(Drafting, "line", lambda self, item: _encode(item)),
        patch.object(Drafting, "require", lambda self, body: None),
    ):
        write_certificate(out, body, items, **options)


__all__ = ["ANNA", "ARCHIVE", "BRUNO", "PURGE", "START", "Case", "Person", "at", "changed", "key_id", "replace"]
