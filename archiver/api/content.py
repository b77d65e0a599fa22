"""`/v1/documents/{id}/content`: a document's bytes as they were archived, streamed, and checked on the way."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

from fastapi import APIRouter, Header, Response
from fastapi.responses import StreamingResponse

from archiver.api.asked import Asked, asking
from archiver.api.digests import digest_header
from archiver.api.filenames import attachment
from archiver.api.problems import Failure, documented
from archiver.api.ranges import Span, span
from archiver.api.visible import DocumentPath, there
from archiver.domain.accesses import Act
from archiver.domain.caller import Permission
from archiver.domain.document import Document
from archiver.errors import IntegrityError, NotFoundError
from archiver.services.retrieve import Retrieve, require_bytes

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive

routes = APIRouter(tags=["documents"], responses=documented(410))
Reader = Annotated[Asked, asking(Permission.READ)]

PIECE = 1024 * 1024
HARMLESS = frozenset({"application/pdf", "image/png", "image/jpeg", "image/tiff", "text/plain"})
"""Media types that are said as they are; anything else is bytes that a browser has no opinion of."""
BYTES = "application/octet-stream"

_Range = Annotated[str, Header(alias="Range", max_length=200, description="One range of bytes; several are answered with all.")]
_IfRange = Annotated[str, Header(alias="If-Range", max_length=200)]
_IfNoneMatch = Annotated[str, Header(alias="If-None-Match", max_length=1_000)]
_STREAM: dict[str, Any] = {
    "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in sorted({BYTES, *HARMLESS})}
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: _STREAM,
    206: {"description": "The bytes that were asked for.", **_STREAM},
    304: {"description": "As it was."},
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Conditions that come with a request for bytes."""

    range: str
    if_range: str
    if_none_match: str


@routes.get("/documents/{id}/content", response_class=Response, responses={**_ANSWERS, **documented(416)})
def content(
    id: DocumentPath,
    asked: Reader,
    range: _Range = "",
    if_range: _IfRange = "",
    if_none_match: _IfNoneMatch = "",
) -> Response:
    """The bytes, always to be saved and never shown. `Repr-Digest` and `ETag` are those of the whole; a whole download whose bytes
    turn out to be damaged breaks off before its end."""
    wanted = Wanted(range, if_range, if_none_match)
    with asked.front.reading() as archive:
        document = there(archive, asked.scope, id)
        require_bytes(document)
        part = _part(document, wanted)
        if part is None or part.size == 0 or _known(document, wanted):
            stream = None
        else:
            try:
                stream = _opened(archive, document, part, asked)
            except NotFoundError as error:
                there(archive, asked.scope, id)  # destroyed meanwhile: then that is what is said
                raise IntegrityError(
                    f"the bytes of document {id} are not to be had: {error}", remedy="run `minutier verify`"
                ) from error
    try:
        return _answer(asked, document, part, stream, wanted)
    except BaseException:
        if stream:
            stream.close()
        raise


@routes.head("/documents/{id}/content", response_class=Response, responses={200: _STREAM}, operation_id="headDocumentContent")
def content_head(id: DocumentPath, asked: Reader) -> Response:
    """What a download would say of itself."""
    with asked.front.reading() as archive:
        document = there(archive, asked.scope, id)
        require_bytes(document)
    asked.told(Act.VIEWED, document_id=document.id, about="content, its head")
    return Response(None, 200, {**_headers(document), "Content-Length": str(document.size)})


def _answer(asked: Asked, document: Document, part: Span | None, stream: BinaryIO | None, wanted: Wanted) -> Response:
    """The answer, which has `stream` to close from here on."""
    if _known(document, wanted):
        asked.told(Act.VIEWED, document_id=document.id, about="content, unchanged", status=304)
        return Response(None, 304, _headers(document))
    if part is None:
        asked.told(Act.REFUSED, document_id=document.id, about="content, a range outside it", status=416)
        size = {"Content-Range": f"bytes */{document.size}"}
        return Failure(416, "range-not-satisfiable", f"it has {document.size:,} bytes", headers=size).response()
    status = 200 if part.whole else 206
    asked.told(
        Act.DOWNLOADED, document_id=document.id, about="" if part.whole else f"bytes {part.start}-{part.end - 1}", status=status
    )
    headers = {**_headers(document), "Content-Length": str(part.end - part.start)}
    if not part.whole:
        headers["Content-Range"] = part.header
    if stream is None:
        return Response(b"", status, headers)
    pieces = _pieces(stream, part, document)
    if part.end - part.start <= PIECE:
        return Response(b"".join(pieces), status, headers)
    return StreamingResponse(pieces, status, headers)


def _part(document: Document, wanted: Wanted) -> Span | None:
    """The bytes that are asked for. A range of an older state is answered with all."""
    of_this = not wanted.if_range or wanted.if_range.strip() == _etag(document)
    return span(wanted.range if of_this else "", document.size)


def _known(document: Document, wanted: Wanted) -> bool:
    """Whether the caller has these bytes already."""
    given = [one.strip().removeprefix("W/") for one in wanted.if_none_match.split(",")]
    return _etag(document) in given or given == ["*"]


def _etag(document: Document) -> str:
    return f'"{document.sha256}"'


def _headers(document: Document) -> dict[str, str]:
    kind = document.media_type.partition(";")[0].strip().lower()
    return {
        "Accept-Ranges": "bytes",
        "Content-Disposition": attachment(document.name),
        "Content-Type": kind if kind in HARMLESS else BYTES,
        "ETag": _etag(document),
        "Repr-Digest": digest_header(document.sha256),
        "Cache-Control": "private, no-cache",
    }


def _opened(archive: Archive, document: Document, part: Span, asked: Asked) -> BinaryIO:
    """The bytes from the part's beginning on, to be read without the archive, which others need.

    Raises:
        NotFoundError: those of a member could never be read.
        IntegrityError: those of a member are not what they were.
    """
    retrieve = Retrieve(archive.catalog, archive.objects, archive.members)
    if not document.locator:
        return archive.objects.open(retrieve.original_ref(document), part.start)
    unpacked = _Unpacked(asked.front.unpacked.take(asked.caller.principal.name), asked.front.serving.scratch)
    try:
        for piece in retrieve.content(document):
            unpacked.write(piece)
            if not part.whole and unpacked.tell() >= part.end:
                break
        unpacked.seek(part.start)
    except BaseException:
        unpacked.close()
        raise
    return unpacked


class _Unpacked(FileIO):
    """A member read out of its container, in a file without a name. Holds its place until it is closed."""

    def __init__(self, leave: Callable[[], None], scratch: Path) -> None:
        self._leave = leave
        descriptor, name = tempfile.mkstemp(dir=scratch)
        os.unlink(name)
        super().__init__(descriptor, "w+b")

    def close(self) -> None:
        """Safe to repeat."""
        super().close()
        self._leave()


def _pieces(stream: BinaryIO, part: Span, document: Document) -> Iterator[bytes]:
    """The bytes, piece by piece. The last piece of a whole download is given only when all are what was archived.

    Raises:
        IntegrityError: they are not; or there are fewer. Whoever has had a part of them is left without the end.
    """
    state, left = hashlib.sha256(), part.end - part.start
    with stream:
        while left:
            piece = stream.read(min(PIECE, left))
            left -= len(piece)
            if part.whole:
                state.update(piece)
            if not piece or (not left and part.whole and state.hexdigest() != document.sha256):
                raise IntegrityError(
                    f"document {document.id} is damaged: its bytes do not have the digest they were archived with",
                    remedy="run `minutier verify`",
                )
            yield piece
