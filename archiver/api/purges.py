"""`/v1/purges`: what is due is planned, approved by somebody else, destroyed, and certified."""

from __future__ import annotations

from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Header, Path, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from archiver.api.asked import Asked, asking
from archiver.api.doing import Done, done_once, name_for
from archiver.api.idempotency import Key
from archiver.api.paging import Cursor, PageSize, cursor_to, place_in
from archiver.api.papers import PDF, paper
from archiver.api.problems import documented
from archiver.api.shown import Shown
from archiver.bootstrap import purge_runs
from archiver.bootstrap.certificate_pdf import certificate_paper
from archiver.bootstrap.purge_run import Wishes
from archiver.bootstrap.purging import PLANNING, Purging
from archiver.bootstrap.writing import opened_for_writing
from archiver.domain.accesses import Act
from archiver.domain.caller import Permission
from archiver.errors import NotFoundError, NotPermittedError
from archiver.ports import retention_rows as rows
from archiver.services.purge.account import account_of, told_of
from archiver.services.purge.known_names import require_known
from archiver.services.purge.plan import Criteria, Progress
from archiver.services.purge.signatory import Signatory
from archiver.services.register import Register
from retention.statements import Approval as ApprovalStatement

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive

routes = APIRouter(tags=["purges"])
Planner = Annotated[Asked, asking(Permission.PURGE_PLAN)]
PurgePath = Annotated[str, Path(description="A purge's id.", max_length=64)]
_ID = r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$"


_READERS = (Permission.PURGE_PLAN, Permission.PURGE_APPROVE)
_EITHER = {"x-any-scope": [one.value for one in _READERS]}
"""For OpenAPI, which cannot say that one of two scopes is enough."""


def _either(asked: Annotated[Asked, asking()]) -> Asked:
    """Whoever plans or approves reads plans."""
    if not asked.caller.permissions.intersection(_READERS):
        raise NotPermittedError(
            f"this key or token is for neither of {', '.join(_READERS)}", remedy="ask for one with either of these scopes"
        )
    return asked


Reader = Annotated[Asked, Depends(_either)]


