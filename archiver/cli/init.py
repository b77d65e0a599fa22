"""`minutier init`."""

from __future__ import annotations

import click

from archiver.cli.context import Context, pass_context
from archiver.domain.display import safe


@click.command("init")
@pass_context
def command(context: Context) -> None:
    """Make a new archive.

    It lies in one folder: originals, records and texts as plain files, a catalogue, an index, and the archive's keys.
    """
    from archiver.bootstrap import create

    context.require_owner()
    create(context.home)
    context.answer(
        {"archive": str(context.home)},
        [
            f"Made an archive in {safe(str(context.home))}",
            "Its keys are in the folder `keys`: keep a copy of them in a safe place, apart from the archive.",
            "Next: minutier import FOLDER",
        ],
    )
