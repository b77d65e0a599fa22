"""Port: filling an empty catalogue again from what lies in the object store, and telling whether two catalogues say the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from archiver.domain.document import Document
from archiver.domain.ledger import Tree
from archiver.ports.catalog import Content
from archiver.ports.ledger import Appended
from archiver.ports.retention_rows import PurgeItem, Ref
from retention.signed_head import SignedHead

CatalogDigest = Mapping[str, str]
"""SHA-256 by table, over the rows and columns that can be rebuilt, in the order of their keys; and "all" over these."""


class RebuiltRows(Protocol):
    """Rows of a catalogue that is being rebuilt, and that nobody else uses yet. One transaction a method."""

    def clear(self) -> None:
        """Remove every row that a rebuild which was cut off has left."""

    def add_documents(self, documents: Sequence[Document]) -> None:
        """Write documents with the sequences they carry. One whose id is there already is left as it is."""

    def untold(self, top: int, limit: int) -> list[Document]:
        """Documents whose sequence is not above `top`, in order."""

    def remove_documents(self, document_ids: Sequence[str]) -> None:
        """Take rows away of which only the ledger tells."""

    def forget(self, document_ids: Sequence[str]) -> None:
        """Take away what is known of these for retention: they were destroyed."""

    def add_contents(self, contents: Iterable[Content]) -> set[tuple[str, str, str]]:
        """Write contents; the addresses of those that were there already, which stay as they are."""

    def replace_content(self, content: Content) -> None:
        """Say that these bytes lie elsewhere."""

    def remove_unreferred(self) -> int:
        """Take contents away that no document refers to which is there; how many."""

    def executed(self, purge_id: str, at: Mapping[str, datetime]) -> None:
        """Items of these documents were executed, then."""

    def settled(self, purge_id: str, items: Sequence[PurgeItem]) -> None:
        """Write what became of items: state, why, whether shared, when. Found by position."""

    def leaving(self, purge_id: str, refs: Sequence[Ref]) -> None:
        """These originals are being removed."""

    def append(self, tree: Tree, appended: Appended) -> None:
        """Write leaves and nodes of a sealed segment, and where the tree stands after it."""

    def seal(self, tree: Tree, head: SignedHead) -> None:
        """Write a published head. Leaves up to there are sealed."""

    def planned(self, tree: Tree, end: int) -> None:
        """The next segment ends there: its files are written, its head is not."""

    def digest(self) -> CatalogDigest:
        """What the catalogue says, as digests. Streams all rows."""

    def unconfirmed(self) -> Iterator[Document]:
        """Documents of which only the ledger tells so far (state received), by sequence, lazily."""
