"""Which documents a command is about: the options that several commands share, and the selection they make."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import click

from archiver.cli.context import Context, counted
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.bootstrap import Archive
    from archiver.services.selection import Selection

Command = TypeVar("Command", bound=Callable[..., Any])

SOME_NOT = 3
"""Exit code: done, but for some, which were listed."""

_EVERY = 10.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options say."""

    ids: tuple[str, ...] = ()
    file: str | None = None
    query: str | None = None
    collection: str | None = None
    batch: str | None = None

    @property
    def given(self) -> int:
        """How many of the ways to choose were used."""
        return sum((bool(self.ids), *(one is not None for one in (self.file, self.query, self.collection, self.batch))))


def selection_options(command: Command) -> Command:
    """ID…, --file, --query, --collection and --batch."""
    for option in (
        click.option("--batch", metavar="BATCH", help="All documents of an import."),
        click.option("--collection", metavar="NAME", help="All documents of a collection; with --query, only those."),
        click.option("--query", metavar="QUERY", help="All documents that a search finds."),
        click.option(
            "--file", metavar="FILE", help="Ids in a file, one a line, or what `minutier search --json` printed; - for input."
        ),
        click.argument("ids", metavar="[ID]...", nargs=-1),
    ):
        command = option(command)
    return command


def selected(context: Context, archive: Archive, wanted: Wanted) -> Selection:
    """The ids that are asked for, in a file of this command's own.

    Raises:
        UsageError: nothing, or several things at once; or the file or the query is wrong.
        NotFoundError: an id on the command line is no document's.
    """
    from archiver.services.selection import Selection, found_ids, given_ids, original_ids

    both = wanted.query is not None and wanted.collection is not None
    if wanted.given != 1 + both:
        raise UsageError(
            "say which documents, in one way", remedy="give ids, or one of --file, --query, --collection and --batch"
        )
    if wanted.ids:
        return Selection().add(given_ids(archive.catalog, context.scope, wanted.ids))
    if wanted.file is not None:
        return _listed(wanted.file)
    if wanted.query is not None:
        if archive.index_is_behind():
            context.note(
                "Not all documents are in the index yet: those were not looked at. --collection and --batch ask no index."
            )
        return Selection().add(found_ids(archive.index, wanted.query, context.scope, wanted.collection or ""))
    batch_id = _batch(archive, wanted)
    return Selection().add(original_ids(archive.catalog, context.scope, collection=wanted.collection or "", batch_id=batch_id))


def day_of(written: str) -> date:
    """A day as it is written on the command line.

    Raises:
        UsageError: it is none.
    """
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        raise UsageError(f"{written!r} is no date", remedy="write it like 2027-03-31") from error


def finish(archive: Archive) -> None:
    """Enter what was done, and let the index know documents as they are now: here, or by workers where there are any."""
    from archiver.services.index_documents import catch_up

    archive.ledger.sequence()
    archive.ledger.seal()
    if archive.settings.broker_url:
        from archiver.bootstrap.changes import announce_changes

        announce_changes(archive)
    else:
        catch_up(archive.catalog, archive.index, archive.texts)


def _batch(archive: Archive, wanted: Wanted) -> str:
    return archive.catalog.batch(wanted.batch).id if wanted.batch else ""


def _listed(file: str) -> Selection:
    from archiver.services.selection import Selection, listed_ids

    if file == "-":
        return Selection().add(listed_ids(sys.stdin.buffer, "the list on standard input"))
    try:
        with open(file, "rb") as lines:
            return Selection().add(listed_ids(lines, file))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", remedy="name a file of ids, one a line") from error


class Ticks:
    """A line on standard error every ten seconds: how many of the selection are done."""

    def __init__(self, context: Context, total: int, doing: str) -> None:
        self._context, self._total, self._doing = context, total, doing
        self._pages, self._last = 0, time.monotonic()

    def page(self) -> None:
        """Another page is done."""
        from archiver.services.selection import PAGE

        self._pages += 1
        if time.monotonic() - self._last >= _EVERY:
            self._last = time.monotonic()
            done = min(self._pages * PAGE, self._total)
            self._context.note(f"{self._doing}: {done:,} of {counted(self._total, 'document')}")
