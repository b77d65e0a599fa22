"""Is a certificate of destruction what it says? Offline: no archive, no network, nothing but the file and a key known before."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from retention.certificate import Ending, Execution, Item, Outcome, SignedApproval, SignedPlan, Stamp
from retention.certificate_file import CertificateFile
from retention.certificate_history import check_consistency, check_entries, head_of
from retention.certificate_items import ItemsCheck, Window
from retention.certificate_report import Findings, Report
from retention.errors import StatementError
from retention.signature import SCHEME, key_id, signature_holds
from retention.signed_head import SignedHead
from retention.statements import Approval, CertificateStatement, PlanStatement
from retention.timestamp import timestamp

FINISHING = timedelta(hours=1)
"""A document's entry tells when its destruction had ended. What was begun in time may have taken so much longer; it is noted."""


@dataclass(frozen=True, slots=True)
class StampVerdict:
    """What a time-stamp token says.

    Attributes:
        why: "" when it holds over what it should, else why not.
        time: when it was given.
        unchecked: why nobody here can tell: its authority is not trusted, or what checks it is not installed.
    """

    why: str = ""
    time: datetime | None = None
    unchecked: str = ""


TimestampHolds = Callable[[bytes, bytes], StampVerdict]
"""(token in DER, what it should stamp) to a verdict."""


def check_certificate(
    stream: BinaryIO,
    pinned: bytes | None = None,
    timestamp_holds: TimestampHolds | None = None,
    seen: Callable[[Item], None] = lambda _: None,
) -> Report:
    """Check a certificate of destruction.

    Args:
        stream: the file, at its beginning; read once, in small pieces.
        pinned: the archive's raw public key, 32 bytes, as the reader came to know it by another way.
        timestamp_holds: checks RFC 3161 tokens; None when nothing at hand can.
        seen: is shown each item, before anything is known of its truth.

    Raises:
        StatementError: it is not a certificate, was cut off, or is not in the one form that is written.
    """
    check = _Check(CertificateFile(stream), timestamp_holds)
    return check.run(pinned, seen)


