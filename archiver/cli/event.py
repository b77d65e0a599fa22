"""`minutier event`: what happened to documents, and what still waits for it."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

import click

from archiver.cli.context import Context, counted, pass_context
from archiver.cli.selected import SOME_NOT, Ticks, Wanted, day_of, finish, selected, selection_options
from archiver.domain.display import safe

if TYPE_CHECKING:
    from collections.abc import Callable

    from archiver.bootstrap import Archive
    from archiver.services.events import Events, Outcome, Told
    from retention.period import Period


@click.group("event")
def command() -> None:
    """Record what happened to documents, and list what waits for it.

    A class whose period is counted from an event keeps its documents, without an end, until the event is recorded.
    """


@command.command("record")
@click.argument("name", metavar="EVENT")
@selection_options
@click.option("--date", "day", metavar="DATE", required=True, help="On which day it happened.")
@click.option("--anyway", is_flag=True, help="Also an event that no class of the policy waits for.")
@pass_context
def record(
    context: Context,
    name: str,
    ids: tuple[str, ...],
    file: str | None,
    query: str | None,
    collection: str | None,
    batch: str | None,
    day: str,
    anyway: bool,
) -> None:
    """Say that EVENT happened to documents, and so to all they contain.

    Of two accounts of one event the later day counts, whichever is told first: no end ever moves earlier. May be repeated. Exit
    code 3 when some are not there any more: they are listed.
    """
    happened, wanted = day_of(day), Wanted(ids, file, query, collection, batch)
    with context.open(writable=True, beside=True) as archive:
        with selected(context, archive, wanted) as selection:
            events = _events(context, archive, Ticks(context, selection.count, "recorded").page)
            counts = events.record(name, happened, selection.pages(), anyway=anyway)
        finish(archive)
    value = {"event": name, "day": happened, "recorded": counts.recorded, "dated": counts.dated, "recorded_before": counts.before}
    value |= {"later_day_kept": counts.later, "members": counts.members, "destroyed": counts.gone, "absent": counts.absent}
    context.answer(value, [safe(line) for line in _lines(name, happened, counts)])
    if counts.incomplete:
        raise click.exceptions.Exit(SOME_NOT)


@command.command("missing")
@click.option("--older-than", metavar="PERIOD", help="Only documents received so long ago, such as P2Y.")
@click.option("--class", "retention_class", metavar="CLASS", default="", help="Only of this class.")
@pass_context
def missing(context: Context, older_than: str | None, retention_class: str) -> None:
    """List documents that wait for an event, each with the event and since when it waits; the sums at the end."""
    sums: Counter[tuple[str, str]] = Counter()
    with context.open() as archive:
        for one in _events(context, archive).missing(older_than=_period(older_than), retention_class=retention_class):
            found = one.document
            sums[found.retention_class, one.event] += 1
            value = {
                "id": found.id,
                "class": found.retention_class,
                "event": one.event,
                "since": one.since,
                "path": safe(found.source),
            }
            context.answer(value, [safe(f"{found.id}  {found.retention_class}  {one.event}  since {one.since}  {found.name}")])
    for (name, event), count in sorted(sums.items()):
        context.answer(
            {"class": name, "event": event, "documents": count}, [safe(f"{name}: {counted(count, 'document')} without {event}")]
        )
    if not sums and not context.as_json:
        context.note("No document waits for an event.")


@command.command("list")
@click.argument("document_id", metavar="ID")
@pass_context
def list_(context: Context, document_id: str) -> None:
    """What is recorded of a document. A member's events are those of what contains it."""
    from archiver.services.circumstances import original_of

    with context.open() as archive:
        document = context.document(archive, document_id)
        original = original_of(document)
        happened = archive.catalog.occurrences([original]).get(original, {})
    for name, one in sorted(happened.items(), key=lambda item: (item[1].day, item[0])):
        value = {"id": document.id, "original": original, "event": name, "day": one.day, "recorded": one.recorded}
        context.answer(value, [safe(f"{one.day}  {name}, recorded {one.recorded}")])
    if not happened and not context.as_json:
        context.note("Nothing is recorded of it.")


def _events(context: Context, archive: Archive, tick: Callable[[], None] = lambda: None) -> Events:
    from archiver.services.events import Events

    return Events(
        archive.catalog, archive.objects, archive.clock, archive.retention_turn, lambda _: tick(), lambda one: _told(context, one)
    )


def _told(context: Context, one: Told) -> None:
    words = {
        "later": f"kept the later date: {one.about} is recorded already",
        "member": f"is part of {one.about}, to which it happened",
        "gone": "is destroyed, or its destruction has begun",
        "absent": "is not in the archive",
    }
    names = {"later": "day_kept", "member": "original"}
    about = {names[one.what]: one.about} if one.what in names else {}
    context.answer({"id": one.document_id, "told": one.what, **about}, [safe(f"{one.document_id} {words[one.what]}")])


def _lines(name: str, day: date, counts: Outcome) -> list[str]:
    lines = [
        f"{name} on {day}: recorded for {counted(counts.recorded, 'document')}, {counts.dated:,} of them with another end now"
    ]
    told = [
        (counts.before, "had it recorded before"),
        (counts.later, "kept a later date"),
        (counts.gone, "are destroyed"),
        (counts.absent, "are not in the archive"),
    ]
    return lines + [f"  {number:,} {words}" for number, words in told if number]


def _period(written: str | None) -> Period | None:
    from retention.period import Period

    return None if written is None else Period.parse(written)
