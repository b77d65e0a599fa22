"""Documents as a catalogue would give them, in memory, with the texts that were read from them: for tests of the index."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from archiver.domain.document import Document, State
from archiver.domain.extraction import Extraction, Outcome
from tests.support.index_entries import doc_id


class RowsOfDocuments:
    """The part of `ports.catalog.Catalog` and `services.texts.Texts` that indexing asks for.

    Attributes:
        before_page: called before each page of `changed_since`, so that a test can change documents in the middle.
    """

    def __init__(self) -> None:
        self.rows: dict[str, Document] = {}
        self.bodies: dict[str, str] = {}
        self.before_page: Callable[[], None] = lambda: None
        self._sequence = 0

    def put(self, number: int, text: str, *, grants: tuple[str, ...] = ("a",), state: State = State.ARCHIVED) -> Document:
        """A new state of document `number`."""
        self._sequence += 1
        document = Document(
            id=doc_id(number), sequence=self._sequence, collection="invoices", retention_class="FR", source=f"/in/{number}.txt",
            name=f"{number}.txt", sha256="", size=1, state=state, outcome=Outcome.COMPLETE, reason="", media_type="text/plain",
            language="fr", received_at=datetime(2024, 1, 1, tzinfo=UTC), batch_id="b", grants=grants, text_key=str(number),
        )  # fmt: skip
        self.rows[document.id] = document
        self.bodies[document.text_key] = text
        return document

    def dispose(self, number: int) -> Document:
        """Leave a tombstone of document `number`."""
        self._sequence += 1
        self.rows[doc_id(number)] = dataclasses.replace(self.rows[doc_id(number)], sequence=self._sequence, state=State.DISPOSED)
        return self.rows[doc_id(number)]

    def changed_since(self, sequence: int) -> Iterator[Document]:
        while True:
            self.before_page()
            page = sorted((row for row in self.rows.values() if row.sequence > sequence), key=lambda row: row.sequence)[:3]
            yield from page
            if not page:
                return
            sequence = page[-1].sequence

    def documents(self, document_ids: Sequence[str]) -> dict[str, Document]:
        return {one: self.rows[one] for one in document_ids if one in self.rows}

    def of(self, document: Document) -> Extraction | None:
        return Extraction(Outcome.COMPLETE, "text/plain", text=self.bodies[document.text_key])
