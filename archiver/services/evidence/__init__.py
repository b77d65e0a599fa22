"""Evidence of a document, and the attestation of its deposit: everything is looked at now, and told whatever was found."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import urandom
from typing import Any

from archiver.domain.document import Document, State
from archiver.domain.reference import own_reference
from archiver.errors import NotFoundError, UnreachableError
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.extraction import MemberReader
from archiver.ports.keys import Keys
from archiver.ports.ledger import LedgerRows
from archiver.ports.timestamps import TimeStamps
from archiver.services.circumstances import original_of
from archiver.services.destroyed import destroyed, require_there
from archiver.services.evidence.ledger import LedgerOf, Told
from archiver.services.evidence.rereading import Rereading
from archiver.services.evidence.store_lock import DescribedStore, LockOf
from retention.certificate import Stamp
from retention.evidence import (
    DEPOSIT,
    EVIDENCE,
    FORMAT,
    SALT_BYTES,
    Condition,
    Deposit,
    Destroyed,
    Evidence,
    NotChecked,
    Sealed,
    Standing,
    seal_digest,
    seal_reference,
)
from retention.evidence_annex import EvidenceAnnex
from retention.evidence_file import write_evidence
from retention.policy import Policy
from retention.timestamp import timestamp

__all__ = ["EvidenceOf"]

_CONDITIONS = {State.RECEIVED: Condition.RECEIVED, State.DISPOSED: Condition.DESTROYED}


@dataclass(frozen=True, slots=True)
class EvidenceOf:
    """Issues both kinds. Safe to repeat; changes nothing, but for what `seal` does.

    Args:
        policy: the one in force.
        archive, program: what evidence calls this archive; name and version of this program.
        seal: enters and seals what waits for the ledger, where that can be done; what could not be is told as not sealed yet.
        stamps: an outside authority that says when the evidence was there; None where none is set. One that does not answer is
            done without, and the check says so.
        entropy: n -> n unpredictable bytes, for salts.
    """

    catalog: Catalog
    objects: DescribedStore
    members: MemberReader
    rows: LedgerRows
    keys: Keys
    clock: Clock
    policy: Callable[[], Policy]
    archive: str
    program: str
    seal: Callable[[], object] = lambda: None
    stamps: TimeStamps | None = None
    entropy: Callable[[int], bytes] = urandom

    def issue(self, document: Document, *, may_see_holds: bool, passwords: Sequence[str] = ()) -> bytes:
        """Evidence as it is now, signed; also of a document that is damaged, gone, destroyed or not committed yet.

        The original is read once, to its end, and nothing of it kept.

        Args:
            may_see_holds: otherwise nothing in it tells of one.
            passwords: for a member of an encrypted container.

        Raises:
            NotPermittedError: the signing key is not on this host. UnreachableError: the catalogue does not answer.
        """
        self.seal()
        ledger = self._ledger()
        told = ledger.told(document)
        gone, original = destroyed(self.catalog, document), self.catalog.document(original_of(document))
        there = gone is None
        readings = Rereading(self.catalog, self.objects, self.members, self.clock).of(document, passwords) if there else ()
        locks = LockOf(self.catalog, self.objects, self.policy)
        lock = locks.reported(original, self.clock.now(), may_see_holds=may_see_holds) if there else None
        body = Evidence(
            **self._common(EVIDENCE, document, told),
            not_checked=_not_checked(told, may_see_holds=may_see_holds),
            retention_class=document.retention_class,
            until=document.retain_until.isoformat() if document.retain_until else None,
            lock=lock,
            readings=readings,
            verified=ledger.verified(original) if there else None,
            later=ledger.later(document, told, may_see_holds=may_see_holds),
            destroyed=Destroyed(gone.purge_id, gone.on.isoformat() if gone.on else None) if gone else None,
        )
        return self._signed(body)

    def attest(self, document: Document) -> bytes:
        """That the document was deposited, signed. Its bytes are not read again.

        Raises:
            NotFoundError: it is not committed yet, or its entry not sealed. DestroyedError: it was destroyed.
            NotPermittedError: the signing key is not on this host.
        """
        require_there(self.catalog, document)
        if document.state is State.RECEIVED:
            raise NotFoundError(
                f"document {document.id} is not committed yet: it was received, and is still to be read",
                remedy="ask again when it is archived; `minutier show` says when",
            )
        self.seal()
        told = self._ledger().told(document)
        if told.standing is Standing.UNSEALED:
            raise NotFoundError(
                f"document {document.id} is committed, and the ledger's entry of it is not sealed yet",
                remedy="ask again in a moment; where nothing seals by itself: `minutier timetable --only ledger`",
            )
        common = self._common(DEPOSIT, document, told)
        not_checked = (NotChecked.BYTES, *_unopened(told))
        return self._signed(Deposit(**common, not_checked=not_checked, reference=self._reference(document)))

    def annex(self, document: Document) -> EvidenceAnnex:
        """What opens the ledger's entry that evidence of this document rests on: for a judge.

        Raises:
            NotFoundError: it is not sealed yet, or was erased.
        """
        return self._ledger().annex(self.archive, document)

    def _ledger(self) -> LedgerOf:
        return LedgerOf(self.rows, self.objects, self.keys)

    def _common(self, kind: str, document: Document, told: Told) -> dict[str, Any]:
        """What both kinds say. Whoever still holds a copy of a destroyed document is not shown that it was here."""
        state = _CONDITIONS.get(document.state, Condition.COMMITTED)
        sealed = document.sha256 and state is not Condition.DESTROYED
        return {
            "format": FORMAT,
            "kind": kind,
            "archive": self.archive,
            "document": document.id,
            "program": self.program,
            "state": state,
            "received_at": timestamp(document.received_at),
            "archived_at": timestamp(document.archived_at) if document.archived_at else None,
            "digest": seal_digest(self.entropy(SALT_BYTES), bytes.fromhex(document.sha256)) if sealed else None,
            "ledger": told.standing,
            "entry": told.entry,
            "keys": self._signing_keys(told),
        }

    def _reference(self, document: Document) -> Sealed | None:
        if not document.sha256:
            return None
        return seal_reference(self.entropy(SALT_BYTES), bytes.fromhex(document.sha256), own_reference(document.source))

    def _signing_keys(self, told: Told) -> tuple[str, ...]:
        ids = dict.fromkeys(filter(None, (self.keys.signing_key_id(), told.key_id)))
        return tuple(self.keys.public_key(key).hex() for key in ids)

    def _signed(self, body: Evidence | Deposit) -> bytes:
        return write_evidence(
            body,
            time=self.clock.now(),
            public_key=self.keys.public_key(self.keys.signing_key_id()),
            sign=self.keys.sign,
            stamp=self._stamp,
        )

    def _stamp(self, message: bytes) -> Stamp | None:
        try:
            token = self.stamps.stamp(message) if self.stamps else None
        except UnreachableError:
            return None
        return Stamp("certificate", b64encode(token).decode("ascii")) if token else None


def _not_checked(told: Told, *, may_see_holds: bool) -> tuple[NotChecked, ...]:
    holds = () if may_see_holds else (NotChecked.HOLDS,)
    return (*_unopened(told), *holds, NotChecked.LATER, NotChecked.COPIES)


def _unopened(told: Told) -> tuple[NotChecked, ...]:
    return () if told.opened else (NotChecked.OPENING,)
