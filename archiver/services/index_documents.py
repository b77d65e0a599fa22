"""Indexing: what the index is told of a document, and catching up after a crash."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from archiver.domain.document import Document, State
from archiver.domain.extraction import Extraction
from archiver.domain.masking import mask
from archiver.domain.media import kind_of
from archiver.domain.reference import DEPOSIT
from archiver.errors import IntegrityError, NotFoundError
from archiver.ports.catalog import Catalog
from archiver.ports.index import Index, IndexEntry, IndexGeneration
from archiver.services.pages import pages
from archiver.services.texts import Texts

_BATCH = 500
_CHARS = 16_000_000
_COMMIT = 10_000
"""Documents after which the index is committed: what it keeps in memory grows until then."""
_FIELDS = ("from", "to", "subject", "message_id")


def entry_of(document: Document, extraction: Extraction | None, sequence: int) -> IndexEntry:
    """The index entry of an archived document; without its extraction only its own fields are searchable."""
    text = mask(extraction.text, extraction.cards) if extraction else ""
    fields = {name: [document.summary[name]] for name in _FIELDS if document.summary.get(name)}
    fields |= {name: [value] for name, value in document.declared.items()}
    return IndexEntry(
        document_id=document.id,
        version=sequence,
        collection=document.collection,
        partition=str(document.retain_until.year) if document.retain_until else "open",
        retention_class=document.retention_class,
        batch=document.batch_id,
        grants=document.grants,
        denies=document.denies,
        title=document.summary.get("title", ""),
        author=document.summary.get("author", ""),
        text=text,
        path=_path(document),
        kind=kind_of(document.media_type),
        media_type=document.media_type,
        language=document.language,
        outcome=document.outcome.value if document.outcome else "",
        day=day_of(document),
        size=document.size,
        parent_id=document.parent_id or "",
        fields=fields,
    )


def _path(document: Document) -> str:
    """Where its name ends the path: that of a deposit stands in its source only by chance."""
    return f"{document.source}/{document.name}" if document.source.startswith(DEPOSIT) else document.source


def day_of(document: Document) -> date:
    """The document's own date: declared, else created, else received."""
    for text in (document.declared.get("document_date", ""), document.summary.get("created", "")):
        try:
            return date.fromisoformat(text[:10])
        except ValueError:
            continue
    return document.received_at.date()


def catch_up(
    catalog: Catalog, index: Index | IndexGeneration, texts: Texts, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Bring the index up to the catalogue from stored texts; returns how many documents were indexed. Safe to repeat.

    Args:
        progress: told now and then how many were indexed so far.
    """
    count, committed, sequence = 0, 0, index.sequence()
    for some in pages(catalog.changed_since(sequence), _BATCH):
        sequence = some[-1].sequence
        gone = [document for document in some if document.state is State.DISPOSED]
        if gone:
            index.remove([document.id for document in gone], version=gone[-1].sequence)
        count += _add(index, texts, [document for document in some if document.state not in (State.RECEIVED, State.DISPOSED)])
        progress(count)
        if count - committed >= _COMMIT:
            index.commit(sequence)
            committed = count
    if sequence > index.sequence():
        index.commit(sequence)
    return count


def _add(index: Index | IndexGeneration, texts: Texts, documents: Sequence[Document]) -> int:
    """Index documents, with their texts a bounded number of characters at a time; returns how many."""
    batch, chars = list[IndexEntry](), 0
    for document in documents:
        batch.append(entry_of(document, stored(texts, document), document.sequence))
        chars += len(batch[-1].text)
        if chars >= _CHARS:
            index.add(batch)
            batch, chars = [], 0
    index.add(batch)
    return len(documents)


def stored(texts: Texts, document: Document) -> Extraction | None:
    """What was read from a document; None where nothing is stored, or what is stored is lost or damaged."""
    try:
        return texts.of(document)
    except (NotFoundError, IntegrityError):
        return None  # `verify` reports it; the document stays findable by its own fields
