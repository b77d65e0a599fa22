"""The pages of evidence: what it says in one sentence, what was looked at, what was not, how to check it."""

from __future__ import annotations

from datetime import datetime

from archiver.adapters.certificates.sheet import Sheet
from archiver.adapters.certificates.typeset import CELL_MONO, HEADING, MONO, SUBTITLE, TITLE
from retention.evidence import (
    DEPOSIT,
    EVIDENCE,
    Body,
    Enforcer,
    Evidence,
    Found,
    LockMode,
    What,
)
from retention.evidence_check import EvidenceReport
from retention.signed_head import Statement

TITLES = {EVIDENCE: "Evidence of document", DEPOSIT: "Attestation of deposit"}
_HEADLINES = {EVIDENCE: "Evidence of a document", DEPOSIT: "Attestation of deposit"}
_SUBTITLES = {
    EVIDENCE: "what the archive found when it looked at the document again",
    DEPOSIT: "that the archive accepted the document and committed it",
}
_KEPT_BY = {
    Enforcer.STORE: "the object store, against whoever asks",
    Enforcer.PROGRAM: "the archive's program; the store itself knows no locks",
}
_SEALED = {
    EVIDENCE: "Its bytes are told by a commitment, which whoever has them can open.",
    DEPOSIT: "Its bytes, and the reference they came under, are told by commitments, which whoever has the bytes can open.",
}
_UNSEALED = "Its bytes are not told in any way."
_WHAT = {What.DOCUMENT: "The document", What.CONTAINER: "Its container"}


def draw_evidence(sheet: Sheet, report: EvidenceReport, digest: str, size: int) -> None:
    """All of it.

    Args:
        digest, size: SHA-256 (hexadecimal) and length of the JSON file this is made from.
    """
    body = report.body
    _title(sheet, report)
    _verdict(sheet, report)
    if isinstance(body, Evidence):
        _bytes(sheet, body)
        _lock(sheet, body)
    _ledger(sheet, body)
    if isinstance(body, Evidence) and body.later:
        _later(sheet, body)
    sheet.listed("What was not looked at", [f"{one.value}." for one in body.not_checked], "Nothing was left out.")
    sheet.listed("How far this reaches", _reach(report), "")
    _how_to_verify(sheet, report, digest, size)


def _title(sheet: Sheet, report: EvidenceReport) -> None:
    body = report.body
    sheet.y -= 18
    sheet.paragraph(_HEADLINES[body.kind], TITLE, after=0)
    sheet.paragraph(_SUBTITLES[body.kind], SUBTITLE, after=8)
    sheet.bookmark(TITLES[body.kind])
    sheet.rule(sheet.y, 0.0, 1.2)
    sheet.y -= 8
    sheet.fact("Document", body.document, style=MONO)
    sheet.fact("Archive", body.archive, style=MONO)
    sheet.fact("Received", _moment(body.received_at))
    if body.archived_at:
        sheet.fact("Committed", _moment(body.archived_at))
    if isinstance(body, Evidence):
        sheet.fact("Class", body.retention_class)
        sheet.fact("Kept until", body.until or "no end known")
    sheet.fact("Issued", f"{_moment(body.issued_at)}, with {body.program}")
    sheet.fact("Archive's key", report.signer, style=MONO)


def _verdict(sheet: Sheet, report: EvidenceReport) -> None:
    body = report.body
    if isinstance(body, Evidence) and body.destroyed is not None:
        when = f" on {body.destroyed.on}" if body.destroyed.on else ""
        sheet.heading("The document was destroyed")
        sheet.paragraph(f"It was destroyed by purge {body.destroyed.purge}{when}. The purge's certificate proves it.")
    elif report.says:
        sheet.listed("Something speaks against the document", [_sentence(one) for one in report.says], "")
    elif isinstance(body, Evidence):
        sheet.heading("The document is sound")
        sheet.paragraph(
            "Its bytes, read to their end for this, are those that were archived. Lock and ledger are as they should be."
        )
    else:
        sheet.heading("The document is committed")
        sheet.paragraph("Its bytes were accepted, archived, and entered in the archive's ledger.")


