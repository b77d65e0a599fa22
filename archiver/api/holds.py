"""`/v1/holds`: what may not go, whatever its date."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Self

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from archiver.api.asked import Asked, asking
from archiver.api.doing import Done, done_once, name_for
from archiver.api.idempotency import Key
from archiver.api.problems import documented
from archiver.api.selections import PARTIAL, Choice, Name, Selected, Trouble, Troubles
from archiver.api.shown import Shown
from archiver.domain.accesses import Act
from archiver.domain.caller import Permission
from archiver.errors import AlreadyExistsError, NotFoundError, NotPermittedError
from archiver.ports.retention_rows import HoldRecord
from archiver.services import holds as service
from archiver.services.policies import policy_in_force
from archiver.services.register import Register
from retention.days import day_in

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive

routes = APIRouter(tags=["holds"])
Holder = Annotated[Asked, asking(Permission.HOLD)]
HoldPath = Annotated[str, Path(description="A hold's id.", max_length=48)]
Words = Annotated[str, Field(min_length=1, max_length=2_000)]

_WHAT = {"gone": "destroyed", "absent": "absent", "bare": "without-bytes", "member": "member"}


class HoldWish(BaseModel):
    """A hold to be placed, or added to where `id` names an open one that says the same."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"matter": "2027-014", "reason": "Litige", "owner": "anna", "selection": {"collection": "leases"}}
        },
    )

    matter: Words = Field(description="The case or inquiry it serves.")
    reason: Words
    owner: Words = Field(description="Who answers for it.")
    review: date | None = Field(None, description="When somebody should ask whether it is still needed. It never ends by itself.")
    id: str = Field(
        "",
        max_length=48,
        pattern=r"^([A-Za-z0-9][A-Za-z0-9_.-]*)?$",
        description="Its name, never the matter; empty: one is made.",
    )
    selection: Selected
    and_later: bool = Field(False, description="With a whole collection: also what arrives in it from now on.")

    @model_validator(mode="after")
    def _later_of_what(self) -> Self:
        if self.and_later and (self.selection.collection is None or self.selection.query is not None):
            raise ValueError("`and_later` is about a whole collection: name it in the selection, without a query")
        return self


class Adding(BaseModel):
    """What an open hold is to hold besides."""

    model_config = ConfigDict(extra="forbid")

    selection: Selected


class Releasing(BaseModel):
    """An end of a hold; with a selection, of a part of it."""

    model_config = ConfigDict(extra="forbid")

    reason: Words = Field(description="Why it may end; kept with the hold.")
    selection: Selected | None = None


class Hold(BaseModel):
    """A hold."""

    id: str
    matter: Shown
    reason: Shown
    owner: Shown
    review: date | None
    overdue: bool = Field(description="It is open, and its review day has passed. It holds all the same.")
    collection: str = Field(description="What arrives in it later is held, too; empty for none.")
    placed_at: datetime
    placed_by: Shown
    released_at: datetime | None
    released_by: Shown
    documents: int = Field(description="How many it holds of those that you may see; members are not counted.")


class HoldList(BaseModel):
    """Holds, newest first."""

    holds: list[Hold]


class Placed(BaseModel):
    """What a placing did. Counts are of originals: a member is held by holding what contains it."""

    hold: Hold
    new: bool
    placed: int
    held_before: int
    destroyed: int
    absent: int
    without_bytes: int = Field(description="Held, but their bytes are not in the store: an integrity incident.")
    members: int = Field(description="Ids that were members', for which their original was taken.")
    partial: bool = Field(description=PARTIAL)
    troubles: list[Trouble]
    troubles_left_out: int


class Released(BaseModel):
    """What a release did. What nothing else keeps may go when it is due."""

    hold: Hold
    ended: bool
    let_go: int
    not_held: int
    destroyed: int
    absent: int
    partial: bool = Field(description=PARTIAL)
    troubles: list[Trouble]
    troubles_left_out: int


@routes.post(
    "/holds",
    status_code=201,
    response_model=Placed,
    responses={200: {"model": Placed, "description": "Added to."}, **documented(409, 422)},
)
def place(wish: HoldWish, asked: Holder, key: Key = "") -> Response:
    """Hold documents, each with all it contains. Accepted at every moment, also while a purge runs. May be repeated with its id."""
    return done_once(asked, key, "POST /v1/holds", wish, lambda _: _opened(asked, wish, wish.id or name_for(asked, key, "hold")))


