"""`POST /v1/documents`: a document is handed in, and safe once that is answered."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from contextlib import ExitStack, closing
from typing import Annotated, Any, Literal

from anyio import CapacityLimiter
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from archiver.api import idempotency
from archiver.api.asked import Asked, asking
from archiver.api.places import Places
from archiver.api.problems import documented
from archiver.api.spool import Spool
from archiver.api.uploads import AT_A_TIME, Receiving, Upload, require_digest
from archiver.domain.access import group_name
from archiver.domain.accesses import Act
from archiver.domain.batch import LineState
from archiver.domain.caller import Caller, Permission
from archiver.errors import AlreadyExistsError, DestroyedError, IntegrityError, MinutierError, UnreachableError
from archiver.ports.replies import Claim, Reply
from archiver.services.deposits import Deposit, Receipt, require_admitted, written
from archiver.services.intake import SPOILED
from retention.policy import Policy

PATH = "/documents"
ROUTE = f"POST /v1{PATH}"

routes = APIRouter(tags=["documents"])
Depositor = Annotated[Asked, asking(Permission.DEPOSIT)]

_uploads = Places("uploads", most=AT_A_TIME, of_one=AT_A_TIME // 2)
_writers = CapacityLimiter(8)
_Word = Annotated[str, Field(max_length=128)]


class Metadata(BaseModel):
    """What is said of a document that is handed in."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"collection": "invoices", "reference": "INV-2026-17"}}
    )

    collection: str = Field(min_length=1, max_length=64, description="Where one of the caller's groups may read.")
    retention_class: str = Field("", alias="class", max_length=64, description="Empty: the collection's own.")
    reference: str = Field(
        "",
        max_length=1_000,
        description="The caller's own name for it, found again by the field `path:`. The same again with the same bytes is 409. "
        "Empty: one is made.",
    )
    name: str = Field("", max_length=1_000, description="What people call it. Empty: the file's name.")
    declared: dict[Annotated[str, Field(min_length=1, max_length=128)], Annotated[str, Field(max_length=4_000)]] = Field(
        default_factory=dict, max_length=64, description="Metadata; retention may read it."
    )
    grants: list[_Word] = Field(
        default_factory=list, max_length=32, description="Groups of the caller that may read it. Empty: as the collection says."
    )
    sha256: str = Field("", pattern="^([0-9a-f]{64})?$", description="Of the file; another one that arrives is refused.")


class Accepted(BaseModel):
    """It is stored, and read in its turn; it cannot get lost any more."""

    id: str
    state: Literal["received"] = Field("received", description="What `status` says next: `archived`, or `quarantined`.")
    status: str = Field(description="Where to ask what has become of it.")


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["metadata", "file"],
                    "properties": {
                        "metadata": Metadata.model_json_schema(),
                        "file": {"type": "string", "format": "binary", "description": "The bytes, in any format, as they are."},
                    },
                },
                "encoding": {"metadata": {"contentType": "application/json"}},
            }
        },
    }
}


@routes.post(PATH, status_code=202, response_model=Accepted, responses=documented(408, 409, 410, 413, 422), openapi_extra=_BODY)
async def deposit(request: Request, asked: Depositor, key: idempotency.Key = "") -> Response:
    """Hand a document in. Streamed: the caller is known before a byte of the body is read. A digest that is declared, in
    `metadata` or as a `Repr-Digest` header of the part, is checked before anything is stored."""
    serving = asked.front.serving
    policy = await run_in_threadpool(lambda: serving.placement.policy)
    said = _Said(asked.caller, policy)
    with ExitStack() as place, ExitStack() as bytes_in_hand:
        place.callback(_uploads.take(asked.caller.principal.name))
        spool = bytes_in_hand.enter_context(closing(Spool(serving.scratch)))
        receiving = Receiving(request, spool, serving.settings.api_deposit_bytes, _writers, said.hear)
        handed = said.deposit(await receiving.whole(), key)
        return await _taken(handed, asked, key, bytes_in_hand)


