"""`/v1/documents/{id}/evidence` and `/attestation`: what an auditor checks without this archive."""

from __future__ import annotations

import tempfile
from io import BytesIO
from typing import Annotated, Any, BinaryIO, cast

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from archiver.api.asked import Asked, asking
from archiver.api.papers import PDF, paper
from archiver.api.problems import documented
from archiver.api.visible import DocumentPath, there
from archiver.bootstrap.evidence import attestation_of, evidence_of, evidence_pdf
from archiver.domain.accesses import Act
from archiver.domain.caller import Permission
from archiver.domain.document import State
from archiver.errors import NotCommittedError, NotFoundError

routes = APIRouter(tags=["documents"], responses=documented(410))
Reader = Annotated[Asked, asking(Permission.READ)]
Accept = Annotated[
    str, Header(max_length=500, description="`application/pdf` for people; else signed JSON, the evidence itself.")
]
_PAPER: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}, PDF: {}}, "description": "Signed JSON, or a PDF of it for people."}
}


@routes.get("/documents/{id}/evidence", response_class=StreamingResponse, responses=_PAPER)
def evidence(id: DocumentPath, asked: Reader, accept: Accept = "") -> StreamingResponse:
    """Signed evidence of a document as it is now: its bytes are read again, the store is asked for its lock, the ledger for its entry.

    Issued whatever was found; holds no name, path or plain digest. `minutier certificate verify` checks it without this archive.
    """
    with asked.front.changing() as archive:
        document = there(archive, asked.scope, id)
        found = evidence_of(archive, document, may_see_holds=asked.may_see_holds)
    asked.told(Act.VIEWED, document_id=document.id, about="evidence")
    return _paper(found, f"evidence-{document.id}", accept)


@routes.get("/documents/{id}/attestation", response_class=StreamingResponse, responses=_PAPER | documented(409))
def attestation(id: DocumentPath, asked: Reader, accept: Accept = "") -> StreamingResponse:
    """Signed attestation that these bytes were deposited, and when; 409 `not-committed` until they are archived for good."""
    with asked.front.changing() as archive:
        document = there(archive, asked.scope, id)
        if document.state is State.RECEIVED:
            raise NotCommittedError
        try:
            found = attestation_of(archive, document)
        except NotFoundError as error:
            raise NotCommittedError from error
    asked.told(Act.VIEWED, document_id=document.id, about="attestation")
    return _paper(found, f"attestation-{document.id}", accept)


def _paper(found: bytes, name: str, accept: str) -> StreamingResponse:
    if PDF not in accept:
        return paper(BytesIO(found), name, pdf=False)
    out = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115  # closed once it is sent
    evidence_pdf(found, out)
    return paper(out, name, pdf=True)
