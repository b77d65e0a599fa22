"""Files attached to a PDF: by name, or in a paper-clip annotation."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_MOST = 10_000
_IN_MEMORY = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attached file, whole."""

    name: str
    content: bytes


def attachments(pdf: Any, largest: int) -> tuple[list[Attachment], list[str]]:
    """Attached files, each once, and what of them could not be read, in words.

    Args:
        largest: bytes above which a file is listed as unread.
    """
    import pikepdf

    found: list[Attachment] = []
    unread: list[str] = []
    seen: set[tuple[int, int]] = set()
    for name, stream in _streams(pdf):
        if stream.objgen in seen and stream.objgen != (0, 0):
            continue
        seen.add(stream.objgen)
        try:
            found.append(Attachment(name, _content(stream, min(largest, _IN_MEMORY))))
        except (pikepdf.PdfError, zlib.error, ValueError, RuntimeError) as error:
            unread.append(f"attachment {name!r}: {error}")
        if len(seen) >= _MOST:
            unread.append(f"attachments after the first {_MOST}")
            break
    return found, unread


def _streams(pdf: Any) -> Iterator[tuple[str, Any]]:
    import pikepdf

    names = pdf.Root.get("/Names")
    if isinstance(names, pikepdf.Dictionary) and "/EmbeddedFiles" in names:
        for specification in _leaves(names.EmbeddedFiles, 0):
            yield from _embedded(specification)
    for page in pdf.pages:
        annots = page.obj.get("/Annots")
        for annotation in annots if isinstance(annots, pikepdf.Array) else ():
            if isinstance(annotation, pikepdf.Dictionary) and annotation.get("/Subtype") == pikepdf.Name.FileAttachment:
                yield from _embedded(annotation.get("/FS"))
    associated = pdf.Root.get("/AF")
    for specification in associated if isinstance(associated, pikepdf.Array) else ():
        yield from _embedded(specification)


def _leaves(node: Any, depth: int) -> Iterator[Any]:
    """File specifications of a name tree."""
    import pikepdf

    if not isinstance(node, pikepdf.Dictionary) or depth > 32:
        return
    names, kids = node.get("/Names"), node.get("/Kids")
    if isinstance(names, pikepdf.Array):
        yield from (names[index] for index in range(1, len(names), 2))
    for kid in kids if isinstance(kids, pikepdf.Array) else ():
        yield from _leaves(kid, depth + 1)


def _embedded(specification: Any) -> Iterator[tuple[str, Any]]:
    import pikepdf

    if not isinstance(specification, pikepdf.Dictionary) or not isinstance(specification.get("/EF"), pikepdf.Dictionary):
        return
    name = str(specification.get("/UF") or specification.get("/F") or "attachment")
    for key in ("/UF", "/F", "/Unix", "/DOS", "/Mac"):
        stream = specification.EF.get(key)
        if isinstance(stream, pikepdf.Stream):
            yield name, stream
            return


def _content(stream: Any, largest: int) -> bytes:
    """The plain bytes, without ever holding more than `largest` of them."""
    import pikepdf

    kind = stream.get("/Filter")
    if isinstance(kind, pikepdf.Array) and len(kind) == 1:
        kind = kind[0]
    if kind != pikepdf.Name.FlateDecode or "/DecodeParms" in stream:
        content = bytes(stream.read_bytes())
    else:
        inflate = zlib.decompressobj()
        content = inflate.decompress(stream.read_raw_bytes(), largest + 1)
    if len(content) > largest:
        raise ValueError(f"larger than {largest} bytes")
    return content
