"""`minutier rebuild`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from archiver.cli.context import Context, counted, pass_context
from archiver.domain.display import safe

if TYPE_CHECKING:
    from archiver.bootstrap.rebuilding import Replaced

DAMAGED = 4
EVERY = 5.0
"""Seconds between two words about how it goes."""
_LISTED = 50


@click.command("rebuild")
@click.option("--replace", is_flag=True, help="There is a catalogue: put the new one in its place, and keep the old one.")
@click.option("--digest", is_flag=True, help="Only say the digest of the catalogue as it is.")
@pass_context
def command(context: Context, replace: bool, digest: bool) -> None:
    """Make the catalogue again from the objects alone: records, originals, ledger, policies, holds, purges.

    The new catalogue is made beside the old one, which answers searches until the end and is kept. On PostgreSQL it is made in
    an empty database. Everything is checked while it is read; exits with 4 when something in the store does not fit.
    Afterwards `minutier reindex` brings the index to it, and `minutier verify` compares everything with everything.
    """
    context.require_owner()
    if digest:
        _digest(context)
        return
    from archiver.bootstrap.rebuilding import rebuild

    done = rebuild(context.home, replace=replace, tick=_now_and_then(context))
    context.answer(_body(done), _lines(done))
    if done.rebuilt.findings:
        sys.exit(DAMAGED)


def _digest(context: Context) -> None:
    from archiver.adapters.catalog.rebuild_rows import SqlRebuiltRows

    with context.open() as archive:
        found = dict(SqlRebuiltRows(archive.catalog.engine).digest())
    context.answer({"digest": found}, [f"{value}  {name}" for name, value in found.items()])


def _body(done: Replaced) -> dict[str, Any]:
    from archiver.services.rebuild import NOT_REBUILT

    found = done.rebuilt
    return {
        "records": found.records,
        "contents": found.contents,
        "entries": found.entries,
        "entered_anew": found.entered_anew,
        "lost": found.lost,
        "kept": str(done.kept) if done.kept else None,
        "digest": dict(found.digest),
        "findings": [{"where": one.where, "what": one.what} for one in found.findings],
        "not_listed": found.not_listed,
        "not_rebuilt": list(NOT_REBUILT),
    }


def _lines(done: Replaced) -> list[str]:
    from archiver.services.rebuild import NOT_REBUILT

    found = done.rebuilt
    entries = ", ".join(f"{count:,} {kind}" for kind, count in sorted(found.entries.items()))
    lines = [
        f"{counted(found.records, 'record')} read, {counted(found.contents, 'stored original')}, ledger entries: {entries or 'none'}",
        f"Catalogue digest: {found.digest['all']}",
    ]
    if found.entered_anew:
        lines.append(f"{counted(found.entered_anew, 'document')} archived after the ledger was last sealed: entered anew")
    if found.lost:
        lines.append(f"{counted(found.lost, 'document')} cannot be brought back: the records are gone")
    lines += ["Not in any object, and so not rebuilt:", *(f"  {what}" for what in NOT_REBUILT)]
    if done.kept:
        lines.append(f"The catalogue before lies in {safe(str(done.kept))}; it may name what was destroyed: remove it in time.")
    if found.findings:
        lines.append(click.style(f"{counted(len(found.findings) + found.not_listed, 'finding')}:", fg="red", bold=True))
        lines += [f"  {safe(one.where)}\n      {safe(one.what)}" for one in found.findings[:_LISTED]]
    return [*lines, "Next: minutier reindex, then minutier verify"]


def _now_and_then(context: Context) -> Callable[[str, int], None]:
    """Says how far it has come every few seconds."""
    said = time.monotonic()

    def say(what: str, count: int) -> None:
        nonlocal said
        if time.monotonic() - said >= EVERY:
            said = time.monotonic()
            context.note(f"{count:,} {what}")

    return say
