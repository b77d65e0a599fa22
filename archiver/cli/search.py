"""`minutier search`."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import click

from archiver.cli.context import Context, counted, pass_context
from archiver.cli.written_down import write_down
from archiver.domain.display import safe, safe_name

if TYPE_CHECKING:
    from archiver.services.search import Answer, Hit


_WIDEST = 120
"""Columns a fragment takes at most."""


@click.command("search")
@click.argument("query", nargs=-1, metavar="QUERY…")
@click.option("--collection", "collections", multiple=True, metavar="NAME", help="Only in this collection; may be given again.")
@click.option("-n", "--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="Hits on a page.")
@click.option("--cursor", metavar="CURSOR", help="Go on where the page before ended.")
@click.option("--sort", type=click.Choice(["relevance", "newest", "oldest"]), default="relevance", show_default=True)
@click.option("--facets/--no-facets", default=True, help="Count hits by collection, kind, class, year, language and outcome.")
@click.option("--fragments", type=click.IntRange(0, 10), default=2, show_default=True, help="Fragments of text shown for a hit.")
@pass_context
def command(
    context: Context,
    query: tuple[str, ...],
    collections: tuple[str, ...],
    limit: int,
    cursor: str | None,
    sort: str,
    facets: bool,
    fragments: int,
) -> None:
    """Find documents by what is in them.

    \b
    QUERY is made of words, "phrases", +must, -not, prefix*, and field:value:
      minutier search dégât des eaux
      minutier search '"bail commercial" -résiliation kind:pdf'
      minutier search 'author:martin date:2024-01..2024-06'
    Accents, capitals, elisions (l', d') and endings do not matter, in French and English.
    A query that begins with - is given after two dashes: minutier search -- -draft
    """
    from archiver.domain.query import SearchRequest
    from archiver.services.search import Search

    request = SearchRequest(" ".join(query), tuple(collections), limit, cursor, facets, sort)
    with context.open_scoped() as archive:
        answer = Search(archive.catalog, archive.index, archive.texts).run(request, context.scope, fragments=fragments)
        found = tuple(hit.document.id for hit in answer.hits)
        about = ", ".join(f"collection {name}" for name in collections)
        write_down(context, archive, "searched", query=request.text, found=found, total=answer.total, about=about)
        if context.principal.owner and archive.index_is_behind():
            who = "workers bring" if archive.settings.broker_url else "the next import or `minutier reindex` brings"
            context.note(f"Not all documents are in the index yet; {who} them in.")
    if context.as_json:
        for hit in answer.hits:
            context.emit(_body(hit))
        context.emit(
            {
                "total": answer.total,
                "facets": answer.facets,
                "not_fully_read": answer.not_fully_read,
                "next_cursor": answer.next_cursor,
            }
        )
        return
    for hit in answer.hits:
        _show(context, hit)
    _summarise(context, answer)


def _body(hit: Hit) -> dict[str, object]:
    document = hit.document
    return {
        "id": document.id,
        "score": round(hit.score, 4),
        "path": safe(document.source),
        "title": document.summary.get("title", ""),
        "collection": document.collection,
        "class": document.retention_class,
        "media_type": document.media_type,
        "language": document.language,
        "outcome": document.outcome,
        "parent": document.parent_id,
        "highlights": [part.replace("\x02", "<<").replace("\x03", ">>") for part in hit.fragments],
    }


def _show(context: Context, hit: Hit) -> None:
    from archiver.services.index_documents import day_of

    document = hit.document
    title = document.summary.get("title") or document.summary.get("subject") or document.name
    context.say(f"{click.style(safe_name(title, 90), bold=True)}  {click.style(document.id[:13], dim=True)}")
    notes = [
        str(day_of(document)),
        document.media_type.split(";")[0],
        document.language,
        "" if document.outcome == "complete" else f"outcome: {document.outcome}",
    ]
    context.say(click.style(f"  {safe_name(document.source, 100)}", dim=True))
    context.say(click.style("  " + " · ".join(note for note in notes if note), dim=True))
    for fragment in hit.fragments:
        context.say(_fitted(f"… {marked(fragment)} …"))
    context.say()


def _fitted(text: str) -> str:
    """A fragment, indented; on a terminal broken between words, for programs one line."""
    if not sys.stdout.isatty():
        return f"    {text}"
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    return click.wrap_text(text, width, initial_indent="    ", subsequent_indent="      ")


def marked(fragment: str) -> str:
    """A fragment with its matched words standing out, and nothing in it obeyed by the terminal."""
    shown = ""
    for piece in fragment.split("\x02"):
        word, found, rest = piece.partition("\x03")
        shown += click.style(safe(word), fg="yellow", bold=True) + safe(rest) if found else safe(piece)
    return shown


def _summarise(context: Context, answer: Answer) -> None:
    were = "was" if answer.not_fully_read == 1 else "were"
    unread = f"; {counted(answer.not_fully_read, 'document')} in scope {were} not fully read" if answer.not_fully_read else ""
    context.say(counted(answer.total, "hit") + unread)
    for name, counts in answer.facets.items():
        if len(counts) > 1:
            context.say(
                click.style(f"  {name:<11}", dim=True) + "  ".join(f"{safe(value)} {count:,}" for value, count in counts[:6])
            )
    if answer.next_cursor:
        context.say(f"more: a higher --limit, or --cursor {answer.next_cursor}")
