"""What the ledger tells of one document: its entry with its proof, what came later, when it was last verified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from archiver.domain.document import Document
from archiver.domain.holding import HELD, RELEASED
from archiver.domain.ledger import ARCHIVED, LedgerEvent, Tree, entry_hash, parse_payload
from archiver.domain.ledger_files import Opening
from archiver.errors import IntegrityError, NotFoundError, UnreachableError
from archiver.ports.keys import Keys
from archiver.ports.ledger import LedgerRows
from archiver.ports.objects import ObjectStore
from archiver.services.commit import READ_AGAIN
from archiver.services.ledger_openings import Openings
from archiver.services.prove_ledger import prove_entry, signed_here
from archiver.services.timetable.fixity import FIXITY
from retention.certificate import SignedText
from retention.evidence import Entry, Later, Standing, Verified
from retention.evidence_annex import FORMAT, EvidenceAnnex
from retention.signed_head import InclusionProof
from retention.timestamp import timestamp

_OF_HOLDS = (HELD, RELEASED)


@dataclass(frozen=True, slots=True)
class Told:
    """What the ledger tells.

    Attributes:
        key_id: of the key that signed the head; "" without one.
        opened: what the entry holds was compared with the catalogue.
    """

    standing: Standing
    entry: Entry | None = None
    key_id: str = ""
    opened: bool = False


class LedgerOf:
    """The custody ledger, sealed before; asked about one document. Changes nothing."""

    def __init__(self, rows: LedgerRows, objects: ObjectStore, keys: Keys) -> None:
        self._rows, self._objects, self._keys = rows, objects, keys

    @cached_property
    def _openings(self) -> Openings:
        return Openings(self._objects, Tree.CUSTODY)

    def told(self, document: Document) -> Told:
        """The entry that the document was archived.

        Raises:
            UnreachableError: the catalogue does not answer.
        """
        try:
            proof = self._proof(document)
        except NotFoundError:
            entered = self._rows.positions(Tree.CUSTODY, ARCHIVED, [document.id])
            waits = entered or self._rows.waiting(Tree.CUSTODY)
            return Told(Standing.UNSEALED if waits else Standing.MISSING)
        except IntegrityError:
            return Told(Standing.OTHER_HISTORY)
        if not signed_here(self._keys, proof.head):
            return Told(Standing.OTHER_HISTORY)
        opening = self._opening(proof)
        same = opening is None or _digest(opening) == document.sha256
        return Told(
            Standing.SEALED if same else Standing.OTHER_BYTES, _entry(proof), proof.head.statement.key_id, opening is not None
        )

    def annex(self, archive: str, document: Document) -> EvidenceAnnex:
        """What opens the entry.

        Raises:
            NotFoundError: it is not sealed, or was erased. IntegrityError: it is damaged.
        """
        proof = self._proof(document)
        opening = self._openings.of(proof.position)
        return EvidenceAnnex(FORMAT, archive, document.id, opening.position, opening.salt.hex(), opening.payload)

    def later(self, document: Document, told: Told, *, may_see_holds: bool) -> tuple[Later, ...]:
        """Other entries about the document, in their order."""
        first = told.entry.position if told.entry else None
        found = [leaf for leaf in self._rows.about(Tree.CUSTODY, document.id) if leaf.position != first]
        return tuple(Later(leaf.position, leaf.kind) for leaf in found if may_see_holds or leaf.kind not in _OF_HOLDS)

    def verified(self, original: Document) -> Verified | None:
        """The newest share of a regular verification in which the original was read as it is now; None where none can be told.

        Shares are opened from the newest back, and none that is older than the original's last change can hold it: a round at most.
        """
        sealed = self._rows.state(Tree.CUSTODY).sealed
        entered = self._rows.about(Tree.CUSTODY, "")
        shares = [leaf.position for leaf in entered if leaf.kind == FIXITY and leaf.position < sealed]
        while shares:
            share, before = self._share(shares.pop()), self._share(shares[-1]) if shares else None
            if share is None or (shares and before is None) or (original.archived_at and share.at < original.archived_at):
                return None
            if share.holds(original.sequence, before):
                return Verified(share.position, timestamp(share.at), sound=not self._flawed(original, share, before))
        return None

    def _share(self, position: int) -> _Share | None:
        """The share whose entry is at this position; None when nothing opens it."""
        try:
            event = parse_payload(self._openings.of(position).payload, Tree.CUSTODY)
        except (NotFoundError, IntegrityError, UnreachableError):
            return None
        return _Share(position, event.at, _number(event, "documents"), _number(event, "up_to"))

    def _flawed(self, original: Document, share: _Share, before: _Share | None) -> bool:
        """Findings of a share are entered before the share itself."""
        first = before.position if before else -1
        about = self._rows.about(Tree.CUSTODY, original.id)
        return any(leaf.kind == FIXITY and first < leaf.position < share.position for leaf in about)

    def _proof(self, document: Document) -> InclusionProof:
        """Of the entry that tells of its bytes: for a member that could be opened only later, that of the later reading."""
        proof = prove_entry(self._rows, document.id, ARCHIVED, Tree.CUSTODY)
        opening = self._opening(proof) if document.root_id and document.sha256 else None
        if opening is None or _digest(opening):
            return proof
        return prove_entry(self._rows, document.id, READ_AGAIN, Tree.CUSTODY)

    def _opening(self, proof: InclusionProof) -> Opening | None:
        """What opens the entry; None where nothing does."""
        try:
            opening = self._openings.of(proof.position)
        except (NotFoundError, IntegrityError, UnreachableError):
            return None
        return opening if entry_hash(opening.salt, opening.payload) == proof.leaf else None


@dataclass(frozen=True, slots=True)
class _Share:
    """A share of a round, as its entry tells: how many documents, up to which sequence."""

    position: int
    at: datetime
    documents: int
    up_to: int

    def holds(self, sequence: int, before: _Share | None) -> bool:
        """Whether the document of this sequence was read in it: it began where the one before ended, or, when it has more
        documents than there is room for since then, anew."""
        first = before.up_to if before and self.documents <= self.up_to - before.up_to else 0
        return self.documents > 0 and first < sequence <= self.up_to


def _number(event: LedgerEvent, name: str) -> int:
    value = event.details.get(name)
    return value if isinstance(value, int) else 0


def _entry(proof: InclusionProof) -> Entry:
    head = proof.head
    signed = SignedText(head.statement.text(), head.signature.hex())
    return Entry(proof.position, proof.leaf.hex(), _hexadecimal(proof.path), signed)


def _hexadecimal(hashes: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(each.hex() for each in hashes)


def _digest(opening: Opening) -> str:
    return str(parse_payload(opening.payload, Tree.CUSTODY).details.get("sha256", ""))
