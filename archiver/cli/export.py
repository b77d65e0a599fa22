"""`minutier export`."""

from __future__ import annotations

import sys

import click

from archiver.cli.context import Context, pass_context
from archiver.cli.written_down import write_down
from archiver.domain.display import safe
from archiver.errors import IntegrityError


@click.command("export")
@click.option("--format", type=click.Choice(["jsonl"]), default="jsonl", show_default=True, expose_value=False)
@click.option("--text", is_flag=True, help="Add the text of each document.")
@click.option(
    "--members",
    type=click.Choice(["inline", "apart"]),
    default="inline",
    show_default=True,
    help="With --text: a container's text ends with its members' texts, or not. Members have their own line either way.",
)
@click.option("--collection", metavar="NAME", default="", help="Only this collection.")
@click.option("--batch", metavar="BATCH", default="", help="Only this import.")
@click.option("-o", "--output", metavar="FILE", help="Write to a file.")
@pass_context
def command(context: Context, text: bool, members: str, collection: str, batch: str, output: str | None) -> None:
    """Write the catalogue, one JSON object a document.

    Keys: id, path, parent (a member's container), status and outcome (how far its text could be read), metadata, text, and
    what the catalogue knows. Payment card numbers in texts are masked.
    """
    from archiver.services.export import Export

    with context.open_scoped() as archive:
        asked = (("collection", collection), ("batch", batch), ("with", "texts" if text else ""))
        write_down(context, archive, "exported", about=", ".join(f"{name} {value}" for name, value in asked if value))
        export = Export(archive.catalog, archive.texts, context.scope)
        stream = open(output, "w", encoding="ascii") if output else sys.stdout  # noqa: SIM115  # stdout stays open
        try:
            count = export.write(stream, text=text, inline=members == "inline", collection=collection, batch_id=batch)
        finally:
            if output:
                stream.close()
    if export.without_text:
        raise IntegrityError(
            f"written whole but for {export.without_text:,} stored texts that are lost or damaged",
            remedy="run `minutier verify`; it names them",
        )
    if output:
        context.note(f"Wrote {count:,} documents to {safe(output)}")
