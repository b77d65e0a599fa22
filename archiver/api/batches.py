"""`/v1/batches`: imports, and what became of their lines. An administrator sees no document by being one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from archiver.api.asked import Asked, asking
from archiver.api.paging import Cursor, PageSize, cursor_to, place_in
from archiver.api.shown import Shown
from archiver.bootstrap.batches import batch_standing
from archiver.domain import batch as domain
from archiver.domain.access import Scope
from archiver.domain.accesses import Act
from archiver.domain.caller import Permission
from archiver.errors import NotFoundError

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive
    from archiver.ports.catalog import Catalog

routes = APIRouter(tags=["batches"])
Admin = Annotated[Asked, asking(Permission.ADMIN)]
BatchPath = Annotated[str, Path(description="A batch's id.", max_length=128)]


_TWIN = "duplicate"


class Batch(BaseModel):
    """An import. Which folders and files it was given is not told: those are names."""

    id: str
    state: str = Field(description="`running`, `stopped` (it can be resumed) or `finished`.")
    created_at: datetime
    finished_at: datetime | None
    lines: int
    collection: Shown
    retention_class: Shown = Field(alias="class", description="Of all its documents; empty where the collection or a line says.")


class Proof(BaseModel):
    """Lines in, outcomes out; counts only, of all documents."""

    lines_in: int
    outcomes_out: int
    whole: bool = Field(description="Every line has its outcome.")
    outcomes: dict[str, int]
    members: int
    members_failed: int
    bytes: int


class BatchWithProof(Batch):
    """An import, and how its lines ended."""

    proof: Proof


class BatchList(BaseModel):
    """Imports, newest first."""

    batches: list[Batch]
    next_cursor: str | None


class Line(BaseModel):
    """A line, and how it ended."""

    line: int
    source: Shown
    outcome: str
    reason: Shown
    document: str
    text_outcome: str | None
    size: int
    members: int
    members_failed: int


class LinePage(BaseModel):
    """Lines of documents that you may see. `not_visible`: how many others this page passed over, those without a document too."""

    lines: list[Line]
    not_visible: int
    next_cursor: str | None


@routes.get("/batches")
def list_(asked: Admin, cursor: Cursor = None, limit: PageSize = 100) -> BatchList:
    """All imports."""
    after = place_in(asked, "batches", cursor)
    with asked.front.reading() as archive:
        found = archive.catalog.batches()
        begin = next((at + 1 for at, one in enumerate(found) if after == [one.id]), 0)
        told = [_told(archive, one) for one in found[begin : begin + limit]]
    asked.told(Act.LISTED, about="batches", total=len(found))
    more = begin + limit < len(found)
    return BatchList(batches=told, next_cursor=cursor_to(asked, "batches", [told[-1].id] if more else None))


@routes.get("/batches/{id}")
def show(id: BatchPath, asked: Admin) -> BatchWithProof:
    """One import, and the proof that no line of it is missing."""
    with asked.front.reading() as archive:
        told, tally = _told(archive, _there(archive, id)), archive.catalog.tally(id)
    asked.told(Act.VIEWED, about=f"batch {id}")
    proof = Proof(
        lines_in=tally.lines,
        outcomes_out=tally.settled,
        whole=tally.whole,
        outcomes=tally.by_outcome,
        members=tally.members,
        members_failed=tally.members_failed,
        bytes=tally.bytes,
    )
    return BatchWithProof.model_validate({**told.model_dump(by_alias=True), "proof": proof})


@routes.get("/batches/{id}/report")
def report(id: BatchPath, asked: Admin, cursor: Cursor = None, limit: PageSize = 500) -> LinePage:
    """Its lines in order, as far as you may see their documents. A page may hold none and not be the last."""
    name = f"report {id}"
    place = place_in(asked, name, cursor)
    with asked.front.reading() as archive:
        batch = _there(archive, id)
        page = _page(archive.catalog, batch.id, place[0] if place else 0, limit)
        seen = _seen(archive.catalog, asked.scope, page)
    asked.told(Act.LISTED, about=name, found=[one.document_id for one in seen], total=len(page))
    following = cursor_to(asked, name, [page[-1].number] if len(page) == limit else None)
    return LinePage(lines=[_line(one) for one in seen], not_visible=len(page) - len(seen), next_cursor=following)


def _there(archive: Archive, batch_id: str) -> domain.Batch:
    try:
        return archive.catalog.batch(batch_id)
    except NotFoundError as error:
        raise NotFoundError("there is no such batch", remedy="GET /v1/batches shows those there are") from error


def _page(catalog: Catalog, batch_id: str, after: int, limit: int) -> list[domain.ReportLine]:
    return list(islice(catalog.report(batch_id, after=after), limit))


def _seen(catalog: Catalog, scope: Scope, page: Sequence[domain.ReportLine]) -> list[domain.ReportLine]:
    found = catalog.documents([one.document_id for one in page if one.document_id])
    return [one for one in page if (document := found.get(one.document_id)) is not None and scope.admits(document)]


def _told(archive: Archive, batch: domain.Batch) -> Batch:
    return Batch.model_validate(
        {
            "id": batch.id,
            "state": batch_standing(archive, batch),
            "created_at": batch.created_at,
            "finished_at": batch.finished_at,
            "lines": batch.lines,
            "collection": str(batch.spec.get("collection") or ""),
            "class": str(batch.spec.get("class") or ""),
        }
    )


def _line(one: domain.ReportLine) -> Line:
    twin = one.outcome.startswith(_TWIN)  # that others have the same bytes is told to nobody who may not see the others
    return Line(
        line=one.number,
        source=one.source,
        outcome=one.outcome.replace(_TWIN, "archived", 1) if twin else one.outcome,
        reason="" if twin else one.reason,
        document=one.document_id,
        text_outcome=one.text_outcome.value if one.text_outcome else None,
        size=one.size,
        members=one.members,
        members_failed=one.members_failed,
    )
