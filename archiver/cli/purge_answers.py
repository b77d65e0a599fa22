"""What is told of purges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from archiver.cli.context import Context, counted
from archiver.domain.display import safe

if TYPE_CHECKING:
    from archiver.bootstrap import Archive
    from archiver.ports.retention_rows import Purge, PurgeItem, WithheldDocument
    from retention.hold import Hold


def answer(context: Context, archive: Archive, purge: Purge) -> None:
    """Tell of one purge: what it is made of, what it withholds, how far it is."""
    from archiver.services.purge.account import account_of

    account = account_of(archive.catalog, purge.id)
    classes = [
        {"class": one.retention_class, "documents": one.documents, "bytes": one.bytes, "oldest": one.oldest, "newest": one.newest}
        for one in account.classes
    ]
    states = {state.value: count for state, count in account.states.items()}
    value = value_of(purge) | {"classes": classes, "withheld_by_reason": dict(account.withheld), "items": states}
    lines = [line_of(purge)]
    lines += [f"  {_class_line(one)}" for one in classes]
    lines += [f"  withheld, {reason}: {count:,}" for reason, count in account.withheld.items()]
    lines += [f"  {_approval_line(purge)}"]
    lines += [f"  {state}: {count:,}" for state, count in states.items() if state != "planned"]
    context.answer(value, [safe(line) for line in lines])


def _class_line(one: dict[str, Any]) -> str:
    days = f"kept until {one['oldest']}" + (f" to {one['newest']}" if one["newest"] != one["oldest"] else "")
    return f"{one['class']}: {counted(one['documents'], 'document')}, {one['bytes']:,} bytes, {days}"


def value_of(purge: Purge) -> dict[str, Any]:
    """A purge as JSON."""
    from retention.statements import PlanStatement

    approvals = [_approval_value(given.approver, given.statement, given.key) for given in purge.approvals]
    return {
        "purge": purge.id,
        "state": purge.state.value,
        "made_at": purge.made_at,
        "author": purge.author,
        "signed": bool(purge.plan_signature),
        "criteria": dict(purge.criteria),
        "root": PlanStatement.parse(purge.plan).root.hex(),
        "documents": purge.documents,
        "bytes": purge.bytes,
        "withheld": purge.withheld,
        "approvals": approvals,
        "started_at": purge.started_at,
        "ended_at": purge.ended_at,
    }


def _approval_value(approver: str, statement: str, key: str) -> dict[str, Any]:
    from retention.statements import Approval

    approval = Approval.parse(statement)
    return {
        "approver": approver,
        "given_at": approval.given,
        "expires_at": approval.expires,
        "authenticated": bool(key),
        "empties": list(approval.empties),
    }


def line_of(purge: Purge) -> str:
    """A purge in a line."""
    asked = ", ".join(f"{name} {value}" for name, value in purge.criteria.items()) or "everything due"
    return (
        f"{purge.id}  {purge.state.value}  {counted(purge.documents, 'document')}, {purge.bytes:,} bytes  "
        f"{asked}  made {purge.made_at:%Y-%m-%d %H:%M} by {purge.author}"
    )


def _approval_line(purge: Purge) -> str:
    if not purge.approvals:
        return "not approved"
    last = _approval_value(purge.approvals[-1].approver, purge.approvals[-1].statement, purge.approvals[-1].key)
    how = "" if last["authenticated"] else ", asserted and not authenticated"
    return f"approved by {last['approver']}{how}, until {last['expires_at']:%Y-%m-%d %H:%M} UTC"


def item_line(one: PurgeItem) -> str:
    """An item in a line."""
    became = one.state.value + (f", {one.why}" if one.why else "")
    return f"{one.item.document_id}  {one.item.retention_class}  until {one.item.until}  {became}  {one.item.reason}"


def nothing_lines(why: dict[str, int]) -> list[str]:
    """That no plan was made, and why."""
    if not why:
        return ["Nothing is due."]
    return [
        "Nothing can be planned: everything past its last day is kept.",
        *(f"  {name}: {count:,}" for name, count in why.items()),
    ]


def withheld_told(kept: WithheldDocument, holds: Sequence[Hold]) -> tuple[dict[str, Any], str]:
    """A document that was not planned, as JSON and in a line, with what holds it now."""
    reasons = [*(f"held by matter {hold.matter} since {hold.since}" for hold in holds), kept.sentence]
    value = {"id": kept.document_id, "why": kept.why, "reasons": "; ".join(reasons), "class": kept.retention_class}
    return value, f"{kept.document_id}  {kept.retention_class}  {kept.why}: {'; '.join(reasons)}"
