"""Evidence made in memory, with every part in a test's hands before it is signed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace as changed

from archiver.domain.ledger import LedgerEvent, canonical, entry_hash
from retention.certificate import SignedText, Stamp
from retention.evidence import (
    DEPOSIT,
    EVIDENCE,
    FORMAT,
    Condition,
    Deposit,
    Enforcer,
    Entry,
    Evidence,
    Found,
    Later,
    LockMode,
    NotChecked,
    Reading,
    Standing,
    StoreLock,
    Verified,
    What,
    seal_digest,
    seal_reference,
)
from retention.evidence_annex import FORMAT as ANNEX_FORMAT
from retention.evidence_annex import EvidenceAnnex
from retention.evidence_file import write_evidence
from retention.merkle import inclusion_path, leaf_hash, root_of
from retention.signed_head import Statement
from retention.timestamp import timestamp
from tests.support.memory_keys import MemoryKeys

ARCHIVE, DOCUMENT = "3f0c6a3e-1f0a-4c7e-9a52-8d3f6c0b7a11", "f6e5cc0c-d391-8239-8bb0-614b26759704"
BYTES, REFERENCE = b"the minute itself", "/srv/dossiers/bail Bruy\u00e8res.pdf"
DIGEST = hashlib.sha256(BYTES).digest()
START = datetime(2037, 1, 5, 9, tzinfo=UTC)
SALT = bytes(range(32))


def at(minutes: float) -> str:
    """A moment of the day, as it is written."""
    return timestamp(START + timedelta(minutes=minutes))


LOCK = StoreLock(LockMode.COMPLIANCE, at(9000), False, LockMode.COMPLIANCE, at(9000), False, Enforcer.STORE)
SOUND = Reading(What.DOCUMENT, Found.SOUND, at(20))


@dataclass
class EvidenceCase:
    """A document that was archived, in a ledger of `size` leaves, at `position`."""

    kind: str = EVIDENCE
    position: int = 5
    size: int = 11
    keys: MemoryKeys = field(default_factory=lambda: MemoryKeys("archive"))
    change: Callable[[Any], Any] = lambda body: body
    change_entry: Callable[[Entry], Entry] = lambda entry: entry
    stamp: Callable[[bytes], Stamp | None] = lambda _: None
    time: datetime = START + timedelta(minutes=40)

    @property
    def payload(self) -> str:
        """What was entered."""
        details = {"sha256": DIGEST.hex(), "size": len(BYTES), "outcome": "complete"}
        return canonical(LedgerEvent("archived", DOCUMENT, START, details))

    @property
    def leaves(self) -> list[bytes]:
        """The tree."""
        found = [leaf_hash(b"other %d" % number) for number in range(self.size)]
        found[self.position] = entry_hash(SALT, self.payload)
        return found

    def entry(self, position: int | None = None, keys: MemoryKeys | None = None) -> Entry:
        """The document's entry, or another one of the same tree, with its proof."""
        place, leaves, signing = self.position if position is None else position, self.leaves, keys or self.keys
        text = Statement("custody", len(leaves), root_of(leaves), START + timedelta(minutes=10), signing.signing_key_id()).text()
        path = inclusion_path(place, len(leaves), lambda first, end: root_of(leaves[first:end]))
        head = SignedText(text, signing.sign(text.encode()).hex())
        return Entry(place, leaves[place].hex(), tuple(step.hex() for step in path), head)

    @property
    def public_key(self) -> bytes:
        """The archive's."""
        return self.keys.public_key(self.keys.signing_key_id())

    def body(self) -> Evidence | Deposit:
        """What is signed."""
        common: dict[str, Any] = {
            "format": FORMAT,
            "kind": self.kind,
            "archive": ARCHIVE,
            "document": DOCUMENT,
            "program": "minutier 0.1.0",
            "state": Condition.COMMITTED,
            "received_at": at(-2),
            "archived_at": at(0),
            "digest": seal_digest(SALT, DIGEST),
            "ledger": Standing.SEALED,
            "entry": self.change_entry(self.entry()),
            "keys": (self.public_key.hex(),),
            "not_checked": (NotChecked.COPIES,),
        }
        if self.kind == DEPOSIT:
            return self.change(Deposit(**common, reference=seal_reference(SALT, DIGEST, REFERENCE)))
        return self.change(
            Evidence(
                **common,
                retention_class="FR-ACCOUNTING",
                until="2046-12-31",
                lock=LOCK,
                readings=(SOUND,),
                verified=Verified(8, at(5), True),
                later=(Later(7, "event"),),
                destroyed=None,
            )
        )

    def data(self) -> bytes:
        """The file."""
        return write_evidence(self.body(), time=self.time, public_key=self.public_key, sign=self.keys.sign, stamp=self.stamp)

    def annex(self, **other: Any) -> EvidenceAnnex:
        """What opens the entry."""
        fields = {"format": ANNEX_FORMAT, "archive": ARCHIVE, "document": DOCUMENT, "position": self.position}
        return EvidenceAnnex(**(fields | {"salt": SALT.hex(), "payload": self.payload} | other))


__all__ = ["ARCHIVE", "BYTES", "DIGEST", "DOCUMENT", "REFERENCE", "START", "EvidenceCase", "at", "changed"]
