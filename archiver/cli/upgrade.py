"""`minutier upgrade`."""

from __future__ import annotations

import click

from archiver.cli.context import Context, pass_context
from archiver.domain.display import safe


@click.command("upgrade")
@pass_context
def command(context: Context) -> None:
    """Bring the archive to what this version of the program needs.

    Originals, records and texts stay as they are; only the catalogue changes, whole or not at all. An archive in a folder keeps
    a copy of its catalogue as it was. With a catalogue on PostgreSQL, stop workers and imports first and make a dump.
    """
    from archiver.bootstrap.upgrade import upgrade

    context.require_owner()
    done = upgrade(context.home)
    copy = str(done.copy) if done.copy else None
    if done.before == done.after:
        lines = [f"The catalogue has schema {done.after} already; nothing was changed."]
    else:
        lines = [f"The catalogue had schema {done.before} and has schema {done.after} now."]
    if copy:
        lines.append(f"As it was, it lies in {safe(copy)}: remove that when `minutier verify` finds nothing.")
    context.answer({"before": done.before, "after": done.after, "copy": copy}, lines)