class _Said:
    """What a caller says of the document that it hands in: judged as soon as it is heard."""

    def __init__(self, caller: Caller, policy: Policy) -> None:
        self._caller, self._policy = caller, policy
        self._metadata: Metadata | None = None
        self._grants: tuple[str, ...] = ()

    def hear(self, raw: bytes) -> None:
        """Raises UsageError, NotPermittedError, RequestValidationError: it is not of the form it must have, or not allowed."""
        try:
            said = self._metadata = Metadata.model_validate_json(raw)
        except ValidationError as error:
            raise RequestValidationError([{**one, "loc": ("metadata", *one["loc"])} for one in error.errors()]) from error
        self._grants = tuple(dict.fromkeys(map(group_name, said.grants)))
        require_admitted(said.collection, said.retention_class, self._grants, self._caller, self._policy)

    def deposit(self, upload: Upload, key: str) -> Deposit:
        """The deposit, once its bytes are those that were declared."""
        said = self._metadata
        assert said is not None
        require_digest(upload.file, said.sha256)
        reference = said.reference or _made(key)
        return Deposit(
            self._caller.principal.name,
            reference,
            said.name or upload.filename or reference,
            said.collection,
            upload.file,
            said.retention_class,
            self._grants,
            said.declared,
        )


async def _taken(handed: Deposit, asked: Asked, key: str, bytes_in_hand: ExitStack) -> Response:
    """Taken in, or the answer that was given before.

    Args:
        bytes_in_hand: is let go of when nobody takes them in any more, however long this call lasts.
    """
    claim: Reply | Claim = Claim.FIRST
    if key:
        digest = idempotency.request_digest(ROUTE, written(handed))
        claim = await run_in_threadpool(idempotency.claimed, asked, key, digest)
    if isinstance(claim, Reply):
        await run_in_threadpool(
            asked.told, Act.DEPOSITED, document_id=_id_in(claim), about="the answer given before", status=claim.status
        )
        return idempotency.replayed(claim)
    try:
        taking = asked.front.serving.depositor.hand_in(handed)
        kept = bytes_in_hand.pop_all()
        taking.add_done_callback(lambda _: kept.close())
        receipt = await asyncio.wrap_future(taking)
        await run_in_threadpool(_require_taken, receipt, asked, claim)
    except BaseException:
        if key:
            await asyncio.shield(run_in_threadpool(idempotency.dropped, asked, key))
        raise
    return await run_in_threadpool(_answered, receipt, asked, handed, key)


def _id_in(reply: Reply) -> str:
    return reply.headers.get("Location", "").rpartition("/")[2]


def _require_taken(receipt: Receipt, asked: Asked, claim: Reply | Claim) -> None:
    """Whoever comes again, cut off before, is told what became of the first time."""
    if receipt.state is LineState.ALREADY and claim is not Claim.AGAIN:
        raise _exists(receipt, asked)
    if receipt.state not in (LineState.NEW, LineState.DUPLICATE, LineState.ALREADY):
        raise _failure(receipt)


def _answered(receipt: Receipt, asked: Asked, handed: Deposit, key: str) -> Response:
    asked.told(Act.DEPOSITED, document_id=receipt.document_id, about=handed.collection, status=202)
    status = f"/v1/documents/{receipt.document_id}"
    body = Accepted(id=receipt.document_id, state="received", status=status).model_dump_json().encode()
    return idempotency.kept(asked, key, Reply(202, body, {"Location": status}))


def _exists(receipt: Receipt, asked: Asked) -> MinutierError:
    with asked.front.reading() as archive:
        document = archive.catalog.documents([receipt.document_id]).get(receipt.document_id)
    which = f", as document {document.id}" if document and asked.scope.admits(document) else ""
    return AlreadyExistsError(
        f"you handed in the same bytes under the same reference before{which}",
        remedy="nothing is to be done: it is archived once",
    )


def _failure(receipt: Receipt) -> MinutierError:
    if receipt.state is LineState.REFUSED:
        return DestroyedError(
            "you handed it in before, and a purge has destroyed it since",
            remedy="an archivist may archive it again, with a reason: `minutier import --again`",
        )
    if receipt.reason == SPOILED:
        return IntegrityError("its bytes cannot be stored where they belong", remedy="an archivist has to run `minutier verify`")
    return UnreachableError(f"it was not taken in: {receipt.reason}", remedy="hand it in again in a moment")


def _made(key: str) -> str:
    """A reference for a document that came without: by the request's key, so that the same request names the same document."""
    return f"key-{hashlib.sha256(key.encode()).hexdigest()[:32]}" if key else str(uuid.uuid4())
