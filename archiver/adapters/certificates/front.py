"""The first pages of a certificate: what was destroyed, on whose word, how it was checked, what it does not show."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from archiver.adapters.certificates.sheet import LEFT, Sheet
from archiver.adapters.certificates.typeset import CELL, CELL_MONO, MONO, SUBTITLE, TITLE, lines_of
from retention.certificate import Body, Check, SignedApproval
from retention.certificate_report import Report, Tally
from retention.statements import Approval, PlanStatement

_COLUMNS = ((0.0, "class"), (206.0, "destroyed"), (264.0, "withheld"), (318.0, "failed"), (356.0, "last days kept"))


def draw_front(sheet: Sheet, body: Body, report: Report, digest: str, size: int) -> None:
    """Everything before the items.

    Args:
        digest, size: SHA-256 (hexadecimal) and length of the JSON file this is made from.
    """
    plan = PlanStatement.parse(body.plan.statement)
    _title(sheet, body, report)
    _destroyed(sheet, body, report, plan)
    _decided(sheet, body, plan)
    _checked(sheet, body.checks)
    sheet.listed("What the destruction did not reach", body.not_covered, "Nothing is known that it did not reach.")
    sheet.listed("How far this certificate reaches", _reach(report), "")
    _how_to_verify(sheet, report, digest, size)


def _title(sheet: Sheet, body: Body, report: Report) -> None:
    sheet.y -= 18
    sheet.paragraph("Certificate of destruction", TITLE, after=0)
    sheet.paragraph("of archived documents, from the archive's own ledger", SUBTITLE, after=8)
    sheet.bookmark("Certificate of destruction")
    sheet.rule(sheet.y, 0.0, 1.2)
    sheet.y -= 8
    sheet.fact("Purge", body.purge, style=MONO)
    sheet.fact("Archive", body.archive, style=MONO)
    sheet.fact("Carried out", f"{_moment(body.execution.started)} to {_moment(body.execution.ended)}")
    sheet.fact("Certified", f"{_time(report.time)}, with {body.execution.program}")
    sheet.fact("Archive's key", report.signer, style=MONO)


def _destroyed(sheet: Sheet, body: Body, report: Report, plan: PlanStatement) -> None:
    run = body.execution
    sheet.heading("What was destroyed")
    sheet.paragraph(
        f"Of {_many(plan.documents, 'document')} planned, {run.executed:,} {_were(run.executed)} destroyed, "
        f"{run.withheld:,} {_were(run.withheld)} withheld and {run.failed:,} failed. "
        f"Destroyed were {_many(run.bytes, 'byte')} of originals."
    )
    sheet.head_row([(LEFT + x, name) for x, name in _COLUMNS])
    for name, tally in sorted(report.classes.items()):
        _class_row(sheet, name, tally)
    sheet.end_table()


def _class_row(sheet: Sheet, name: str, tally: Tally) -> None:
    lines = lines_of(name, CELL, _COLUMNS[1][0] - 8)
    sheet.need(len(lines) * CELL.leading + 3)
    first = sheet.y - CELL.leading
    for number, count in enumerate((tally.executed, tally.withheld, tally.failed), 1):
        sheet.write(LEFT + _COLUMNS[number][0], f"{count:,}", CELL, first)
    sheet.write(LEFT + _COLUMNS[4][0], _days(tally), CELL, first)
    for line in lines:
        sheet.y -= CELL.leading
        sheet.write(LEFT, line, CELL)
    sheet.y -= 3
    sheet.rule(sheet.y, 0.85, 0.4)


def _days(tally: Tally) -> str:
    if tally.oldest == tally.newest:
        return tally.oldest or "–"
    return f"{tally.oldest} to {tally.newest}"


def _decided(sheet: Sheet, body: Body, plan: PlanStatement) -> None:
    sheet.heading("Who decided")
    sheet.paragraph("Persons are named by pseudonyms, which the archive's register opens.")
    sheet.fact("Plan made", f"{_time(plan.made)}, by {plan.author}")
    sheet.fact("", "signed with the author's key" if body.plan.key else "asserted, not signed by an enrolled key")
    sheet.fact(
        "Policy", f"version {plan.policy_version}" if plan.policy_version else "the built-in policy, which keeps everything"
    )
    sheet.fact("Policy SHA-256", plan.policy_digest.hex(), style=CELL_MONO)
    sheet.fact("Plan's root", plan.root.hex(), style=CELL_MONO)
    for part in body.approvals:
        _approval(sheet, part)


def _approval(sheet: Sheet, part: SignedApproval) -> None:
    approval = Approval.parse(part.statement)
    sheet.y -= 4
    sheet.fact("Approved", f"{_time(approval.given)}, by {approval.approver}")
    sheet.fact("", f"to be carried out before {_time(approval.expires)}")
    enrolled = f"signed with key {approval.key_id}" + (f", enrolled {_moment(part.enrolled_at)}" if part.enrolled_at else "")
    sheet.fact("", enrolled if approval.key_id else "asserted, not authenticated: no enrolled key signed it")
    if approval.empties:
        sheet.fact("", f"allows to empty: {', '.join(approval.empties)}")
    if approval.visa is not None:
        sheet.fact("Visa, sealed as", approval.visa.hex(), style=CELL_MONO)
    sheet.fact("Ledger by then", f"{_many(approval.head_size, 'entry', 'entries')}, with the root")
    sheet.fact("", approval.head_root.hex(), style=CELL_MONO)


def _checked(sheet: Sheet, checks: Iterable[Check]) -> None:
    sheet.heading("How the destruction was checked")
    found = False
    for check in checks:
        found = True
        sheet.fact(check.what, check.how, f"Found: {check.result}")
        sheet.y -= 3
    if not found:
        sheet.paragraph("No check is recorded.")


def _reach(report: Report) -> list[str]:
    general = [
        "Names, paths, titles and digests of documents are not in it. Each is told by its id and by a commitment, which an annex "
        "can open for one document alone.",
        "Class, last day and reason of an item are the archive's word; what its commitment holds is shown by an annex.",
    ]
    told = [f"{note[:1].upper()}{note[1:]}." for note in report.notes if not _told_elsewhere(note, report)]
    return [*told, *([_STAMPS.format(", ".join(report.stamps))] if report.stamps else []), *general]


_STAMPS = (
    "In the signed file there are time-stamps of an outside authority over: {}. Whether they hold is for whoever checks it with the "
    "authority's certificates; these pages do not say."
)


def _told_elsewhere(note: str, report: Report) -> bool:
    """What is not covered has its own section; what time-stamps show depends on whom the reader trusts."""
    about_stamps = ("the time-stamp of", "time and history") if report.stamps else ()
    return note.startswith(("the purge did not reach", *about_stamps))


def _how_to_verify(sheet: Sheet, report: Report, digest: str, size: int) -> None:
    sheet.heading("How to verify", following=120)
    sheet.paragraph(
        "These pages were made from a signed file, to be read. They prove nothing by themselves; the file does. "
        "It can be checked without the archive, without a network, and by other programs than this one."
    )
    sheet.fact("Signed file", f"JSON, {size:,} bytes, with the SHA-256")
    sheet.fact("", digest, style=CELL_MONO)
    sheet.fact("Command", "minutier certificate verify FILE --key KEY", style=MONO)
    sheet.fact("", f"KEY is the archive's public key, as it came to you by another way; its id is {report.signer}.")


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _moment(text: str | None) -> str:
    return _time(datetime.fromisoformat(text)) if text else ""


def _many(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
