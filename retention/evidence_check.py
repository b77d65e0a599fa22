"""Is evidence of a document what it says, and what does it say? Offline: the file, a key known before, and the bytes if at hand."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from retention.certificate_check import StampVerdict, TimestampHolds
from retention.certificate_history import head_of
from retention.certificate_report import Findings
from retention.errors import StatementError
from retention.evidence import (
    Deposit,
    Entry,
    Evidence,
    Sealed,
    Standing,
    opens_digest,
    opens_reference,
)
from retention.evidence_annex import EvidenceAnnex, open_entry
from retention.evidence_file import EvidenceFile, read_evidence
from retention.evidence_statement import EvidenceStatement
from retention.evidence_verdict import findings_of
from retention.merkle import inclusion_holds
from retention.signature import SCHEME, key_id, signature_holds
from retention.timestamp import timestamp

PROVEN = (Standing.SEALED, Standing.OTHER_BYTES)
"""With these the ledger's entry is in the evidence, with its proof."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """What the reader holds beside the evidence.

    Attributes:
        digest: SHA-256 of the bytes that it should be of.
        reference: what they were handed in as; can be checked with the bytes only.
    """

    digest: bytes | None = None
    reference: str | None = None
    annex: EvidenceAnnex | None = None


NOTHING = Exhibit()


@dataclass(frozen=True, slots=True)
class EvidenceReport:
    """Evidence as it was found.

    Attributes:
        time: when it was issued.
        signer: id of the key that signed; `signer_known` when it is the one the reader was given beforehand.
        findings: why it is not authentic, or not of what the reader holds. `notes`: what holds only as far as it says.
        opened: what the annex shows; None without one.
        stamped: there is a time-stamp, whether it holds or not.
    """

    body: Deposit | Evidence
    time: datetime
    signer: str
    signer_known: bool
    findings: tuple[str, ...]
    notes: tuple[str, ...]
    opened: dict[str, Any] | None = None
    stamped: bool = False

    @property
    def authentic(self) -> bool:
        """Whether everything in it holds together. What it says of the document is another question."""
        return not self.findings

    @property
    def says(self) -> tuple[str, ...]:
        """What it says against the document; empty: that it is sound."""
        return self.body.findings


def check_evidence(
    stream: BinaryIO,
    pinned: bytes | None = None,
    timestamp_holds: TimestampHolds | None = None,
    exhibit: Exhibit = NOTHING,
) -> EvidenceReport:
    """Check evidence, or an attestation of deposit.

    Args:
        pinned: the archive's raw public key, 32 bytes, as the reader came to know it by another way.
        timestamp_holds: checks RFC 3161 tokens; None when nothing at hand can.

    Raises:
        StatementError: it is neither, was cut off, or is not in the one form that is written.
    """
    return _Check(read_evidence(stream)).run(pinned, timestamp_holds, exhibit)


class _Check:
    def __init__(self, file: EvidenceFile) -> None:
        self._file, self._body = file, file.body
        self._statement = EvidenceStatement.parse(file.ending.statement)
        self._findings, self._notes = Findings(), list[str]()
        self._opened: dict[str, Any] | None = None

    def run(self, pinned: bytes | None, timestamp_holds: TimestampHolds | None, exhibit: Exhibit) -> EvidenceReport:
        known = self._signature(pinned)
        self._says_what_is_signed()
        self._ledger()
        if findings_of(self._body) != self._body.findings:
            self._findings.add("what it says in sum is not what its own readings, lock and ledger entry say")
        self._shown(exhibit)
        self._stamps(timestamp_holds)
        self._remarks(exhibit)
        statement = self._statement
        findings, notes = self._findings.sentences(), tuple(self._notes)
        stamped = bool(self._file.ending.timestamps)
        return EvidenceReport(self._body, statement.time, statement.key_id, known, findings, notes, self._opened, stamped)

    # -- who signed what ----------------------------------------------------------------------------------------
    def _signature(self, pinned: bytes | None) -> bool:
        ending, statement, found = self._file.ending, self._statement, self._findings
        key, signature = bytes.fromhex(ending.signature.key), bytes.fromhex(ending.signature.value)
        if ending.signature.scheme != SCHEME:
            found.add(f"it is signed by {ending.signature.scheme[:40]!r}, which is not {SCHEME}")
        signed = key_id(key) == statement.key_id and signature_holds(key, ending.statement.encode("ascii"), signature)
        if not signed:
            found.add("its signature does not hold: it was forged, or its statement altered afterwards")
        if ending.signature.key not in self._body.keys:
            found.add("the key that signed it is not among the archive's keys in it")
        if pinned is not None and pinned != key:
            found.add(
                f"it is signed by the key {statement.key_id}, and not by the one given, {key_id(pinned)}: "
                "it is another archive's, or was made by somebody else"
            )
        return signed and pinned == key

    def _says_what_is_signed(self) -> None:
        body, statement, found = self._body, self._statement, self._findings
        if statement.body != self._file.body_digest:
            found.add("its body is not the one that was signed: it was altered afterwards")
        if (statement.kind, statement.archive, statement.document) != (body.kind, body.archive, body.document):
            found.add("what was signed is of another kind, archive or document than its body says")
        if timestamp(statement.time) != body.issued_at:
            found.add("what was signed was issued at another time than its body says")

    # -- the ledger ---------------------------------------------------------------------------------------------
    def _ledger(self) -> None:
        body = self._body
        if (body.entry is not None) != (body.ledger in PROVEN):
            self._findings.add(f"it says of the ledger's entry: {body.ledger.value}, and that does not go with the proof in it")
        if body.entry is not None:
            self._entry_holds(body.entry)

    def _entry_holds(self, entry: Entry) -> None:
        head = head_of(entry.head, self._body.keys, "the ledger's head", self._findings)
        if head is None:
            return
        path = [bytes.fromhex(step) for step in entry.path]
        if not inclusion_holds(bytes.fromhex(entry.leaf), entry.position, head.size, path, head.root):
            self._findings.add(
                "the ledger's entry is not under the signed head: another document's proof, or one that was altered"
            )
        if timestamp(head.statement.time) > self._body.issued_at:
            self._notes.append("the ledger's head was signed after this was issued, by the clock of whoever signed it")

    # -- what the reader holds ----------------------------------------------------------------------------------
    def _shown(self, exhibit: Exhibit) -> None:
        if exhibit.digest is not None:
            self._bytes_shown(self._body.digest, exhibit.digest)
        if exhibit.reference is not None:
            self._reference_shown(exhibit.digest, exhibit.reference)
        if exhibit.annex is not None:
            try:
                self._opened = open_entry(exhibit.annex, self._body)
            except StatementError as error:
                self._findings.add(str(error))

    def _bytes_shown(self, sealed: Sealed | None, digest: bytes) -> None:
        if sealed is None:
            self._findings.add("nothing in it seals bytes: that the given ones are those it is of, it does not show")
        elif not opens_digest(sealed, digest):
            self._findings.add("the bytes given are not those it is of")
        else:
            self._notes.append("the bytes given are those it is of")

    def _reference_shown(self, digest: bytes | None, reference: str) -> None:
        sealed = self._body.reference if isinstance(self._body, Deposit) else None
        if sealed is None or digest is None:
            self._findings.add("a reference is shown by an attestation of deposit, together with the bytes, and by nothing else")
        elif not opens_reference(sealed, digest, reference):
            self._findings.add("the bytes were not accepted under the reference given")
        else:
            self._notes.append("the bytes were accepted under the reference given")

    # -- how far it reaches -------------------------------------------------------------------------------------
    def _stamps(self, timestamp_holds: TimestampHolds | None) -> None:
        if not self._file.ending.timestamps:
            self._notes.append("the time is asserted by the operator only: no outside time-stamp")
        for stamp in self._file.ending.timestamps:
            if stamp.of != "certificate":
                self._findings.add(f"there is a time-stamp of the {stamp.of}, which evidence does not hold")
            elif timestamp_holds is None:
                self._notes.append("its time-stamp was not checked: nothing at hand here can check it")
            else:
                self._stamped(stamp.token, timestamp_holds)

    def _stamped(self, token: str, timestamp_holds: TimestampHolds) -> None:
        try:
            verdict = timestamp_holds(base64.b64decode(token, validate=True), self._file.ending.statement.encode("ascii"))
        except binascii.Error:
            verdict = StampVerdict("it is not base64")
        if verdict.unchecked:
            self._notes.append(f"its time-stamp does not count here: {verdict.unchecked}")
        elif verdict.why:
            self._findings.add(f"its time-stamp does not hold: {verdict.why}")
        else:
            at = timestamp(verdict.time) if verdict.time else "an unknown time"
            self._notes.append(f"an outside authority stamped it at {at}")

    def _remarks(self, exhibit: Exhibit) -> None:
        if self._body.entry is not None and exhibit.annex is None:
            self._notes.append(
                "that the ledger's entry is of this document and these bytes is the archive's word; an annex shows it"
            )
        if self._body.not_checked:
            self._notes.append("not looked at: " + "; ".join(one.value for one in self._body.not_checked))
