"""`minutier reindex`."""

from __future__ import annotations

import click

from archiver.cli.context import Context, pass_context


@click.command("reindex")
@pass_context
def command(context: Context) -> None:
    """Make the index again from the stored texts. Nothing is read or extracted a second time."""
    from archiver.services.index_documents import catch_up

    with context.open(writable=True) as archive:
        archive.discard_index()
        count = catch_up(archive.catalog, archive.index, archive.texts)
    context.answer({"indexed": count}, [f"{count:,} documents indexed from their stored texts"])
