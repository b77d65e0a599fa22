"""Entries for tests of the index: small, with everything that is not of interest filled in."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import date

from archiver.domain.access import Scope
from archiver.ports.index import IndexEntry

EVERYTHING = Scope(frozenset(), everything=True)

_PLAIN = IndexEntry(
    document_id="",
    version=1,
    collection="invoices",
    partition="open",
    retention_class="FR-ACCOUNTING",
    batch="b1",
    grants=("owner",),
    denies=(),
    title="",
    author="",
    text="",
    path="/in/file.pdf",
    kind="pdf",
    media_type="application/pdf",
    language="fr",
    outcome="complete",
    day=date(2024, 3, 1),
    size=10,
)


def doc_id(number: int) -> str:
    """A document id that sorts like its number; ids of numbers below 2**20 share the bits the sort key can hold."""
    return str(uuid.UUID(int=number))


def entry(number: int, text: str = "", **changes: object) -> IndexEntry:
    """The entry of document `number`."""
    return dataclasses.replace(_PLAIN, document_id=doc_id(number), text=text, **changes)  # type: ignore[arg-type]
