"""`minutier review`: what becomes of documents whose class leaves it to a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from archiver.cli.context import Context, counted, pass_context
from archiver.cli.selected import SOME_NOT, Ticks, Wanted, day_of, finish, selected, selection_options
from archiver.domain.display import safe
from archiver.errors import RefusedError

if TYPE_CHECKING:
    from archiver.bootstrap import Archive
    from archiver.services.reviews import Due, Reviews, Ruling, Unfit
    from archiver.services.selection import Selection


@click.group("review")
def command() -> None:
    """Decide about documents whose class asks a person: `then: review` and `then: transfer`."""


@command.command("list")
@click.option("--class", "retention_class", metavar="CLASS", default="", help="Only of this class.")
@click.option("--collection", metavar="NAME", default="", help="Only of this collection.")
@click.option("--overdue", is_flag=True, help="Only those for which the law's maximum has passed.")
@click.option("--passed-limit", is_flag=True, help="All for which the law's maximum has passed, whatever keeps them.")
@pass_context
def list_(context: Context, retention_class: str, collection: str, overdue: bool, passed_limit: bool) -> None:
    """Documents that wait for a decision, the longest due first, each with the reasons."""
    count = 0
    with context.open() as archive:
        reviews = _reviews(context, archive)
        for one in reviews.waiting(collection=collection, retention_class=retention_class, passed_limit=passed_limit):
            if overdue and not one.judgement.verdict.overdue:
                continue
            count += 1
            _show(context, one)
    if not count and not context.as_json:
        context.note("No such document." if passed_limit else "No document waits for a decision.")


@command.command("decide")
@click.argument("choice", metavar="destroy|keep|transferred", type=click.Choice(["destroy", "keep", "transferred"]))
@selection_options
@click.option("--reason", metavar="WORDS", required=True, help="Why.")
@click.option("--until", metavar="DATE", help="With keep: the new last day. They are asked about again after it.")
@click.option("--reference", metavar="WORDS", default="", help="With transferred: the receipt of whoever has them now.")
@pass_context
def decide(
    context: Context,
    choice: str,
    ids: tuple[str, ...],
    file: str | None,
    query: str | None,
    collection: str | None,
    batch: str | None,
    reason: str,
    until: str | None,
    reference: str,
) -> None:
    """Decide about documents that are due today. Destroys nothing: a purge may then plan them.

    When one of them is not due, or its class asks for something else, nothing is decided and they are listed, with exit code 5.
    """
    from archiver.services.reviews import Ruling
    from retention.decision import Choice

    wanted = Wanted(ids, file, query, collection, batch)
    ruling = Ruling(Choice(choice), reason, day_of(until) if until else None, reference)
    with context.open(writable=True, beside=True) as archive:
        with selected(context, archive, wanted) as selection:
            _require_fit(context, archive, ruling, selection)
            reviews = _reviews(context, archive, Ticks(context, selection.count, "decided").page)
            counts = reviews.decide(ruling, selection.pages(), by=context.principal.name)
        finish(archive)
    value = {"choice": choice, "until": ruling.until, "decided": counts.decided, "left": counts.unfit, "members": counts.members}
    lines = [f"{choice}: decided for {counted(counts.decided, 'document')}"]
    lines += [f"  {counts.unfit:,} changed meanwhile, and were left as they are"] if counts.unfit else []
    context.answer(value, [safe(line) for line in lines])
    if counts.unfit:
        raise click.exceptions.Exit(SOME_NOT)


def _require_fit(context: Context, archive: Archive, ruling: Ruling, selection: Selection) -> None:
    counts = _reviews(context, archive).check(ruling, selection.pages())
    if counts.unfit:
        raise RefusedError(
            f"{counted(counts.unfit, 'document')} cannot be decided about so; nothing was decided",
            remedy="leave out those listed; `minutier review list` shows what waits for a decision",
        )


def _reviews(context: Context, archive: Archive, tick: Callable[[], None] = lambda: None) -> Reviews:
    from archiver.services.register import Register
    from archiver.services.reviews import Reviews

    register, turn = Register(archive.objects, archive.keys), archive.retention_turn
    return Reviews(
        archive.catalog, archive.objects, archive.clock, register, turn, lambda _: tick(), lambda one: _unfit(context, one)
    )


def _unfit(context: Context, one: Unfit) -> None:
    context.answer({"id": one.document_id, "problem": one.why}, [safe(f"{one.document_id} {one.why}")])


def _show(context: Context, one: Due) -> None:
    document, verdict = one.document, one.judgement.verdict
    value = {
        "id": document.id,
        "collection": document.collection,
        "class": document.retention_class,
        "until": verdict.until,
        "then": verdict.action.value,
        "overdue": verdict.overdue,
        "waits_for": one.judgement.why.value if one.judgement.why else None,
        "reasons": one.judgement.sentence,
        "path": safe(document.source),
    }
    late = ", past the law's maximum" if verdict.overdue else ""
    context.answer(
        value, [safe(f"{document.id}  {document.retention_class}  {document.name}"), safe(f"  {one.judgement.sentence}{late}")]
    )
