"""Which documents a command is about: ids, a saved list, a query, a collection or a batch; always turned into originals.

The ids are first written to a file on this machine, so that what is then done, however long it takes, is done to one list, and
memory does not grow with it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType

from archiver.domain.access import Scope
from archiver.domain.document import Document, State
from archiver.domain.query import SearchRequest
from archiver.errors import UsageError
from archiver.ports.catalog import Catalog
from archiver.ports.index import Index
from archiver.services.circumstances import original_of
from archiver.services.retrieve import find

PAGE = 500
_ID_LIMIT = 36


class Selection:
    """Ids of documents, in a file that is gone when this is closed. Can be gone through more than once."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile("w+", encoding="ascii")  # noqa: SIM115  # closed by `close`
        self.count = 0

    def add(self, ids: Iterable[str]) -> Selection:
        """More of them."""
        for document_id in ids:
            self._file.write(document_id + "\n")
            self.count += 1
        return self

    def pages(self) -> Iterator[list[str]]:
        """The ids, a page at a time."""
        self._file.flush()
        at = 0
        while True:
            self._file.seek(at)
            lines = [line.rstrip("\n") for line, _ in zip(iter(self._file.readline, ""), range(PAGE), strict=False)]
            if not lines:
                return
            at += sum(len(line) + 1 for line in lines)
            yield lines

    def __enter__(self) -> Selection:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Safe to repeat."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class Chosen:
    """Originals of a page of ids.

    Attributes:
        originals: those that are there, by id.
        gone: of these the archive keeps a tombstone only.
        absent: ids the archive does not know.
        members: of ids that were members' the original each belongs to.
    """

    originals: Sequence[Document] = ()
    gone: Sequence[Document] = ()
    absent: Sequence[str] = ()
    members: dict[str, str] = field(default_factory=dict)


def originals(catalog: Catalog, ids: Sequence[str]) -> Chosen:
    """What a page of ids stands for now; to be asked within the retention turn by whoever changes them."""
    found = catalog.documents(ids)
    members = {str(one.id): original_of(one) for one in found.values() if one.root_id}
    roots = catalog.documents(list(dict.fromkeys(map(original_of, found.values()))))
    there = sorted((one for one in roots.values() if one.state is not State.DISPOSED), key=lambda one: one.id)
    gone = [one for one in roots.values() if one.state is State.DISPOSED]
    return Chosen(there, gone, [one for one in dict.fromkeys(ids) if one not in found], members)


def given_ids(catalog: Catalog, scope: Scope, given: Sequence[str]) -> list[str]:
    """Ids as a person writes them, each whole or by its beginning.

    Raises:
        NotFoundError: one of them is no document's.
        UsageError: one of them cannot be an id, or several documents begin so.
    """
    return [find(catalog, scope, one).id for one in given]


def listed_ids(lines: Iterable[bytes], name: str) -> Iterator[str]:
    """Ids in a saved list: one a line, or JSON objects that have one under "id" (what `minutier search --json` prints).

    A line of JSON without an id, such as the sums at the end of an answer, is passed over.

    Raises:
        UsageError: a line is neither.
    """
    for number, raw in enumerate(lines, 1):
        line = raw.strip()
        if not line:
            continue
        document_id = _id_in(line)
        if document_id is None:
            raise UsageError(
                f"{name}, line {number} is no document id", remedy="write one id a line, or what `minutier search --json` prints"
            )
        if document_id:
            yield document_id


def found_ids(index: Index, query: str, scope: Scope, collection: str = "") -> Iterator[str]:
    """Ids of everything that a query finds, all pages."""
    cursor: str | None = None
    collections = (collection,) if collection else ()
    while True:
        page = index.search(SearchRequest(query, collections, PAGE, cursor, False, "oldest"), scope)
        yield from (hit.document_id for hit in page.hits)
        cursor = page.next_cursor
        if cursor is None:
            return


def original_ids(catalog: Catalog, scope: Scope, *, collection: str = "", batch_id: str = "") -> Iterator[str]:
    """Ids of the originals of a collection or a batch that are there and may be seen, received ones too. One that changes
    meanwhile may come twice; none is left out."""
    for document in catalog.select(collection=collection, batch_id=batch_id):
        if not document.root_id and document.state is not State.DISPOSED and scope.admits(document):
            yield document.id


def visible_ids(catalog: Catalog, scope: Scope, ids: Sequence[str]) -> list[str]:
    """Those of a page of ids that are documents' which may be seen, whole ids only, in the order given. A member counts with what
    contains it, since that is what will be chosen."""
    found = catalog.documents(ids)
    roots = catalog.documents(list({original_of(one) for one in found.values()}))
    seen = {key for key, one in found.items() if scope.admits(one) and (top := roots.get(original_of(one))) and scope.admits(top)}
    return [one for one in dict.fromkeys(ids) if one in seen]


def _id_in(line: bytes) -> str | None:
    """The id in a line; "" for JSON without one, None for anything else."""
    if not line.startswith(b"{"):
        word = line.decode("ascii", "replace").lower()
        return word if len(word) == _ID_LIMIT and set(word) <= set("0123456789abcdef-") else None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    document_id = found.get("id", "")
    if document_id == "":
        return ""
    return _id_in(document_id.encode("ascii", "replace")) if isinstance(document_id, str) else None
