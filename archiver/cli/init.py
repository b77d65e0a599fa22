"""`minutier init`."""

from __future__ import annotations

import click

from archiver.cli.context import Context, pass_context
from archiver.domain.display import safe


@click.command("init")
@click.option("--if-missing", is_flag=True, help="Do nothing when there is one already.")
@pass_context
def command(context: Context, if_missing: bool) -> None:
    """Make a new archive.

    It lies in one folder: originals, records and texts as plain files, a catalogue, an index, and the archive's keys. Where
    servers are set, their parts are made there, and the folder keeps the keys.
    """
    from archiver.bootstrap import MARKER, create, exists_on_servers
    from archiver.settings import load

    context.require_owner()
    settings, _ = load(context.home)
    there = exists_on_servers(settings) if settings.catalog_url else (context.home / MARKER).exists()
    if if_missing and there:
        context.answer({"archive": str(context.home), "made": False}, ["There is an archive already; nothing was made."])
        return
    create(context.home)
    context.answer(
        {"archive": str(context.home)},
        [
            f"Made an archive in {safe(str(context.home))}",
            "Its keys are in the folder `keys`: keep a copy of them in a safe place, apart from the archive.",
            "Next: minutier import FOLDER",
        ],
    )
