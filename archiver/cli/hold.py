"""`minutier hold`: what may not go, whatever its date."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from archiver.cli.context import Context, counted, pass_context
from archiver.cli.selected import SOME_NOT, Ticks, Wanted, day_of, selected, selection_options
from archiver.domain.display import safe
from archiver.errors import UsageError

if TYPE_CHECKING:
    from datetime import date

    from archiver.bootstrap import Archive
    from archiver.ports.retention_rows import HoldRecord
    from archiver.services.holds import Holds, Outcome, Trouble

_TROUBLE = {
    "gone": "is destroyed, or its destruction has begun",
    "absent": "is not in the archive",
    "bare": "is held, but its bytes are not in the store: run `minutier verify`",
}


@click.group("hold")
def command() -> None:
    """Keep documents whatever their date, for a matter; and let go of them.

    A hold is accepted at every moment, also while an import or a purge runs.
    """


@command.command("place")
@selection_options
@click.option("--matter", metavar="MATTER", default="", help="The case or inquiry it serves. Shown to the owner only.")
@click.option("--reason", metavar="WORDS", default="", help="Why.")
@click.option("--owner", metavar="PERSON", default="", help="Who answers for it.")
@click.option("--review", metavar="DATE", help="When somebody should ask whether it is still needed. It never ends by itself.")
@click.option("--id", "hold_id", metavar="HOLD", default="", help="Its name; of an open hold: add to it, or finish placing it.")
@click.option("--and-later", is_flag=True, help="With --collection: also what arrives in it from now on.")
@pass_context
def place(
    context: Context,
    ids: tuple[str, ...],
    file: str | None,
    query: str | None,
    collection: str | None,
    batch: str | None,
    matter: str,
    reason: str,
    owner: str,
    review: str | None,
    hold_id: str,
    and_later: bool,
) -> None:
    """Hold documents, each with all it contains.

    A member is held by holding what contains it. Placing a hold may be repeated with its --id, which finishes one that was cut
    off. Exit code 3 when some could not be held: they are listed.
    """
    from archiver.services.holds import Wish

    if and_later and (collection is None or query is not None):
        raise UsageError("--and-later is about a collection", remedy="name it with --collection, and leave --query out")
    wanted = Wanted(ids, file, query, collection, batch)
    wish = Wish(
        matter, reason, owner, day_of(review) if review else None, hold_id, collection if and_later and collection else ""
    )
    with context.open(writable=True, always=True) as archive:
        holds = _holds(context, archive)
        hold, fresh = (None, False) if not and_later else holds.open(wish, by=context.principal.name)
        with selected(context, archive, wanted) as selection:
            if hold is None:
                hold, fresh = holds.open(wish, by=context.principal.name)
            holds = _holds(context, archive, Ticks(context, selection.count, "held").page)
            counts = holds.place(hold, selection.pages())
        total = archive.catalog.held_count(hold.id)
        archive.enter_if_free()
    value = {"hold": hold.id, "new": fresh, "placed": counts.done, "held_before": counts.before, **_told(counts), "holds": total}
    how = "is placed" if fresh else "is added to"
    lines = [f"Hold {hold.id} {how}: {counted(counts.done, 'document')} more, {total:,} in all", *_said(counts)]
    if hold.collection:
        lines.append(f"  what arrives in collection {hold.collection} is held, too")
    context.answer(value, [safe(line) for line in lines])
    _end(counts)


@command.command("release")
@click.argument("hold_id", metavar="HOLD")
@selection_options
@click.option("--reason", metavar="WORDS", required=True, help="Why it may end.")
@pass_context
def release(
    context: Context,
    hold_id: str,
    ids: tuple[str, ...],
    file: str | None,
    query: str | None,
    collection: str | None,
    batch: str | None,
    reason: str,
) -> None:
    """End a hold, or let go of some of what it holds.

    Releases no other hold. A document that nothing else keeps may then go when it is due. Repeating it finishes a release that
    was cut off.
    """
    wanted = Wanted(ids, file, query, collection, batch)
    with context.open(writable=True, always=True) as archive:
        total, by = archive.catalog.held_count(hold_id), context.principal.name
        if wanted.given:
            with selected(context, archive, wanted) as selection:
                holds = _holds(context, archive, Ticks(context, selection.count, "let go").page)
                hold, counts = holds.release_part(hold_id, reason, selection.pages(), by=by)
        else:
            holds = _holds(context, archive, Ticks(context, total, "let go").page)
            hold, counts = holds.release(hold_id, reason, by=by)
        left = archive.catalog.held_count(hold_id)
        archive.enter_if_free()
    value = {"hold": hold.id, "ended": hold.released_at is not None, "let_go": counts.done, "holds": left}
    value |= {"not_held": counts.before, **_told(counts)}
    how = "has ended" if hold.released_at else f"stays, with {counted(left, 'document')}"
    lines = [f"Hold {hold.id} {how}; {counted(counts.done, 'document')} let go", *_said(counts)]
    if counts.before:
        lines.append(f"  {counted(counts.before, 'document')} it did not hold")
    context.answer(value, [safe(line) for line in lines])
    _end(counts)


@command.command("list")
@click.option("--open", "only_open", is_flag=True, help="Only those that still hold.")
@click.option("--overdue", "only_overdue", is_flag=True, help="Only open ones whose review day has passed.")
@pass_context
def list_(context: Context, only_open: bool, only_overdue: bool) -> None:
    """All holds, newest first."""
    from archiver.services.holds import overdue

    with context.open() as archive:
        today, shown = _today(archive), 0
        for hold in archive.catalog.holds():
            late = overdue(hold, today)
            if (only_open and hold.released_at) or (only_overdue and not late):
                continue
            shown += 1
            value = _value(hold) | {"overdue": late, "holds": archive.catalog.held_count(hold.id)}
            context.answer(value, [safe(_line(value))])
    if not shown and not context.as_json:
        context.note("No such hold.")


@command.command("show")
@click.argument("hold_id", metavar="HOLD")
@click.option("--documents", is_flag=True, help="Every document it holds, too.")
@pass_context
def show(context: Context, hold_id: str, documents: bool) -> None:
    """One hold: what for, by whom, and how much it holds."""
    from archiver.services.holds import overdue
    from archiver.services.pages import pages

    with context.open() as archive:
        hold = archive.catalog.hold(hold_id)
        late = overdue(hold, _today(archive))
        value = _value(hold) | {"overdue": late, "holds": archive.catalog.held_count(hold_id)}
        context.answer(value, [safe(line) for line in _described(value)])
        for page in pages(archive.catalog.held_by(hold_id) if documents else (), 500):
            found = archive.catalog.documents(page)
            for document_id in page:
                one = found[document_id]
                row = {"id": document_id, "collection": one.collection, "class": one.retention_class, "path": safe(one.source)}
                context.answer(row, [safe(f"  {document_id}  {one.retention_class}  {one.name}")])


def _holds(context: Context, archive: Archive, tick: Callable[[], None] = lambda: None) -> Holds:
    from archiver.services.holds import Holds
    from archiver.services.register import Register

    register = Register(archive.objects, archive.keys)
    turn = archive.retention_turn
    return Holds(
        archive.catalog, archive.objects, archive.clock, register, turn, lambda _: tick(), lambda one: _trouble(context, one)
    )


def _trouble(context: Context, one: Trouble) -> None:
    """Told as it is met: there may be many."""
    if one.what == "member":
        context.answer(
            {"id": one.document_id, "original": one.about},
            [safe(f"{one.document_id} is part of {one.about}, which is what is held or let go")],
        )
        return
    context.answer({"id": one.document_id, "problem": one.what}, [safe(f"{one.document_id} {_TROUBLE[one.what]}")])


def _told(counts: Outcome) -> dict[str, int]:
    return {"members": counts.members, "destroyed": counts.gone, "absent": counts.absent, "without_bytes": counts.bare}


def _said(counts: Outcome) -> list[str]:
    told = [(counts.before, "were held by it before"), (counts.gone, "are destroyed"), (counts.absent, "are not in the archive")]
    return [f"  {number:,} {words}" for number, words in told[1:] if number]


def _end(counts: Outcome) -> None:
    if counts.incomplete:
        raise click.exceptions.Exit(SOME_NOT)


def _today(archive: Archive) -> date:
    from archiver.services.policies import policy_in_force
    from retention.days import day_in

    return day_in(policy_in_force(archive.catalog).time_zone, archive.clock.now())


def _value(hold: HoldRecord) -> dict[str, Any]:
    return {
        "hold": hold.id,
        "matter": hold.matter,
        "reason": hold.reason,
        "owner": hold.owner,
        "review": hold.review.isoformat() if hold.review else None,
        "collection": hold.collection,
        "placed_at": hold.placed_at.isoformat(),
        "placed_by": hold.placed_by,
        "released_at": hold.released_at.isoformat() if hold.released_at else None,
        "released_by": hold.released_by,
    }


def _line(value: dict[str, Any]) -> str:
    review = f"review {value['review']}{', overdue' if value['overdue'] else ''}" if value["review"] else "no review day"
    state = f"released {value['released_at']:.10}" if value["released_at"] else review
    return f"{value['hold']}  matter {value['matter']}  {value['owner']}  {counted(value['holds'], 'document')}  {state}"


def _described(value: dict[str, Any]) -> list[str]:
    pairs = [
        ("matter", value["matter"]),
        ("reason", value["reason"]),
        ("owner", value["owner"]),
        ("placed", f"{value['placed_at']:.10} by {value['placed_by']}"),
        ("review", f"{value['review']}, overdue" if value["overdue"] else value["review"]),
        ("released", f"{value['released_at']:.10} by {value['released_by']}" if value["released_at"] else ""),
        ("holds", counted(value["holds"], "document")),
        ("later", f"what arrives in collection {value['collection']}, too" if value["collection"] else ""),
    ]
    return [str(value["hold"]), *(f"  {name:<9} {said}" for name, said in pairs if said)]