class _Check:
    def __init__(self, file: CertificateFile, timestamp_holds: TimestampHolds | None) -> None:
        self._file, self._body, self._timestamp_holds = file, file.body, timestamp_holds
        self._findings, self._notes = Findings(), list[str]()
        self._plan = PlanStatement.parse(file.body.plan.statement)
        self._approvals = [Approval.parse(each.statement) for each in file.body.approvals]

    def run(self, pinned: bytes | None, seen: Callable[[Item], None]) -> Report:
        run = self._body.execution
        windows = [_window(approval) for approval in self._approvals]
        items = ItemsCheck(self._body.purge, windows, run.started, run.ended, self._findings)
        for item in self._file.items():
            seen(item)
            items.take(item)
        ending = self._ending()
        statement = CertificateStatement.parse(ending.statement)
        known = self._signature(ending, statement, pinned)
        self._plan_holds(items)
        heads = self._history(items, statement)
        self._approvals_hold()
        self._times(statement)
        self._timestamps(ending, heads)
        self._remarks(items, run)
        return Report(
            statement.kind,
            statement.archive,
            self._body.purge,
            statement.time,
            statement.key_id,
            known,
            items.size,
            self._findings.sentences(),
            tuple(self._notes),
            items.classes,
            tuple(stamp.of for stamp in ending.timestamps),
        )

    def _ending(self) -> Ending:
        if self._file.ending is None:
            raise StatementError("the certificate ends before its signature")
        return self._file.ending

    # -- who signed ---------------------------------------------------------------------------------------------
    def _signature(self, ending: Ending, statement: CertificateStatement, pinned: bytes | None) -> bool:
        key, found = bytes.fromhex(ending.signature.key), self._findings
        message, signature = ending.statement.encode("ascii"), bytes.fromhex(ending.signature.value)
        if ending.signature.scheme != SCHEME:
            found.add(f"the certificate is signed by {ending.signature.scheme[:40]!r}, which is not {SCHEME}")
        signed = key_id(key) == statement.key_id and signature_holds(key, message, signature)
        if not signed:
            found.add("the certificate's signature does not hold: it was forged, or its statement altered afterwards")
        if ending.signature.key not in self._body.keys:
            found.add("the key that signed the certificate is not among the archive's keys in it")
        if statement.body != self._file.body_digest:
            found.add("the certificate's body is not the one that was signed: it was altered afterwards")
        if (statement.kind, statement.archive) != (self._body.kind, self._body.archive):
            found.add("what was signed is a certificate of another kind or archive than its body says")
        if pinned is not None and pinned != key:
            found.add(
                f"the certificate is signed by the key {statement.key_id}, and not by the one given, {key_id(pinned)}: "
                "it is another archive's, or was made by somebody else"
            )
        return signed and pinned == key

    # -- what was planned, and by whom approved -----------------------------------------------------------------
    def _plan_holds(self, items: ItemsCheck) -> None:
        plan, body, found, run = self._plan, self._body, self._findings, self._body.execution
        if (plan.archive, plan.purge) != (body.archive, body.purge):
            found.add("the plan is of another archive or purge than the certificate")
        if items.root() != plan.root:
            found.add("the items do not lead to the root of the plan: one was left out, added, moved or altered")
        if items.size != plan.documents:
            found.add(f"the plan has {plan.documents:,} documents, the certificate {items.size:,} items")
        if items.twice():
            found.add(f"{_documents(items.twice())} more than once among the items")
        if items.counts != dict(zip(Outcome, (run.executed, run.withheld, run.failed), strict=True)):
            found.add("the items' outcomes are not as many as the certificate says were executed, withheld and failed")
        if run.bytes > plan.size:
            found.add(f"more bytes are said to be destroyed, {run.bytes:,}, than were planned, {plan.size:,}")
        self._author_signed(plan, body.plan)

    def _author_signed(self, plan: PlanStatement, part: SignedPlan) -> None:
        if part.key is None and part.signature is None:
            self._notes.append("the plan's author is asserted, not authenticated: no enrolled key signed the plan")
        elif part.key is None or part.signature is None or not _signed(part.key, plan.text(), part.signature):
            self._findings.add("the author's signature under the plan does not hold: the plan was forged, or altered afterwards")

    def _approvals_hold(self) -> None:
        if not self._approvals:
            self._findings.add("there is no approval: nobody but the author wanted this destruction")
        for number, (approval, part) in enumerate(zip(self._approvals, self._body.approvals, strict=True), 1):
            self._approval_holds(approval, part, "the approval" if len(self._approvals) == 1 else f"approval {number}")

    def _approval_holds(self, approval: Approval, part: SignedApproval, what: str) -> None:
        plan, found = self._plan, self._findings
        if (approval.archive, approval.purge) != (plan.archive, plan.purge):
            found.add(f"{what} is of another archive or purge than the plan")
        if (approval.root, approval.documents) != (plan.root, plan.documents):
            found.add(f"{what} is of another plan: its root or number of documents is not the plan's")
        if approval.approver == plan.author or (part.key is not None and part.key == self._body.plan.key):
            found.add(f"{what} was given by the plan's own author: nobody else looked at it")
        if approval.given < plan.made:
            found.add(f"{what} was given before the plan was made")
        if approval.expires <= approval.given:
            found.add(f"{what} had expired when it was given")
        if approval.key_id is None and part.key is None and part.signature is None:
            self._notes.append(f"{what} is asserted, not authenticated: no enrolled key signed it")
        else:
            self._approver_signed(approval, part, what)

    def _approver_signed(self, approval: Approval, part: SignedApproval, what: str) -> None:
        if part.key is None or part.signature is None or key_id(bytes.fromhex(part.key)) != approval.key_id:
            self._findings.add(f"{what} does not come with the key it names and that key's signature")
        elif not _signed(part.key, approval.text(), part.signature):
            self._findings.add(f"{what}: its signature does not hold: it was forged, or altered afterwards")
        elif part.enrolled_at is None or part.enrolled_at > timestamp(approval.given):
            self._findings.add(f"{what} was signed with a key that was not enrolled by then")

    # -- what the ledger says -----------------------------------------------------------------------------------
    def _history(self, items: ItemsCheck, statement: CertificateStatement) -> list[SignedHead]:
        found, keys = self._findings, self._body.keys
        after = head_of(self._body.after, keys, "the head after the purge", found)
        heads = [after] if after else []
        if after:
            check_entries(items.entries, after, self._body, found)
            if after.statement.time > statement.time or timestamp(after.statement.time) < items.last:
                found.add("the head after the purge was not signed between the last destruction and the certificate")
        for number, (approval, part) in enumerate(zip(self._approvals, self._body.approvals, strict=True), 1):
            what = "the head before the approval" if len(self._approvals) == 1 else f"the head before approval {number}"
            before = head_of(part.head, keys, what, found)
            if before:
                heads.append(before)
                self._head_precedes(before, approval, what)
                if after:
                    check_consistency(before, after, part.consistency, what, found)
        return heads

    def _head_precedes(self, before: SignedHead, approval: Approval, what: str) -> None:
        if (before.size, before.root) != (approval.head_size, approval.head_root):
            self._findings.add(f"{what} is not the one that the approval names")
        if before.statement.time > approval.given:
            self._findings.add(f"{what} was signed after the approval: the history could have been made up for it")

    def _times(self, statement: CertificateStatement) -> None:
        run = self._body.execution
        if self._approvals and run.started < timestamp(self._approvals[0].given):
            self._findings.add("the purge began before it was approved")
        if not run.started <= run.ended <= timestamp(statement.time):
            self._findings.add("the times of the purge's beginning, its end and the certificate are not in order")

    # -- time-stamps, and what holds only so far ------------------------------------------------------------------
    def _timestamps(self, ending: Ending, heads: list[SignedHead]) -> None:
        texts = {f"head {head.size}": head.statement.text() for head in heads} | {"certificate": ending.statement}
        outside = False
        for stamp in ending.timestamps:
            outside |= self._stamped(stamp, texts.get(stamp.of))
        if not outside:
            self._notes.append(
                "time and history are asserted by the operator only: no outside time-stamp on the head before the approval"
            )

    def _stamped(self, stamp: Stamp, text: str | None) -> bool:
        """Does it show from outside that a head was there before an approval that names it?"""
        if text is None:
            self._findings.add(f"there is a time-stamp of the {stamp.of}, which the certificate does not hold")
            return False
        if self._timestamp_holds is None:
            self._notes.append(f"the time-stamp of the {stamp.of} was not checked: nothing at hand here can check it")
            return False
        try:
            verdict = self._timestamp_holds(base64.b64decode(stamp.token, validate=True), text.encode("ascii"))
        except binascii.Error:
            verdict = StampVerdict("it is not base64")
        if verdict.unchecked:
            self._notes.append(f"the time-stamp of the {stamp.of} does not count here: {verdict.unchecked}")
            return False
        if verdict.why:
            self._findings.add(f"the time-stamp of the {stamp.of} does not hold: {verdict.why}")
            return False
        at = timestamp(verdict.time) if verdict.time else "an unknown time"
        self._notes.append(f"an outside authority stamped the {stamp.of} at {at}")
        return any(self._precedes(stamp, verdict.time, approval) for approval in self._approvals)

    @staticmethod
    def _precedes(stamp: Stamp, time: datetime | None, approval: Approval) -> bool:
        return stamp.of == f"head {approval.head_size}" and time is not None and time <= approval.given

    def _remarks(self, items: ItemsCheck, run: Execution) -> None:
        if items.shared:
            self._notes.append(f"the bytes of {_documents(items.shared)} stay: another living document refers to them")
        if items.late:
            self._notes.append(f"{_documents(items.late)} begun within the approval ended after it, by less than an hour")
        if run.failed:
            self._notes.append(f"{_documents(run.failed)} failed: not destroyed, or not wholly")
        if self._body.not_covered:
            self._notes.append("the purge did not reach: " + "; ".join(self._body.not_covered))


def _window(approval: Approval) -> Window:
    finished = approval.expires + min(FINISHING, datetime.max.replace(tzinfo=UTC) - approval.expires)
    return Window(timestamp(approval.given), timestamp(approval.expires), timestamp(finished), approval.head_size)


def _documents(number: int) -> str:
    return f"{number:,} {'document' if number == 1 else 'documents'}"


def _signed(key: str, text: str, signature: str) -> bool:
    return signature_holds(bytes.fromhex(key), text.encode("ascii"), bytes.fromhex(signature))