def _bytes(sheet: Sheet, body: Evidence) -> None:
    sheet.heading("The bytes")
    for reading in body.readings:
        found = "the bytes that were archived" if reading.found is Found.SOUND else reading.found.value
        sheet.fact(_WHAT[reading.what], f"read again {_moment(reading.at)}", f"Found: {found}")
    if not body.readings:
        sheet.paragraph("No bytes were read.")
    if body.verified is not None:
        found = "Sound then." if body.verified.sound else "Something of it was not as it was written."
        sheet.fact("Verified before", f"{_moment(body.verified.at)}, ledger entry {body.verified.entry:,}", found)


def _lock(sheet: Sheet, body: Evidence) -> None:
    lock = body.lock
    sheet.heading("The lock")
    if lock is None:
        sheet.paragraph("The store did not say." if body.destroyed is None else "Nothing is there to be locked.")
        return
    sheet.fact("As reported now", _locked(lock.mode, lock.until, held=bool(lock.hold)))
    sheet.fact("Promised", _locked(lock.promised_mode, lock.promised_until, held=lock.promised_hold))
    sheet.fact("Kept by", _KEPT_BY[lock.enforced_by])


def _locked(mode: LockMode, until: str | None, *, held: bool) -> str:
    dated = "" if mode is LockMode.NONE else f"{mode.value} until {_moment(until)}"
    return ", ".join(filter(None, (dated, "held until the hold is let go" if held else ""))) or "no lock"


def _ledger(sheet: Sheet, body: Body) -> None:
    sheet.heading("The ledger")
    sheet.fact("Entry", f"number {body.entry.position:,}, {body.ledger.value}" if body.entry else body.ledger.value)
    if body.entry is None:
        return
    head = Statement.parse(body.entry.head.statement)
    sheet.fact("", body.entry.leaf, style=CELL_MONO)
    sheet.fact("Under the head", f"of {head.size:,} entries, signed {_time(head.time)}, with the root")
    sheet.fact("", head.root.hex(), style=CELL_MONO)


def _later(sheet: Sheet, body: Evidence) -> None:
    sheet.heading("Other entries about it")
    for one in body.later:
        sheet.fact(f"Entry {one.position:,}", one.kind)


def _reach(report: EvidenceReport) -> list[str]:
    stamped = report.stamped
    time = (
        "A time-stamp of an outside authority is in the signed file; whether it holds is for whoever checks it."
        if stamped
        else "The time is asserted by the operator only: no outside authority stamped it."
    )
    return [
        time,
        f"Names, paths, sizes and digests are not in it. {_SEALED[report.body.kind] if report.body.digest else _UNSEALED}",
        "That the ledger's entry is of this document and these bytes is the archive's word; an annex, made for a judge, shows it.",
    ]


def _how_to_verify(sheet: Sheet, report: EvidenceReport, digest: str, size: int) -> None:
    sheet.heading("How to verify", following=6 * HEADING.leading)
    sheet.paragraph(
        "These pages were made from a signed file, to be read. They prove nothing by themselves; the file does. "
        "It can be checked without the archive, without a network, and by other programs than this one."
    )
    sheet.fact("Signed file", f"JSON, {size:,} bytes, with the SHA-256")
    sheet.fact("", digest, style=CELL_MONO)
    sheet.fact("Command", "minutier certificate verify FILE --key KEY --document BYTES", style=MONO)
    sheet.fact("", f"KEY is the archive's public key, as it came to you by another way; its id is {report.signer}.")
    sheet.fact("", "BYTES is a copy of the document, if you have one: it shows that the evidence is of it.")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _moment(text: str | None) -> str:
    return _time(datetime.fromisoformat(text)) if text else ""
