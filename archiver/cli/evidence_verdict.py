"""What `minutier certificate verify` says of evidence and of attestations of deposit."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BufferedReader
from typing import TYPE_CHECKING, Any

import click

from archiver.cli.context import Context, counted
from archiver.domain.display import safe

if TYPE_CHECKING:
    from retention.certificate_check import TimestampHolds
    from retention.evidence import Deposit, Evidence
    from retention.evidence_check import EvidenceReport, Exhibit

UNKNOWN, NO = 1, 4
_TITLES = {"evidence": "Evidence of document", "deposit": "Attestation of deposit of document"}


def is_evidence(stream: BufferedReader) -> bool:
    """Whether the file begins as evidence does, of whatever version; nothing of it is consumed."""
    from retention.evidence_file import BEGINNING

    return stream.peek(len(BEGINNING)).startswith(BEGINNING)


def verify_evidence(
    context: Context, stream: BufferedReader, pinned: bytes | None, timestamp_holds: TimestampHolds, exhibit: Exhibit
) -> None:
    """Check it, say what was found, and exit with what that means."""
    from retention.evidence_check import check_evidence

    report = check_evidence(stream, pinned, timestamp_holds, exhibit)
    context.answer(_value(report), _lines(report))
    if not report.authentic:
        sys.exit(NO)
    if not report.signer_known:
        sys.exit(UNKNOWN)
    if report.says:
        sys.exit(NO)


def _value(report: EvidenceReport) -> dict[str, Any]:
    from msgspec import to_builtins

    body = to_builtins(report.body)
    value = {
        "authentic": report.authentic,
        "sound": report.authentic and not report.says,
        "signer_known": report.signer_known,
        "kind": report.body.kind,
        "archive": report.body.archive,
        "document": report.body.document,
        "time": report.time.isoformat(),
        "key": report.signer,
        "says": list(report.says),
        "findings": list(report.findings),
        "notes": list(report.notes),
        "body": body,
    }
    return value if report.opened is None else value | {"annex": report.opened}


def _lines(report: EvidenceReport) -> list[str]:
    body = report.body
    lines = [
        f"{_TITLES[body.kind]} {body.document} of archive {body.archive}",
        f"  signed {report.time:%Y-%m-%d %H:%M:%S} UTC by key {report.signer}",
        *(f"  {line}" for line in _told(body)),
        *(f"  note: {note}" for note in report.notes),
    ]
    if report.opened is not None:
        lines.append("The annex opens the ledger's entry:")
        lines += [f"  {name:>13}  {value}" for name, value in report.opened.items() if value is not None]
    return [*map(safe, lines), *_verdict(report)]


def _told(body: Deposit | Evidence) -> Iterator[str]:
    from retention.evidence import Evidence

    yield f"{body.state.value}; received {body.received_at:.19}Z" + (
        f", committed {body.archived_at:.19}Z" if body.archived_at else ""
    )
    entry = f"entry {body.entry.position:,}, " if body.entry else ""
    yield f"ledger: {entry}{body.ledger.value}"
    if isinstance(body, Evidence):
        yield from _found(body)


def _found(body: Evidence) -> Iterator[str]:
    for reading in body.readings:
        yield f"{reading.what.value} read again {reading.at:.19}Z: {reading.found.value}"
    if body.lock is not None:
        until = f" until {body.lock.until:.19}Z" if body.lock.until else ""
        held = ", held" if body.lock.hold else ""
        yield f"lock: {body.lock.mode.value}{until}{held}, kept by the {body.lock.enforced_by.value}"
    if body.verified is not None:
        yield f"verified before: {body.verified.at:.19}Z, {'sound' if body.verified.sound else 'not sound'}"
    if body.destroyed is not None:
        when = f" on {body.destroyed.on}" if body.destroyed.on else ""
        yield f"destroyed by purge {body.destroyed.purge}{when}; its certificate proves it"


def _verdict(report: EvidenceReport) -> list[str]:
    if not report.authentic:
        head = f"It does not hold, {counted(len(report.findings), 'reason')}:"
        return [click.style(head, fg="red", bold=True), *(f"  {safe(finding)}" for finding in report.findings)]
    said = [f"  {safe(finding)}" for finding in report.says]
    if not report.signer_known:
        return [
            click.style("Consistent, signer unknown.", fg="yellow"),
            "  anybody could have made it: give the archive's public key with --key, as you got it by another way",
            *(["It says of the document that it is not sound:", *said] if said else []),
        ]
    if said:
        what = "was destroyed" if report.body.state.value == "destroyed" else "is NOT sound"
        return [click.style(f"Authentic, and it says that the document {what}:", fg="red", bold=True), *said]
    verdict = "sound" if report.body.kind == "evidence" else "deposited"
    return [click.style(f"Authentic, signed by the key that was given, and it says: {verdict}.", fg="green")]