@routes.get("/holds")
def list_(asked: Holder, open: bool = False, overdue: bool = False) -> HoldList:  # the parameter's name in the address
    """Holds that hold something you may see, or that you placed. `open`: only those that hold; `overdue`: past their review day."""
    with asked.front.reading() as archive:
        today = _today(archive)
        told = [
            _told(hold, count, today)
            for hold in archive.catalog.holds()
            if (not open or hold.released_at is None)
            and (not overdue or service.overdue(hold, today))
            and (count := _visible(archive, asked, hold)) is not None
        ]
    asked.told(Act.LISTED, about="holds", total=len(told))
    return HoldList(holds=told)


@routes.get("/holds/{id}")
def show(id: HoldPath, asked: Holder) -> Hold:
    """What for, by whom, and how much of what you may see it holds."""
    with asked.front.reading() as archive:
        answer = _answer(archive, asked, _there(archive, asked, id))
    asked.told(Act.VIEWED, about=f"hold {id}")
    return answer


@routes.post("/holds/{id}/documents", response_model=Placed, responses=documented(409, 422))
def add(id: HoldPath, adding: Adding, asked: Holder, key: Key = "") -> Response:
    """Hold more documents by an open hold. May be repeated."""
    return done_once(asked, key, f"POST /v1/holds/{id}/documents", adding, lambda _: _added(asked, id, adding))


@routes.post("/holds/{id}/release", response_model=Released, responses=documented(409, 422))
def release(id: HoldPath, releasing: Releasing, asked: Holder, key: Key = "") -> Response:
    """End a hold, or let go of some of what it holds. Releases no other hold. May be repeated.

    Only who may see everything that a hold holds ends it whole.
    """
    return done_once(asked, key, f"POST /v1/holds/{id}/release", releasing, lambda _: _released(asked, id, releasing))


# -- what is done -----------------------------------------------------------------------------------------------
def _opened(asked: Asked, wish: HoldWish, name: str) -> Done:
    troubles = Troubles()
    with asked.front.changing() as archive:
        _require_free(archive, asked, name)
        collection = _later(archive, asked, wish)
        with Choice(archive, asked.scope, wish.selection, may_be_none=bool(collection)) as choice:
            holds = _service(archive, troubles)
            words = (wish.matter, wish.reason, wish.owner, wish.review)
            hold, fresh = holds.open(service.Wish(*words, name, collection), by=asked.caller.principal.name)
            placed = _place(archive, asked, holds, hold, choice, troubles, fresh=fresh)
    return Done(placed, 201 if fresh else 200, {"Location": f"/v1/holds/{hold.id}"})


def _added(asked: Asked, hold_id: str, adding: Adding) -> Done:
    troubles = Troubles()
    with asked.front.changing() as archive:
        hold = _there(archive, asked, hold_id)
        with Choice(archive, asked.scope, adding.selection) as choice:
            return Done(_place(archive, asked, _service(archive, troubles), hold, choice, troubles, fresh=False))


def _released(asked: Asked, hold_id: str, releasing: Releasing) -> Done:
    by, troubles = asked.caller.principal.name, Troubles()
    absent, partial = 0, False
    with asked.front.changing() as archive:
        hold, holds = _there(archive, asked, hold_id), _service(archive, troubles)
        if releasing.selection is None:
            _require_whole(archive, asked, hold)
            hold, counts = holds.release(hold.id, releasing.reason, by=by)
        else:
            with Choice(archive, asked.scope, releasing.selection) as choice:
                _tell_absent(choice, troubles)
                hold, counts = holds.release_part(hold.id, releasing.reason, choice.selection.pages(), by=by)
                absent, partial = len(choice.absent), choice.partial
        answer = _answer(archive, asked, hold)
    asked.told(Act.CHANGED, about=f"hold {hold.id} released", total=counts.done)
    return Done(
        Released(
            hold=answer,
            ended=hold.released_at is not None,
            let_go=counts.done,
            not_held=counts.before,
            destroyed=counts.gone,
            absent=counts.absent + absent,
            partial=partial,
            troubles=troubles.first,
            troubles_left_out=troubles.left_out,
        )
    )


# -- who may what -----------------------------------------------------------------------------------------------
def _there(archive: Archive, asked: Asked, hold_id: str) -> HoldRecord:
    """The hold, if the caller may know of it.

    Raises:
        NotFoundError: there is none, or it may not be known of: told in the same words.
    """
    try:
        hold = archive.catalog.hold(hold_id)
    except NotFoundError:
        hold = None
    if hold is None or _visible(archive, asked, hold) is None:
        raise NotFoundError("there is no such hold", remedy="GET /v1/holds shows those there are")
    return hold