class Wanted(BaseModel):
    """What a plan is to be made of; every one given must fit. None: everything that is due."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"class": "FR-CV", "before": "2027-01-01"}})

    collection: str = Field("", max_length=128)
    retention_class: str = Field("", alias="class", max_length=128)
    before: date | None = Field(None, description="Only what was to be kept until a day before this one.")
    name: str = Field("", max_length=64, pattern=_ID, description="What to call the purge; empty: a name is made.")


class Given(BaseModel):
    """An approval."""

    approver: Shown
    given_at: datetime
    expires_at: datetime
    authenticated: bool = Field(description="Signed by a personally enrolled key; else asserted by the operator.")
    empties: list[str] = Field(description="Classes that may lose their last document by it.")


class Run(BaseModel):
    """The last run of a purge by this server."""

    state: str = Field(
        description="`running`; `ended`, with a certificate; `incomplete`: something could not be destroyed; `stopped` or `failed`: "
        "run it again, and it goes on."
    )
    step: str
    code: str = Field(description="Of what it failed of; the codes of problems.")
    problem: str


class Purge(BaseModel):
    """A purge. `plan` is the statement of its plan, under whose root every item is."""

    id: str
    state: str = Field(description="`planned`, `approved`, `running` or `done`.")
    made_at: datetime
    author: Shown
    signed: bool = Field(description="By its author's own key.")
    criteria: dict[str, Shown]
    documents: int
    bytes: int
    withheld: int = Field(description="Past their last day, and not planned.")
    approvals: list[Given]
    started_at: datetime | None
    ended_at: datetime | None
    run: Run | None
    plan: str


class ClassOf(BaseModel):
    """How much of a class is in a plan."""

    retention_class: Shown = Field(alias="class")
    documents: int
    bytes: int
    oldest: date | None = Field(description="Earliest last day.")
    newest: date | None


class PurgeInFull(Purge):
    """A purge with its counts."""

    classes: list[ClassOf]
    withheld_by_reason: dict[str, int]
    items: dict[str, int] = Field(description="By how far they are: planned, going, executed, withheld, failed.")


class Planned(BaseModel):
    """A plan, or none where nothing goes; then `withheld_by_reason` says why what is past its last day stays."""

    purge: PurgeInFull | None
    withheld_by_reason: dict[str, int]


class PurgeList(BaseModel):
    """Purges, newest first."""

    purges: list[Purge]
    next_cursor: str | None


class Item(BaseModel):
    """A document of a plan, by its id alone."""

    position: int
    id: str
    retention_class: str = Field(alias="class")
    until: date
    reason: str
    bytes: int
    part_of: str | None = Field(description="The original it goes with.")
    state: str
    why: str = Field(description="Why it is withheld, or could not be destroyed.")


class ItemPage(BaseModel):
    """Items by position."""

    items: list[Item]
    next_cursor: str | None


class Running(BaseModel):
    """How a run is to end."""

    model_config = ConfigDict(extra="forbid")

    rewrite: bool = Field(
        True, description="Write the catalogue's files anew afterwards, so that they lose what deleted rows left."
    )
    accept_failures: bool = Field(False, description="Certify it although something could not be destroyed; it is listed.")


@routes.post(
    "/purges",
    status_code=201,
    response_model=Planned,
    responses={200: {"model": Planned, "description": "Nothing goes."}, **documented(409, 422)},
)
def plan(wanted: Wanted, asked: Planner, key: Key = "") -> Response:
    """List everything that is due, judged one by one, and freeze the list. Destroys nothing."""
    name = wanted.name or name_for(asked, key, "purge")
    return done_once(asked, key, "POST /v1/purges", wanted, lambda again: _planned(asked, wanted, name, again=again))


@routes.get("/purges", openapi_extra=_EITHER)
def list_(asked: Reader, cursor: Cursor = None, limit: PageSize = 100) -> PurgeList:
    """All purges."""
    after = place_in(asked, "purges", cursor)
    with asked.front.reading() as archive:
        found = archive.catalog.purges()
    begin = next((at + 1 for at, one in enumerate(found) if after == [one.id]), 0)
    page = found[begin : begin + limit]
    asked.told(Act.LISTED, about="purges", total=len(found))
    more = begin + limit < len(found)
    return PurgeList(
        purges=[Purge.model_validate(_values(one, asked.front.serving.purge_runs.of(one.id))) for one in page],
        next_cursor=cursor_to(asked, "purges", [page[-1].id] if more else None),
    )


@routes.get("/purges/{id}", openapi_extra=_EITHER)
def show(id: PurgePath, asked: Reader) -> PurgeInFull:
    """What a plan would destroy, what it withholds and why, and how far it is."""
    with asked.front.reading() as archive:
        answer = in_full(archive, asked, id)
    asked.told(Act.VIEWED, about=f"purge {id}")
    return answer


@routes.get("/purges/{id}/items", openapi_extra=_EITHER)
def items(id: PurgePath, asked: Reader, cursor: Cursor = None, limit: PageSize = 500) -> ItemPage:
    """Every item, and what became of it."""
    name = f"items {id}"
    place = place_in(asked, name, cursor)
    with asked.front.reading() as archive:
        purge = purge_there(archive, id)
        page = list(islice(archive.catalog.items(purge.id, after=place[0] if place else -1, limit=limit), limit))
    asked.told(Act.LISTED, about=name, found=[one.item.document_id for one in page], total=purge.documents)
    following = [page[-1].item.position] if len(page) == limit else None
    return ItemPage(items=[Item.model_validate(told_of(one)) for one in page], next_cursor=cursor_to(asked, name, following))


@routes.post("/purges/{id}/run", status_code=202, response_model=Run, responses=documented(409, 422))
def run(id: PurgePath, asked: Planner, wishes: Running | None = None, key: Key = "") -> Response:
    """Begin to destroy what an approved plan says, judging each document once more at the last moment; or go on with it.

    The answer comes at once; `GET /v1/purges/{id}` tells how far it is. The server runs one purge at a time, and stops it cleanly
    when it ends itself.
    """
    wanted = wishes or Running.model_validate({})
    return done_once(asked, key, f"POST /v1/purges/{id}/run", wanted, lambda _: _begun(asked, id, wanted))


@routes.get(
    "/purges/{id}/certificate",
    response_class=StreamingResponse,
    openapi_extra=_EITHER,
    responses={200: {"content": {"application/json": {}, PDF: {}}, "description": "Signed JSON, or a PDF of it for people."}},
)
def certificate(id: PurgePath, asked: Reader, accept: Annotated[str, Header(max_length=500)] = "") -> StreamingResponse:
    """The certificate of a purge that is done. `minutier certificate verify` checks it, without this archive."""
    pdf = PDF in accept
    with asked.front.reading() as archive:
        purge = purge_there(archive, id)
        with Purging(archive).files.certificate(purge.id) as stream:
            file = certificate_paper(stream, pdf=pdf)
    asked.told(Act.DOWNLOADED, about=f"certificate of purge {purge.id}")
    return paper(file, f"purge-{purge.id}", pdf=pdf)


def _planned(asked: Asked, wanted: Wanted, name: str, *, again: bool) -> Done:
    progress = Progress()

    def tick(now: Progress) -> None:
        nonlocal progress
        progress = now

    criteria = Criteria(wanted.collection, wanted.retention_class, wanted.before)
    with opened_for_writing(asked.front.serving.home) as archive, archive.catalog.exclusive(PLANNING):
        made = _made_before(archive, asked, name) if again else None
        if made is None:
            service, author = Purging(archive).planning(tick), _author(archive, asked)
            made = service.make(criteria, author, archive.clock.now(), name=name)
        archive.ledger.sequence()
        if made is None and not progress.why:
            require_known(archive.catalog, criteria)
        answer = Planned(purge=in_full(archive, asked, made.id) if made else None, withheld_by_reason=dict(progress.why))
    asked.told(Act.CHANGED, about=f"purge {made.id} planned" if made else "purge planned: nothing", total=progress.planned)
    return Done(answer, 201, {"Location": f"/v1/purges/{made.id}"}) if made else Done(answer)


def _author(archive: Archive, asked: Asked) -> Signatory:
    name = asked.caller.principal.name
    return Signatory(name, Register(archive.objects, archive.keys).enter(name))


def _made_before(archive: Archive, asked: Asked, name: str) -> rows.Purge | None:
    """By an attempt of the same caller that was cut off before it could be answered."""
    found = next((one for one in archive.catalog.purges() if one.id == name), None)
    return found if found is not None and found.author == asked.caller.principal.name else None


def _begun(asked: Asked, purge_id: str, wanted: Running) -> Done:
    with asked.front.reading() as archive:
        purge = purge_there(archive, purge_id)
    asked.told(Act.CHANGED, about=f"purge {purge.id} run", status=202)
    begun = asked.front.serving.purge_runs.start(purge.id, Wishes(wanted.rewrite, wanted.accept_failures))
    answer = Run(state=begun.state.value, step=begun.step, code=begun.code, problem=begun.problem)
    return Done(answer, 202, {"Location": f"/v1/purges/{purge.id}"})


def purge_there(archive: Archive, purge_id: str) -> rows.Purge:
    """The purge.

    Raises:
        NotFoundError: there is none.
    """
    try:
        return archive.catalog.purge(purge_id)
    except NotFoundError as error:
        raise NotFoundError("there is no such purge", remedy="GET /v1/purges shows those there are") from error


def in_full(archive: Archive, asked: Asked, purge_id: str) -> PurgeInFull:
    """A purge with its counts, as it is now. Its run is looked at first: once that has ended, what is read after it is what came of it.

    Raises:
        NotFoundError: there is none.
    """
    ran = asked.front.serving.purge_runs.of(purge_id)
    purge = purge_there(archive, purge_id)
    account = account_of(archive.catalog, purge.id)
    classes = [
        {"class": one.retention_class, "documents": one.documents, "bytes": one.bytes, "oldest": one.oldest, "newest": one.newest}
        for one in account.classes
    ]
    counts = {"classes": classes, "withheld_by_reason": dict(account.withheld)}
    states = {state.value: count for state, count in account.states.items()}
    return PurgeInFull.model_validate({**_values(purge, ran), **counts, "items": states})


def _values(purge: rows.Purge, ran: purge_runs.Run | None) -> dict[str, object]:
    return {
        "id": purge.id,
        "state": purge.state.value,
        "made_at": purge.made_at,
        "author": purge.author,
        "signed": bool(purge.plan_signature),
        "criteria": {name: str(value) for name, value in purge.criteria.items()},
        "documents": purge.documents,
        "bytes": purge.bytes,
        "withheld": purge.withheld,
        "approvals": [_given(one) for one in purge.approvals],
        "started_at": purge.started_at,
        "ended_at": purge.ended_at,
        "run": {"state": ran.state.value, "step": ran.step, "code": ran.code, "problem": ran.problem} if ran else None,
        "plan": purge.plan,
    }


def _given(one: rows.GivenApproval) -> Given:
    said = ApprovalStatement.parse(one.statement)
    return Given(
        approver=one.approver,
        given_at=said.given,
        expires_at=said.expires,
        authenticated=bool(one.key),
        empties=list(said.empties),
    )
