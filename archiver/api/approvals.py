"""`/v1/purges/{id}/approvals`: a plan is approved by somebody else than its author, with a key that never comes here.

First the statement is drawn up; its approver reads it, signs it on a machine of their own (`minutier key sign`), and it is handed in
word for word with the signature.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from archiver.api.asked import Asked, asking
from archiver.api.doing import Done, done_once
from archiver.api.idempotency import Key
from archiver.api.problems import documented
from archiver.api.purges import PurgeInFull, PurgePath, in_full, purge_there
from archiver.bootstrap.archive import Archive
from archiver.bootstrap.purging import Purging
from archiver.bootstrap.writing import opened_for_writing
from archiver.domain.accesses import Act
from archiver.domain.caller import Permission
from archiver.errors import UsageError
from archiver.services.purge.approval import Visa
from archiver.services.purge.signed_elsewhere import ApproveElsewhere
from archiver.services.register import Register
from retention.period import Period

routes = APIRouter(tags=["purges"])
Approver = Annotated[Asked, asking(Permission.PURGE_APPROVE)]


class GivenVisa(BaseModel):
    """The visa of an authority, where a class wants one. Its words stay out of what is signed, which commits to them."""

    model_config = ConfigDict(extra="forbid")

    authority: str = Field(min_length=1, max_length=500)
    reference: str = Field(min_length=1, max_length=500)
    day: date = Field(alias="date")


class ApprovalWish(BaseModel):
    """An approval as it is to be drawn up."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"key": "0123456789abcdef", "expires": "P7D"}})

    key: str = Field(pattern="^[0-9a-f]{16}$", description="Id of the approver's enrolled key: `minutier key list`.")
    expires: str = Field("P7D", max_length=20, description="How long it is to last, from now on.")
    empties: list[Annotated[str, Field(max_length=128)]] = Field(
        default_factory=list, max_length=100, description="Classes of which no document will be left, and that is meant."
    )
    visa: GivenVisa | None = None


class Draft(BaseModel):
    """What is to be signed: exactly this text, in ASCII. Good for a day; of one key the newest one counts."""

    statement: str
    key: str
    approver: str


class SignedApproval(BaseModel):
    """An approval, signed."""

    model_config = ConfigDict(extra="forbid")

    statement: str = Field(min_length=1, max_length=4_000, description="Word for word as it was drawn up.")
    signature: str = Field(pattern="^[0-9a-f]{128}$", description="Ed25519, in hexadecimal, over the statement in ASCII.")


@routes.post("/purges/{id}/approvals/draft", responses=documented(409))
def draft(id: PurgePath, wish: ApprovalWish, asked: Approver) -> Draft:
    """Draw up the approval of a plan for the owner of a key to sign. Nothing is approved by it. May be asked again."""
    visa = Visa(wish.visa.authority, wish.visa.reference, wish.visa.day.isoformat()) if wish.visa else None
    with _approving(asked, id) as (archive, service):
        now = archive.clock.now()
        statement = service.draw_up(
            purge_there(archive, id), wish.key, now, lasts=_lasting(wish.expires, now), empties=tuple(wish.empties), visa=visa
        )
        person = archive.catalog.signer(wish.key).person
    asked.told(Act.VIEWED, about=f"purge {id}, its approval drawn up for key {wish.key}")
    return Draft(statement=statement, key=wish.key, approver=person)


@routes.post("/purges/{id}/approvals", status_code=201, response_model=PurgeInFull, responses=documented(409, 422))
def approve(id: PurgePath, signed: SignedApproval, asked: Approver, key: Key = "") -> Response:
    """Approve a plan that somebody else made: exactly this one, for a limited time, by a person's signature.

    Refused are its author, whoever called to make it, a key that is not enrolled or revoked, and a text of one's own wording.
    """
    return done_once(asked, key, f"POST /v1/purges/{id}/approvals", signed, lambda _: _approved(asked, id, signed))


def _approved(asked: Asked, purge_id: str, signed: SignedApproval) -> Done:
    with _approving(asked, purge_id) as (archive, service):
        purge, signature = purge_there(archive, purge_id), bytes.fromhex(signed.signature)
        approved = service.take(purge, signed.statement, signature, archive.clock.now())
        archive.ledger.sequence()
        archive.ledger.seal()
        answer = in_full(archive, asked, approved.id)
    asked.told(Act.CHANGED, about=f"purge {purge_id} approved", status=201)
    return Done(answer, 201)


@contextmanager
def _approving(asked: Asked, purge_id: str) -> Iterator[tuple[Archive, ApproveElsewhere]]:
    """The archive for writing, and what approves: nobody else approves this purge meanwhile."""
    with opened_for_writing(asked.front.serving.home) as archive, archive.catalog.exclusive(f"approval {purge_id}"):
        submitter = Register(archive.objects, archive.keys).pseudonym(asked.caller.principal.name)
        yield archive, ApproveElsewhere(Purging(archive).approving(), archive.catalog, submitter)


def _lasting(written: str, now: datetime) -> timedelta:
    start = now.astimezone(UTC).date()
    end = Period.parse(written).after(start)
    if end is None:
        raise UsageError(f"{written} is no time an approval can last", remedy="write P7D")
    return end - start