def _visible(archive: Archive, asked: Asked, hold: HoldRecord) -> int | None:
    """How many it holds of what the caller may see; None where the caller may not know of it."""
    groups = archive.catalog.held_grants(hold.id)
    count = sum(one.documents for one in groups if asked.scope.admits_grants(one.grants, one.denies))
    return count if count or hold.placed_by == asked.caller.principal.name else None


def _require_whole(archive: Archive, asked: Asked, hold: HoldRecord) -> None:
    groups = archive.catalog.held_grants(hold.id)
    if not all(asked.scope.admits_grants(one.grants, one.denies) for one in groups):
        raise NotPermittedError(
            f"hold {hold.id} is not yours alone to end", remedy="release a selection of it; the archive's owner ends it"
        )
    if hold.collection:
        _require_reader(archive, asked, hold.collection)


def _require_free(archive: Archive, asked: Asked, hold_id: str) -> None:
    """Of a hold that the caller may not know of nothing but its name is told, which cannot be had twice."""
    if not hold_id:
        return
    try:
        hold = archive.catalog.hold(hold_id)
    except NotFoundError:
        return
    if _visible(archive, asked, hold) is None:
        raise AlreadyExistsError(f"the name {hold_id} is taken", remedy="choose another one")


def _later(archive: Archive, asked: Asked, wish: HoldWish) -> str:
    """The collection whose later arrivals are held, too; "" for none."""
    if not wish.and_later or wish.selection.collection is None:
        return ""
    _require_reader(archive, asked, wish.selection.collection)
    return wish.selection.collection


def _require_reader(archive: Archive, asked: Asked, name: Name) -> None:
    """Is the whole collection the caller's to read? One that does not exist is nobody's."""
    found = policy_in_force(archive.catalog).collections.get(name)
    if found is None or not asked.scope.admits_grants(found.read, found.deny):
        raise NotPermittedError(
            f"not all of the collection {name!r} is yours to read", remedy="hold the documents of it that you may see"
        )


# -- answers ----------------------------------------------------------------------------------------------------
def _place(
    archive: Archive, asked: Asked, holds: service.Holds, hold: HoldRecord, choice: Choice, troubles: Troubles, *, fresh: bool
) -> Placed:
    _tell_absent(choice, troubles)
    counts = holds.place(hold, choice.selection.pages())
    answer = _answer(archive, asked, hold)
    asked.told(Act.CHANGED, about=f"hold {hold.id} placed", total=counts.done)
    return Placed(
        hold=answer,
        new=fresh,
        placed=counts.done,
        held_before=counts.before,
        destroyed=counts.gone,
        absent=counts.absent + len(choice.absent),
        without_bytes=counts.bare,
        members=counts.members,
        partial=choice.partial,
        troubles=troubles.first,
        troubles_left_out=troubles.left_out,
    )


def _tell_absent(choice: Choice, troubles: Troubles) -> None:
    for one in choice.absent:
        troubles.add(Trouble(id=one, what="absent"))


def _service(archive: Archive, troubles: Troubles) -> service.Holds:
    register = Register(archive.objects, archive.keys)

    def told(one: service.Trouble) -> None:
        troubles.add(Trouble.model_validate({"id": one.document_id, "what": _WHAT[one.what], "about": one.about}))

    return service.Holds(archive.catalog, archive.objects, archive.clock, register, archive.retention_turn, told=told)


def _answer(archive: Archive, asked: Asked, hold: HoldRecord) -> Hold:
    return _told(archive.catalog.hold(hold.id), _visible(archive, asked, hold) or 0, _today(archive))


def _told(hold: HoldRecord, count: int, today: date) -> Hold:
    return Hold(
        id=hold.id,
        matter=hold.matter,
        reason=hold.reason,
        owner=hold.owner,
        review=hold.review,
        overdue=service.overdue(hold, today),
        collection=hold.collection,
        placed_at=hold.placed_at,
        placed_by=hold.placed_by,
        released_at=hold.released_at,
        released_by=hold.released_by,
        documents=count,
    )


def _today(archive: Archive) -> date:
    return day_in(policy_in_force(archive.catalog).time_zone, archive.clock.now())
