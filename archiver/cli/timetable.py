"""`minutier timetable`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from archiver.cli.context import Context, pass_context
from archiver.domain.display import safe
from archiver.errors import InterruptedRunError, UsageError

if TYPE_CHECKING:
    from archiver.services.timetable import Outcome

DAMAGED = 4


@click.command("timetable")
@click.option("--all", "all_", is_flag=True, help="Do everything, whether it is due or not.")
@click.option("--only", multiple=True, metavar="DUTY", help="Do only this, due or not; may be given again.")
@click.option("--list", "list_", is_flag=True, help="Say what there is, how often it is done and when it was last; do nothing.")
@pass_context
def command(context: Context, all_: bool, only: tuple[str, ...], list_: bool) -> None:
    """Do what is due now: once a day, from cron or a systemd timer. Where workers run, they do it.

    Keeps locks and holds at the store as they should be, seals the ledger, reads a share of everything back, plans purges that
    somebody may approve, and tells what waits for a person. Never approves and never destroys. Exit code 4 when something is
    not as it was written.
    """
    from archiver.bootstrap.timetable import DUTIES, timetable_of
    from archiver.cli.run_import import Stop

    if unknown := [name for name in only if name not in DUTIES]:
        raise UsageError(f"there is no duty {unknown[0]!r}", remedy=f"there are: {', '.join(DUTIES)}")
    outcomes: list[Outcome] = []
    with Stop() as stop, context.open(writable=True, beside=True) as archive:

        def tick() -> None:
            if stop():
                raise InterruptedRunError("the timetable is stopped", remedy="`minutier timetable` goes on")

        with timetable_of(archive, tick) as timetable:
            if list_:
                for duty in timetable.duties:
                    last = timetable.last(duty.name)
                    value = {"duty": duty.name, "every_seconds": int(duty.every.total_seconds()), "due": timetable.is_due(duty)}
                    when = f"last {last[0]:%Y-%m-%d %H:%M}{', failed' if last[1] else ''}" if last else "never done"
                    due = ", due" if value["due"] else ""
                    context.answer(
                        value | {"last": last[0] if last else None, "failed": bool(last and last[1])},
                        [f"{duty.name:<10} every {duty.every}, {when}{due}"],
                    )
                return
            for outcome in timetable.run(only=only, all_=all_):
                outcomes.append(outcome)
                context.answer(_value(outcome), _lines(outcome))
            archive.ledger.sequence()
    _end(context, outcomes)


def _end(context: Context, outcomes: list[Outcome]) -> None:
    if not outcomes:
        context.note("Nothing is due.")
    if any(one.report.damaged for one in outcomes):
        sys.exit(DAMAGED)
    failure = next((one.failure for one in outcomes if one.failure is not None), None)
    if failure is not None:
        sys.exit(failure.exit_code)


def _value(one: Outcome) -> dict[str, object]:
    error = {"code": one.failure.code, "message": str(one.failure), "remedy": one.failure.remedy} if one.failure else None
    return {
        "duty": one.duty,
        "at": one.at,
        "counts": dict(one.report.counts),
        "notes": list(one.report.notes),
        "damaged": one.report.damaged,
        "error": error,
    }


def _lines(one: Outcome) -> list[str]:
    if one.failure is not None:
        remedy = f" ({one.failure.remedy})" if one.failure.remedy else ""
        return [safe(f"{one.duty:<10} not done: {one.failure}{remedy}")]
    counts = ", ".join(f"{name} {number:,}" for name, number in one.report.counts.items())
    return [safe(f"{one.duty:<10} {counts or 'done'}"), *(safe(f"{'':<10} {note}") for note in one.report.notes)]
