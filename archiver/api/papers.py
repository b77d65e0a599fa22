"""What is handed out as a file: signed JSON, which is the evidence, or a PDF of it for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from fastapi.responses import StreamingResponse

PDF = "application/pdf"
_CHUNK = 256 * 1024


def paper(file: BinaryIO, name: str, *, pdf: bool) -> StreamingResponse:
    """A file from its beginning, to be saved and never shown in place; closed once it is sent.

    Args:
        name: without its ending, of letters, digits, `.`, `_` and `-` only.
    """
    size = file.seek(0, 2)
    file.seek(0)
    ending, media_type = ("pdf", PDF) if pdf else ("json", "application/json")
    headers = {"Content-Disposition": f'attachment; filename="{name}.{ending}"', "Content-Length": str(size), "Vary": "Accept"}
    return StreamingResponse(_chunks(file), 200, headers, media_type)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
