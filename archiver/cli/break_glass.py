"""`minutier break-glass`: groups that a caller has for some hours, for a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from archiver.cli.context import Context, pass_context
from archiver.domain.display import safe

if TYPE_CHECKING:
    from datetime import datetime

    from archiver.bootstrap import Archive
    from archiver.ports.caller_rows import Grant
    from archiver.services.break_glass import BreakGlass


@click.group("break-glass")
def command() -> None:
    """Let a caller see more for some hours, for a reason. Given by somebody else, entered in the ledger, and listed."""


@command.command("grant")
@click.argument("principal", metavar="PRINCIPAL")
@click.option("--groups", metavar="GROUP,…", required=True, help="Groups it has meanwhile, with commas between.")
@click.option("--reason", metavar="WORDS", required=True, help="Why; kept in the ledger.")
@click.option(
    "--hours", metavar="HOURS", type=click.FloatRange(0, 24, min_open=True), required=True, help="How long; at most 24."
)
@pass_context
def grant(context: Context, principal: str, groups: str, reason: str, hours: float) -> None:
    """Give PRINCIPAL groups from its next call on: key:NAME for an API key, oidc:SUBJECT for the owner of a token.

    What it sees because of them is written down with the grant's id.
    """
    from datetime import timedelta

    from archiver.cli.key_api import words_of

    with context.open(writable=True, always=True) as archive:
        given = _glass(archive).grant(
            principal, words_of(groups), reason, lasting=timedelta(hours=hours), by=context.principal.name
        )
        value = _value(given, archive.clock.now())
        archive.enter_if_free()
    said = f"Grant {given.id}: {given.principal} has {', '.join(sorted(given.groups))} until {given.until:%Y-%m-%d %H:%M} UTC"
    context.answer(value, [safe(said)])


@command.command("end")
@click.argument("grant_id", metavar="GRANT")
@pass_context
def end(context: Context, grant_id: str) -> None:
    """End a grant before its time: it counts no more from the next call on."""
    with context.open(writable=True, always=True) as archive:
        given, ran = _glass(archive).end(grant_id, by=context.principal.name)
        value = _value(given, archive.clock.now())
        archive.enter_if_free()
    context.answer(value | {"new": ran}, [safe(f"Grant {given.id} {'has ended' if ran else 'had ended already'}")])


@command.command("list")
@click.option("--active", "only_active", is_flag=True, help="Only those that are in force.")
@pass_context
def list_(context: Context, only_active: bool) -> None:
    """Every grant that was given, newest first."""
    with context.open() as archive:
        found, now = _glass(archive).all(), archive.clock.now()
    shown = [one for one in found if one.active_at(now) or not only_active]
    for one in shown:
        context.answer(_value(one, now), [safe(_line(one, now))])
    if not shown and not context.as_json:
        context.note("No such grant.")


def _glass(archive: Archive) -> BreakGlass:
    from archiver.adapters.catalog.caller_rows import SqlCallerRows
    from archiver.services.break_glass import BreakGlass
    from archiver.services.register import Register

    rows, register = SqlCallerRows(archive.catalog.engine), Register(archive.objects, archive.keys)
    return BreakGlass(rows, register, archive.clock)


def _value(grant: Grant, now: datetime) -> dict[str, Any]:
    return {
        "grant": grant.id,
        "principal": grant.principal,
        "groups": sorted(grant.groups),
        "reason": grant.reason,
        "granted_by": grant.granted_by,
        "granted_at": grant.granted_at.isoformat(),
        "until": grant.until.isoformat(),
        "ended_at": grant.ended_at.isoformat() if grant.ended_at else None,
        "active": grant.active_at(now),
    }


def _line(grant: Grant, now: datetime) -> str:
    if grant.ended_at:
        state = f"ended {grant.ended_at:%Y-%m-%d %H:%M}"
    else:
        state = f"{'until' if grant.active_at(now) else 'ran out'} {grant.until:%Y-%m-%d %H:%M}"
    groups = ",".join(sorted(grant.groups))
    return f"{grant.id}  {grant.principal}  {groups}  {state}, from {grant.granted_by}: {grant.reason}"
