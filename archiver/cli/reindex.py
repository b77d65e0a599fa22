"""`minutier reindex`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from archiver.cli.context import Context, counted, pass_context
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.bootstrap import Archive
    from archiver.services.rebuild_index import Rebuilt

EVERY = 10.0
"""Seconds between two words about how it goes."""


@click.command("reindex")
@click.option("--drop-old", is_flag=True, help="Only delete the indices that earlier runs kept on the server.")
@click.option("--accept-differences", is_flag=True, help="Take the new index although it differs from the one before.")
@pass_context
def command(context: Context, drop_old: bool, accept_differences: bool) -> None:
    """Make the index again from the stored texts. Nothing is read or extracted a second time.

    On a server (index_url) the new index is made beside the one that answers, compared with the catalogue and with it,
    and only then searched; imports go on meanwhile. The old one is kept until --drop-old.
    """
    with context.open(writable=True) as archive:
        if archive.settings.index_url:
            _on_server(context, archive, drop_old=drop_old, accept_differences=accept_differences)
        elif drop_old or accept_differences:
            raise UsageError("the embedded index has no old one beside it", remedy="run `minutier reindex` without options")
        else:
            _embedded(context, archive)


def _embedded(context: Context, archive: Archive) -> None:
    from archiver.services.index_documents import catch_up

    archive.discard_index()
    count = catch_up(archive.catalog, archive.index, archive.texts)
    context.answer({"indexed": count}, [f"{count:,} documents indexed from their stored texts"])


def _on_server(context: Context, archive: Archive, *, drop_old: bool, accept_differences: bool) -> None:
    from archiver.bootstrap.index_generations import index_generations
    from archiver.services.rebuild_index import RebuildIndex

    generations = index_generations(archive)
    if drop_old:
        names = generations.drop_former()
        context.answer({"dropped": names}, [f"dropped {name}" for name in names] or ["there is no old index"])
        return
    service = RebuildIndex(archive.catalog, archive.texts, generations)
    result = service.run(accept_differences=accept_differences, progress=_now_and_then(context))
    context.answer(
        {name: getattr(result, name) for name in type(result).__slots__},
        _told(result),
    )


def _now_and_then(context: Context) -> Callable[[int], None]:
    """Says how far it has come every ten seconds."""
    said = time.monotonic()

    def say(count: int) -> None:
        nonlocal said
        if time.monotonic() - said >= EVERY:
            said = time.monotonic()
            context.note(f"{count:,} documents indexed")

    return say


def _told(result: Rebuilt) -> list[str]:
    lines = [
        f"{result.indexed:,} documents indexed from their stored texts into {result.name}",
        f"{result.compared:,} documents equal to the catalogue, {result.agreed:,} equal to those in {result.former or 'no index before'}",
    ]
    if result.mended:
        lines.append(f"{counted(result.mended, 'document')} that {result.former} lacked or had in an older state")
    if result.leftover:
        lines.append(f"{counted(result.leftover, 'document')} in {result.former} that the catalogue does not have")
    if result.differing:
        lines.append(f"{counted(result.differing, 'document')} accepted although different")
    return [*lines, f"{result.former} is kept; `minutier reindex --drop-old` deletes it"] if result.former else lines
