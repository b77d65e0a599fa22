"""Export: the catalogue as JSON Lines, a document a line, for analysts and for whoever leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any

from archiver.domain.access import Scope
from archiver.domain.document import Document, State
from archiver.domain.extraction import Extraction, Outcome
from archiver.domain.masking import mask
from archiver.errors import IntegrityError, NotFoundError
from archiver.ports.catalog import Catalog
from archiver.services.texts import Texts

STATUS = {Outcome.COMPLETE: "ok", Outcome.CRASHED: "crash"}
"""Outcomes that other programs know by another word; all others keep theirs."""


class Export:
    """Writes documents that `scope` admits.

    Attributes:
        without_text: how often a stored text was lost or damaged; what is known of it otherwise was written all the same.
    """

    def __init__(self, catalog: Catalog, texts: Texts, scope: Scope) -> None:
        self._catalog, self._texts, self._scope = catalog, texts, scope
        self.without_text = 0

    def write(self, stream: IO[str], *, text: bool, inline: bool, collection: str = "", batch_id: str = "") -> int:
        """One JSON object a line; returns how many.

        Args:
            text: add the text read from each document.
            inline: a container's text ends with its members' texts (each member also has its own line).
        """
        count = 0
        for document in self._catalog.select(collection=collection, batch_id=batch_id):
            if document.state is State.DISPOSED or not self._scope.admits(document):
                continue
            self._line(stream, document, text=text, inline=inline)
            count += 1
        return count

    def _line(self, stream: IO[str], document: Document, *, text: bool, inline: bool) -> None:
        extraction = self._extraction(document)
        head = json.dumps(body(document, extraction), ensure_ascii=True, separators=(",", ":"))
        if not text:
            stream.write(head + "\n")
            return
        stream.write(head[:-1] + ',"text":"')  # piece by piece: a container's members need not fit into memory
        stream.write(_inner(_masked(extraction)))
        if inline and document.members and not document.root_id:
            for member in self._members(document):
                stream.write("\\n" + _inner(_masked(self._extraction(member))))
        stream.write('"}\n')

    def _members(self, document: Document) -> Iterator[Document]:
        return (one for one in self._catalog.select(root_id=document.id) if self._scope.admits(one))

    def _extraction(self, document: Document) -> Extraction | None:
        try:
            return self._texts.of(document)
        except (NotFoundError, IntegrityError):
            self.without_text += 1
            return None


def body(document: Document, extraction: Extraction | None) -> dict[str, Any]:
    """What is written of a document, without its text."""
    outcome = document.outcome
    return {
        "id": document.id,
        "path": document.source,
        "parent": document.parent_id,
        "status": STATUS.get(outcome, outcome.value) if outcome else "waiting",
        "outcome": outcome.value if outcome else None,
        "reason": document.reason,
        "media_type": document.media_type,
        "language": document.language,
        "collection": document.collection,
        "class": document.retention_class,
        "sha256": document.sha256,
        "size": document.size,
        "received_at": document.received_at.isoformat(),
        "retain_until": document.retain_until.isoformat() if document.retain_until else None,
        "declared": document.declared,
        "summary": document.summary,
        "members": document.members,
        "metadata": {**(extraction.metadata if extraction else {}), **document.summary},
    }


def _masked(extraction: Extraction | None) -> str:
    return mask(extraction.text, extraction.cards) if extraction else ""


def _inner(text: str) -> str:
    return json.dumps(text, ensure_ascii=True)[1:-1]
