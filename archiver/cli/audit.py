"""`minutier audit`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from archiver.cli.context import Context, counted, pass_context
from archiver.domain.display import safe
from archiver.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from archiver.bootstrap import Archive
    from archiver.domain.ledger import LedgerEntry
    from archiver.services.audit import Audit, Question
    from archiver.services.register import Register

_PSEUDONYM = re.compile(r"[0-9a-f]{16}")
_WHOLE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@click.command("audit")
@click.option("--document", "document_id", metavar="ID", default="", help="What was read of this document.")
@click.option("--principal", metavar="NAME", default="", help="What this person or service read; a name or its pseudonym.")
@click.option("--since", metavar="DATE", default="", help="From this day on, in UTC; or from a moment: 2026-11-26T09:30.")
@click.option("--until", metavar="DATE", default="", help="To the end of this day, in UTC; or before a moment.")
@pass_context
def command(context: Context, document_id: str, principal: str, since: str, until: str) -> None:
    """Say who read what, oldest first: searches, lists, views, downloads, exports, deposits, and what was refused.

    Asking is itself an entry. Entries tell of searches what was asked, how many documents were found and a digest of
    their ids; --document finds what was done with one document. Months that have expired are named.
    """
    from archiver.services.audit import Audit
    from archiver.services.register import Register

    if not (document_id or principal or since):
        raise UsageError("nothing says what is asked for", remedy="give --document ID, --principal NAME or --since DATE")
    first, end = _moment(since), _moment(until, end=True)
    with context.open(writable=True, always=True) as archive:
        register = Register(archive.objects, archive.keys)
        question = _question(context, archive, register, document_id, principal, first, end)
        _write_down(context, archive, question)
        audit, count = Audit(archive.ledger_rows, archive.objects, register), 0
        for entry in audit.entries(question):
            context.answer(_value(entry, audit.name(entry)), [safe(_line(entry, audit.name(entry)))])
            count += 1
        _tell_what_is_gone(context, audit, question, count)
        if principal and not count and ":" not in principal and not context.as_json:
            context.note(safe(f"Callers over HTTP are named key:{principal} for an API key, oidc:SUBJECT for a token's owner."))


def _question(
    context: Context,
    archive: Archive,
    register: Register,
    given: str,
    principal: str,
    since: datetime | None,
    until: datetime | None,
) -> Question:
    from archiver.services.audit import Question

    person = principal if _PSEUDONYM.fullmatch(principal) else register.pseudonym(principal) if principal else ""
    return Question(_document(context, archive, given) if given else "", person, since, until)


def _document(context: Context, archive: Archive, given: str) -> str:
    """The whole id. One that the catalogue does not know, or no longer, may still be in the log."""
    try:
        return context.document(archive, given).id
    except NotFoundError:
        if _WHOLE_ID.fullmatch(given):
            return given
        raise


def _write_down(context: Context, archive: Archive, question: Question) -> None:
    """That it was asked, before anything is shown; and everything that waits goes into the tree, to be read there."""
    from archiver.bootstrap.accesses import access_log
    from archiver.domain.accesses import Access, Act

    asked = [
        f"principal {question.person}" if question.person else "",
        f"since {question.since:%Y-%m-%dT%H:%M}" if question.since else "",
        f"until {question.until:%Y-%m-%dT%H:%M}" if question.until else "",
    ]
    about = ", ".join(filter(None, asked))
    access_log(archive).write(Access(Act.AUDITED, context.principal.name, document_id=question.document_id, about=about))
    archive.ledger.sequence()


def _tell_what_is_gone(context: Context, audit: Audit, question: Question, count: int) -> None:
    expired = audit.expired()
    gone = expired.month if not question.since or question.since.strftime("%Y-%m") <= expired.month else ""
    if context.as_json:
        context.emit({"entries": count, "expired_to": gone or None, "erased": audit.erased})
        return
    context.note(counted(count, "entry").replace("entrys", "entries"))
    if gone:
        context.note(f"Entries up to the end of {gone} have expired: who read what then is not known any more.")
    if audit.erased:
        context.note(f"{audit.erased:,} entries were erased before their time; they may have been asked for.")


def _moment(written: str, *, end: bool = False) -> datetime | None:
    """A day, as its first moment or its end; or a moment, in UTC unless it names another zone."""
    if not written:
        return None
    try:
        if len(written) == len("2026-11-26"):
            day = datetime.combine(date.fromisoformat(written), datetime.min.time(), UTC)
            return day + timedelta(days=1) if end else day
        moment = datetime.fromisoformat(written)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{written!r} is no date", remedy="write it like 2026-11-26, or 2026-11-26T09:30") from error


def _value(entry: LedgerEntry, name: str | None) -> dict[str, Any]:
    event = entry.event
    head = {"entry": entry.position, "at": event.at.isoformat(), "act": event.kind, "document": event.document_id or None}
    return head | {"name": name} | dict(event.details)


def _line(entry: LedgerEntry, name: str | None) -> str:
    event, said = entry.event, entry.event.details
    found = f"found {said['found']:,} of {said['total']:,}" if "found" in said else ""
    failed = f"{said.get('status', '')} {said.get('code', '')}".strip() if event.kind == "refused" else ""
    purpose = f"for {said['purpose']}" if said.get("purpose") else ""
    glass = f"break-glass {said['break_glass_grants']}" if "break_glass_grants" in said else ""
    query = f'"{said["query"]}"' if said.get("query") else ""
    parts = (event.document_id, query, str(said.get("about", "")), found, failed, purpose, glass)
    who = name or str(said.get("by") or "") or "nobody known"
    return "  ".join([f"{event.at:%Y-%m-%d %H:%M:%S}", f"{event.kind:<10}", who, *filter(None, parts)])
