"""`POST /v1/search`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from archiver.api.asked import Asked, asking
from archiver.api.cursors import Cursors
from archiver.api.shown import Shown, shown
from archiver.domain.access import Principal
from archiver.domain.accesses import Act
from archiver.domain.caller import Permission
from archiver.domain.query import SearchRequest
from archiver.services.index_documents import day_of
from archiver.services.search import Answer, Hit, Search

routes = APIRouter(tags=["search"])

_LONGEST_QUERY = 2_000
_MOST_HITS = 100


class Question(BaseModel):
    """What is searched for. The query language is that of `minutier search`: docs/reference/query-language.md."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"query": '"bail commercial" kind:pdf', "limit": 10}})

    query: str = Field("", max_length=_LONGEST_QUERY, description="Empty: every visible document.")
    collections: list[Annotated[str, Field(max_length=128)]] = Field(default_factory=list, max_length=50)
    limit: int = Field(10, ge=1, le=_MOST_HITS)
    cursor: str | None = Field(None, max_length=4_000, description="`next_cursor` of the page before, with the same question.")
    sort: Literal["relevance", "newest", "oldest"] = "relevance"
    facets: bool = True
    fragments: int = Field(2, ge=0, le=10, description="Fragments of text shown for a hit.")


class Fragment(BaseModel):
    """A piece of a document's text, as plain text; never markup."""

    text: str
    marks: list[tuple[int, int]] = Field(description="[start, end) of each matched word, in Unicode code points of `text`.")


class Found(BaseModel):
    """One hit."""

    id: str
    score: float
    title: Shown
    name: Shown
    collection: str
    retention_class: str = Field(alias="class")
    media_type: Shown
    language: str
    outcome: str | None = Field(description="How far its text could be read; `complete` is all of it.")
    day: date
    parent: str | None
    highlights: list[Fragment]


class FacetCount(BaseModel):
    """How many hits have a value."""

    value: Shown
    count: int


class Page(BaseModel):
    """An answer. `not_fully_read`: documents in scope whose text could not be read whole: they may match unseen."""

    total: int
    not_fully_read: int
    hits: list[Found]
    facets: dict[str, list[FacetCount]]
    next_cursor: str | None


@routes.post("/search", response_model=Page)
def search(question: Question, asked: Annotated[Asked, asking(Permission.SEARCH)]) -> Response:
    """Find documents by what is in them, among those the caller may see."""
    cursors, principal = asked.front.cursors, asked.caller.principal
    request = SearchRequest(
        question.query,
        tuple(question.collections),
        question.limit,
        cursors.opened(question.cursor, principal),
        question.facets,
        question.sort,
    )
    act = Act.SEARCHED if question.query else Act.LISTED
    with asked.front.reading() as archive:
        service = Search(archive.catalog, archive.index, archive.texts)
        found = service.find(request, asked.scope)
        ids = tuple(hit.document.id for hit in found.hits)
        with asked.telling(act, query=question.query, found=ids, total=found.total):
            page = _page(service.complete(found, question.fragments), cursors, principal)
    return Response(page.model_dump_json(by_alias=True), media_type="application/json")


def _page(answer: Answer, cursors: Cursors, principal: Principal) -> Page:
    facets = {name: [FacetCount(value=value, count=count) for value, count in counts] for name, counts in answer.facets.items()}
    return Page(
        total=answer.total,
        not_fully_read=answer.not_fully_read,
        hits=[_found(hit) for hit in answer.hits],
        facets=facets,
        next_cursor=cursors.sealed(answer.next_cursor, principal),
    )


def _found(hit: Hit) -> Found:
    document = hit.document
    return Found.model_validate(
        {
            "id": document.id,
            "score": round(hit.score, 4),
            "title": document.summary.get("title", ""),
            "name": document.name,
            "collection": document.collection,
            "class": document.retention_class,
            "media_type": document.media_type,
            "language": document.language,
            "outcome": document.outcome.value if document.outcome else None,
            "day": day_of(document),
            "parent": document.parent_id,
            "highlights": [fragment(part) for part in hit.fragments],
        }
    )


def fragment(marked: str) -> Fragment:
    """A fragment whose matched words stand between \\x02 and \\x03, taken apart."""
    text, marks = "", []
    for piece in shown(marked).split("\x02"):
        word, found, rest = piece.partition("\x03")
        if found:
            marks.append((len(text), len(text) + len(word)))
        text += word + rest
    return Fragment(text=text, marks=marks)
