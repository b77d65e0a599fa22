"""Which documents a change is about, as a caller says it: of those that it may see, and of nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from archiver.domain.access import Scope
from archiver.errors import NotFoundError
from archiver.services.pages import pages
from archiver.services.selection import PAGE, Selection, found_ids, original_ids, visible_ids

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archiver.bootstrap.archive import Archive

MOST_IDS = 10_000
MOST_TROUBLES = 1_000
"""Documents of one answer about which something is told; how many more there are is said."""

PARTIAL = "The query was asked while not all documents were in the index yet. A collection or a batch asks no index."

Name = Annotated[str, Field(min_length=1, max_length=128)]


class Selected(BaseModel):
    """Documents, in one way: `ids`, or `query` (with `collection`: only there), or `collection`, or `batch`.

    What the caller may not see is not among them, and an id of such a document is `absent` as one that does not exist.
    """

    model_config = ConfigDict(extra="forbid")

    ids: list[Annotated[str, Field(max_length=100)]] | None = Field(None, min_length=1, max_length=MOST_IDS)
    query: str | None = Field(None, min_length=1, max_length=2_000, description="The query language of `/v1/search`.")
    collection: Name | None = None
    batch: Name | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        both = self.query is not None and self.collection is not None
        if sum(one is not None for one in (self.ids, self.query, self.collection, self.batch)) != 1 + both:
            raise ValueError("say which documents in one way: ids, or query, or collection, or batch")
        return self


class Trouble(BaseModel):
    """A document for which something could not be done, or was done otherwise."""

    id: str
    what: Literal["absent", "destroyed", "without-bytes", "member", "later-day-kept"]
    about: str = Field(default="", description="For a `member` the original in its place; for `later-day-kept` the day.")


class Troubles:
    """What is told of single documents while a change is made, as far as an answer has room."""

    def __init__(self) -> None:
        self.first: list[Trouble] = []
        self.left_out = 0

    def add(self, trouble: Trouble) -> None:
        """One more."""
        if len(self.first) < MOST_TROUBLES:
            self.first.append(trouble)
        else:
            self.left_out += 1


class Choice:
    """The ids that are meant, in a file of this request's own; to be closed.

    Attributes:
        absent: ids given that are no document's which the caller may see.
        partial: a query was asked while not all documents were in the index yet: those were not looked at.

    Raises:
        NotFoundError: nothing is meant that the caller may see.
        UsageError: the query cannot be read.
    """

    def __init__(self, archive: Archive, scope: Scope, wanted: Selected, *, may_be_none: bool = False) -> None:
        self.absent: list[str] = []
        self.partial = wanted.query is not None and archive.index_is_behind()
        self.selection = Selection()
        try:
            self.selection.add(self._ids(archive, scope, wanted))
        except BaseException:
            self.selection.close()
            raise
        if not self.selection.count and not may_be_none:
            self.selection.close()
            raise NotFoundError("there is no such document", remedy="search tells the ids of those you may see")

    def __enter__(self) -> Choice:
        return self

    def __exit__(self, *_: object) -> None:
        self.selection.close()

    def _ids(self, archive: Archive, scope: Scope, wanted: Selected) -> Iterable[str]:
        if wanted.ids is not None:
            return self._given(archive, scope, wanted.ids)
        if wanted.query is not None:
            return found_ids(archive.index, wanted.query, scope, wanted.collection or "")
        return original_ids(archive.catalog, scope, collection=wanted.collection or "", batch_id=wanted.batch or "")

    def _given(self, archive: Archive, scope: Scope, given: list[str]) -> Iterable[str]:
        known = {one: _canonical(one) for one in dict.fromkeys(given)}
        self.absent = [one for one, whole in known.items() if whole is None]
        for page in pages(dict.fromkeys(whole for whole in known.values() if whole is not None), PAGE):
            seen = visible_ids(archive.catalog, scope, page)
            self.absent += [one for one in page if one not in set(seen)]
            yield from seen


def _canonical(given: str) -> str | None:
    try:
        return str(UUID(given))
    except ValueError:
        return None
