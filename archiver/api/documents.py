"""`/v1/documents/{id}`: what is known of a document, why it is kept, and what was read from it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from archiver.api.asked import Asked, asking
from archiver.api.problems import documented
from archiver.api.visible import DocumentPath, there
from archiver.domain.accesses import Act
from archiver.domain.caller import Permission
from archiver.domain.document import Document
from archiver.domain.masking import mask
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
    reference: str = Field(description="What it was archived from: a path, an address, or the depositor's own reference.")
    name: str
    media_type: str
    language: str
    size: int
    sha256: str
    outcome: str | None
    reason: str = Field(description="Why its text could not be read whole.")
    received_at: datetime
    archived_at: datetime | None
    parent: str | None = Field(description="The container it is part of.")
    members: int
    declared: dict[str, str]
    summary: dict[str, str]


class Kept(BaseModel):
    """How long a document is kept, and why."""

    id: str
    due: bool = Field(description="Its time has passed. Only an approved purge destroys it.")
    until: date | None
    reasons: list[str]
    then: str
    policy_version: int


@routes.get("/documents/{id}")
def show(id: DocumentPath, asked: Reader, response: Response) -> Described:
    """What is known of a document."""
    with asked.front.reading() as archive:
        document = there(archive, asked.scope, id)
    asked.told(Act.VIEWED, document_id=document.id)
    response.headers["ETag"] = f'"{document.sequence}"'
    return described(document)


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


@routes.delete("/documents/{id}", status_code=423, responses=documented(423))
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
    return Response(mask(found.text, found.cards) if found else "", media_type="text/plain; charset=utf-8")


@routes.get("/documents/{id}/metadata")
def metadata(id: DocumentPath, asked: Reader) -> dict[str, Any]:
    """Everything the reader found in the file about itself, by the reader's own names."""
    with asked.front.reading() as archive:
        document = there(archive, asked.scope, id)
        found = archive.texts.of(document)
    asked.told(Act.VIEWED, document_id=document.id, about="metadata")
    return {**(found.metadata if found else {}), **document.summary}


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
            "reference": shown(document.source),
            "name": shown(document.name),
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


def shown(name: str) -> str:
    """A name as JSON can carry it: bytes that are not UTF-8 as `\\xNN`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
