"""`/v1/events`: what happened to documents, and what still waits for it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from archiver.api.asked import Asked, asking
from archiver.api.doing import Done, done_once
from archiver.api.idempotency import Key
from archiver.api.paging import Cursor, cursor_to, place_in
from archiver.api.problems import documented
from archiver.api.selections import PARTIAL, Choice, Selected, Trouble, Troubles
from archiver.api.visible import DocumentPath, there
from archiver.bootstrap.changes import announce_changes
from archiver.domain.accesses import Act
from archiver.domain.caller import Permission
from archiver.services.circumstances import original_of
from archiver.services.events import Events, Missing, Place, Told
from retention.period import Period

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive

routes = APIRouter(tags=["events"])
Recorder = Annotated[Asked, asking(Permission.EVENT)]
_LIST = "waiting"
LOOKED_AT = 20_000
"""Documents looked at for one page of what waits."""
_WHAT = {"gone": "destroyed", "absent": "absent", "member": "member", "later": "later-day-kept"}


class Happening(BaseModel):
    """An event, and what it happened to. Of two accounts of one event the later day counts: no end ever moves earlier."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"event": "lease_end", "date": "2027-03-31", "selection": {"batch": "leases"}}},
    )

    event: str = Field(min_length=1, max_length=64)
    day: date = Field(alias="date", description="On which day it happened.")
    selection: Selected
    anyway: bool = Field(False, description="Also an event that no class of the policy waits for.")


class Recorded(BaseModel):
    """What recording did. Counts are of originals; what they contain follows them."""

    event: str
    day: date = Field(alias="date")
    recorded: int = Field(description="Documents to which it is new, or happened later than was known.")
    dated: int = Field(description="Of these, those that have another last day now.")
    recorded_before: int
    later_day_kept: int
    members: int = Field(description="Ids that were members', for which their original was taken.")
    destroyed: int
    absent: int
    partial: bool = Field(description=PARTIAL)
    troubles: list[Trouble]
    troubles_left_out: int


class Happened(BaseModel):
    """An event of a document."""

    event: str
    day: date = Field(alias="date")
    recorded: date


class DocumentEvents(BaseModel):
    """Events of a document. A member's are those of what contains it, its `original`."""

    id: str
    original: str
    events: list[Happened]


class Waiting(BaseModel):
    """A document that waits for an event."""

    id: str
    retention_class: str = Field(alias="class")
    event: str
    since: date


class WaitingPage(BaseModel):
    """Documents that wait. A page may hold none and not be the last: that one has no `next_cursor`."""

    documents: list[Waiting]
    next_cursor: str | None


@routes.post("/events", response_model=Recorded, responses=documented(409, 422))
def record(happening: Happening, asked: Recorder, key: Key = "") -> Response:
    """Say that an event happened to documents, and so to all they contain. May be repeated."""
    return done_once(asked, key, "POST /v1/events", happening, lambda _: _recorded(asked, happening))


@routes.get("/events/missing")
def missing(
    asked: Recorder,
    older_than: Annotated[str | None, Query(max_length=20, description="Only those received so long ago, such as P2Y.")] = None,
    retention_class: Annotated[str, Query(alias="class", max_length=128)] = "",
    cursor: Cursor = None,
) -> WaitingPage:
    """Documents that wait for an event, those whose promised day has passed meanwhile last."""
    period = Period.parse(older_than) if older_than else None
    place = _place(place_in(asked, _LIST, cursor))
    with asked.front.reading() as archive:
        events = _service(archive, Troubles())
        found, behind = events.missing_page(
            asked.scope, place, look_at=LOOKED_AT, older_than=period, retention_class=retention_class
        )
    asked.told(Act.LISTED, found=[one.document.id for one in found], total=len(found), about="what waits for an event")
    return WaitingPage(documents=[_waiting(one) for one in found], next_cursor=cursor_to(asked, _LIST, _written(behind)))


@routes.get("/documents/{id}/events", tags=["documents"])
def of_document(id: DocumentPath, asked: Recorder) -> DocumentEvents:
    """What is recorded of a document."""
    with asked.front.reading() as archive:
        document = there(archive, asked.scope, id)
        original = original_of(document)
        happened = archive.catalog.occurrences([original]).get(original, {})
    asked.told(Act.VIEWED, document_id=document.id, about="events")
    by_day = sorted(happened.items(), key=lambda item: (item[1].day, item[0]))
    told = [Happened.model_validate({"event": name, "date": one.day, "recorded": one.recorded}) for name, one in by_day]
    return DocumentEvents(id=document.id, original=original, events=told)


def _recorded(asked: Asked, happening: Happening) -> Done:
    troubles = Troubles()
    with asked.front.changing() as archive, Choice(archive, asked.scope, happening.selection) as choice:
        for one in choice.absent:
            troubles.add(Trouble(id=one, what="absent"))
        events = _service(archive, troubles)
        counts = events.record(happening.event, happening.day, choice.selection.pages(), anyway=happening.anyway)
        announce_changes(archive)
    asked.told(Act.CHANGED, about=f"event {happening.event}", total=counts.recorded)
    told = {
        "event": happening.event,
        "date": happening.day,
        "recorded": counts.recorded,
        "dated": counts.dated,
        "recorded_before": counts.before,
        "later_day_kept": counts.later,
        "members": counts.members,
        "destroyed": counts.gone,
        "absent": counts.absent + len(choice.absent),
        "partial": choice.partial,
        "troubles": troubles.first,
        "troubles_left_out": troubles.left_out,
    }
    return Done(Recorded.model_validate(told))


def _service(archive: Archive, troubles: Troubles) -> Events:
    def told(one: Told) -> None:
        troubles.add(Trouble.model_validate({"id": one.document_id, "what": _WHAT[one.what], "about": one.about}))

    return Events(archive.catalog, archive.objects, archive.clock, archive.retention_turn, told=told)


def _waiting(one: Missing) -> Waiting:
    found = one.document
    return Waiting.model_validate({"id": found.id, "class": found.retention_class, "event": one.event, "since": one.since})


def _written(place: Place | None) -> list[Any] | None:
    return None if place is None else [place.document_id, place.day.isoformat() if place.day else None]


def _place(written: list[Any] | None) -> Place:
    if written is None:
        return Place()
    document_id, day = written
    return Place(document_id, date.fromisoformat(day) if day else None)
