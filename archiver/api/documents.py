"""`/v1/documents/{id}`: what is known of a document, why it is kept, and what was read from it."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, Field

from archiver.api.asked import Asked, asking
from archiver.api.problems import documented
from archiver.api.shown import Shown, shown, shown_all
from archiver.api.visible import DocumentPath, there
from archiver.domain.accesses import Act
from archiver.domain.caller import Permission
from archiver.domain.document import Document
from archiver.domain.masking import mask
from archiver.domain.reference import own_reference
from archiver.errors import KeptError
from archiver.services.circumstances import KnownFacts
from archiver.services.explain import Explanation, explain
from archiver.services.policies import policy_in_force

routes = APIRouter(tags=["documents"], responses=documented(410))
Reader = Annotated[Asked, asking(Permission.READ)]


class Described(BaseModel):
    """A document."""

    id: str
    state: str = Field(description="`received` (stored, not read yet), `archived` or `quarantined`.")
    collection: str
    retention_class: str = Field(alias="class")
    reference: Shown = Field(description="What it was archived from: a path, an address, or the depositor's own reference.")
    name: Shown
    media_type: Shown
    language: str
    size: int
    sha256: str
    outcome: str | None
    reason: Shown = Field(description="Why its text could not be read whole.")
    received_at: datetime
    archived_at: datetime | None
    parent: str | None = Field(description="The container it is part of.")
    members: int
    declared: dict[Shown, Shown]
    summary: dict[Shown, Shown]


class Kept(BaseModel):
    """How long a document is kept, and why."""

    id: str
    due: bool = Field(description="Its time has passed. Only an approved purge destroys it.")
    until: date | None
    reasons: list[str]
    then: str
    policy_version: int


@routes.get(
    "/documents/{id}", response_model=Described, responses={304: {"description": "Not Modified: as `If-None-Match` has it."}}
)
def show(
    id: DocumentPath,
    asked: Reader,
    known: Annotated[str, Header(alias="If-None-Match", max_length=200, description="The `ETag` of an answer before.")] = "",
) -> Response:
    """What is known of a document."""
    with asked.front.reading() as archive:
        document = there(archive, asked.scope, id)
    asked.told(Act.VIEWED, document_id=document.id)
    body = described(document).model_dump_json(by_alias=True).encode()
    headers = {"ETag": _tag(body)}
    if known == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _tag(body: bytes) -> str:
    """Of the answer alone: a number that the catalogue counts changes with would tell of other documents."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


@routes.get("/documents/{id}/retention")
def retention(id: DocumentPath, asked: Reader) -> Kept:
    """How long it is kept, and why."""
    with asked.front.reading() as archive:
        found = _explained(archive, there(archive, asked.scope, id), asked)
    asked.told(Act.VIEWED, document_id=found.document.id, about="retention")
    return Kept(
        id=found.document.id,
        due=found.verdict.due,
        until=found.until,
        reasons=list(found.sentences),
        then=found.what_then,
        policy_version=found.policy_version,
    )


@routes.delete("/documents/{id}", status_code=423, response_class=Response, responses=documented(423))
def remove(id: DocumentPath, asked: Reader) -> None:
    """Nothing is destroyed this way: the answer says what keeps it. Only an approved purge destroys."""
    with asked.front.reading() as archive:
        found = _explained(archive, there(archive, asked.scope, id), asked)
    raise KeptError("; ".join(found.sentences), remedy="what is due is destroyed by a purge that somebody else has approved")


@routes.get("/documents/{id}/text", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def text(id: DocumentPath, asked: Reader) -> Response:
    """The text that was read from it, card numbers masked. Empty where none could be read."""
    with asked.front.reading() as archive:
        document = there(archive, asked.scope, id)
        found = archive.texts.of(document)
    asked.told(Act.VIEWED, document_id=document.id, about="text")
    return Response(shown(mask(found.text, found.cards)) if found else "", media_type="text/plain; charset=utf-8")


@routes.get("/documents/{id}/metadata")
def metadata(id: DocumentPath, asked: Reader) -> dict[str, Any]:
    """Everything the reader found in the file about itself, by the reader's own names."""
    with asked.front.reading() as archive:
        document = there(archive, asked.scope, id)
        found = archive.texts.of(document)
    asked.told(Act.VIEWED, document_id=document.id, about="metadata")
    given: dict[str, Any] = shown_all({**(found.metadata if found else {}), **document.summary})
    return dict(sorted(given.items()))  # a reader's own order may be another one each time


def _explained(archive: Any, document: Document, asked: Asked) -> Explanation:
    about = KnownFacts(archive.catalog).of([document])[document.id]
    policy = policy_in_force(archive.catalog)
    return explain(document, policy, archive.clock.now(), about, may_see_holds=asked.may_see_holds)


def described(document: Document) -> Described:
    """A document as it is shown to callers."""
    return Described.model_validate(
        {
            "id": document.id,
            "state": document.state.value,
            "collection": document.collection,
            "class": document.retention_class,
            "reference": own_reference(document.source),
            "name": document.name,
            "media_type": document.media_type,
            "language": document.language,
            "size": document.size,
            "sha256": document.sha256,
            "outcome": document.outcome.value if document.outcome else None,
            "reason": document.reason,
            "received_at": document.received_at,
            "archived_at": document.archived_at,
            "parent": document.parent_id,
            "members": document.members,
            "declared": document.declared,
            "summary": document.summary,
        }
    )
