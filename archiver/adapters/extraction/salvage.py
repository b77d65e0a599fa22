"""The words of a package that no reader understands: whatever text its XML parts hold."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from html import unescape

from archiver.adapters.extraction.package_kinds import owns_directory
from archiver.adapters.extraction.source import Reading, Source
from archiver.domain.extraction import Outcome

TOOL = "salvage"
_LOCAL = struct.Struct("<4s5H3I2H")
_PART = re.compile(
    r"^(?!.*(?:_rels/|\[content_types\]|docprops/|/theme|settings|styles\.xml|fonttable|manifest)).*\.(?:xml|xhtml|html?)$"
)
_BLOCK = re.compile(rb"</(?:\w+:)?[\w.-]+>|<(?:\w+:)?(?:br|cr|tab|cp|pp)\b[^>]*/>")
_MARKUP = re.compile(rb"<[^<>]*>")
_PROPERTY = re.compile(
    rb"<(?:\w+:)?(title|creator|subject|description|keywords|category|created|modified|lastModifiedBy)\b[^>]*>([^<]*)<"
)
_CORE = {
    "title": "dc:title", "creator": "dc:creator", "subject": "dc:subject", "description": "dc:description",
    "keywords": "meta:keyword",
    "category": "cp:category", "created": "dcterms:created", "modified": "dcterms:modified", "lastModifiedBy": "meta:last-author",
}  # fmt: skip
_LONGEST_PROPERTY = 10_000
_PART_BYTES = 64 * 1024 * 1024
_ALL_BYTES = 256 * 1024 * 1024


def salvaged(source: Source) -> Reading | None:
    """Text of the XML parts of a zip package, or of an XML file, damaged or not; None when it is neither or holds none."""
    with open(source.path, "rb") as stream:
        head = stream.read(4)
    if source.media_type.endswith(("/xml", "+xml")):
        return _markup(source)
    if head != b"PK\x03\x04":
        return None
    texts: list[str] = []
    metadata: dict[str, list[str]] = {}
    for name, raw in _parts(source):
        if name.lower() == "docprops/core.xml":
            metadata |= _properties(raw)
        elif text := _words(raw):
            texts.append(text)
    if not texts:
        return None
    reason = "no reader understands it; text taken from its parts"
    return Reading("\n\n".join(texts), metadata, TOOL, Outcome.PARTIAL, reason)


def _markup(source: Source) -> Reading | None:
    with open(source.path, "rb") as stream:
        raw = stream.read(_ALL_BYTES)
    text = _words(raw)
    reason = "it is no well-formed XML; its text was taken without parsing it"
    return Reading(text, {"Content-Type": [source.media_type]}, TOOL, Outcome.PARTIAL, reason) if text else None


def _properties(raw: bytes) -> dict[str, list[str]]:
    """Core properties, as far as the bytes still show them."""
    found: dict[str, list[str]] = {}
    for name, value in _PROPERTY.findall(_without_doctype(raw)):
        text = unescape(_MARKUP.sub(b"", value).decode("utf-8", "replace")).strip()
        key = _CORE.get(name.decode("ascii"))
        if key and text and len(text) <= _LONGEST_PROPERTY:
            found.setdefault(key, []).append(text)
    return found


def _words(raw: bytes) -> str:
    """Character data of XML, without parsing it: it may well be broken."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raw = raw.decode("utf-16", "replace").encode()
    spaced = _MARKUP.sub(b"", _BLOCK.sub(b"\n", _without_doctype(raw)))
    lines = (line.strip() for line in unescape(spaced.decode("utf-8", "replace")).splitlines())
    return "\n".join(line for line in lines if line)


def _without_doctype(raw: bytes) -> bytes:
    """Entities are never expanded: their declarations are dropped, their names stay in the text."""
    return re.sub(rb"<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", b"", raw, count=1, flags=re.S) if b"<!DOCTYPE" in raw[:4096] else raw


def _parts(source: Source) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of the entries that can be read, within limits; by the directory, or by local headers when that is lost."""
    budget = _ALL_BYTES
    for name, raw in _listed(source) or _scanned(source):
        budget -= len(raw)
        if budget < 0:
            return
        yield name, raw


def _listed(source: Source) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    try:
        with zipfile.ZipFile(source.path) as package:
            if not owns_directory(package):
                return []
            for entry in package.infolist()[:10_000]:
                if _wanted(entry.filename) and not entry.flag_bits & 1:
                    found.extend(_entry(package, entry))
    except (zipfile.BadZipFile, OSError, ValueError):
        return []
    return found


def _wanted(name: str) -> bool:
    return name.lower() == "docprops/core.xml" or _PART.match(name.lower()) is not None


def _entry(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> list[tuple[str, bytes]]:
    try:
        with package.open(entry) as part:
            return [(entry.filename, part.read(_PART_BYTES))]
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError):
        return []


def _scanned(source: Source) -> Iterator[tuple[str, bytes]]:
    """Entries found by their local headers in the first bytes of a package that lost its directory."""
    with open(source.path, "rb") as stream:
        data = stream.read(_ALL_BYTES)
    at = data.find(b"PK\x03\x04")
    while at >= 0 and at + _LOCAL.size <= len(data):
        _, _, flags, method, _, _, _, packed, _, name_size, extra_size = _LOCAL.unpack_from(data, at)
        begin = at + _LOCAL.size
        name = data[begin : begin + name_size].decode("utf-8", "replace")
        body = begin + name_size + extra_size
        end = body + packed if packed and not flags & 8 else len(data)
        if not flags & 1 and _wanted(name):
            yield name, _inflated(data[body:end]) if method == 8 else data[body:end][:_PART_BYTES]
        at = data.find(b"PK\x03\x04", body)


def _inflated(packed: bytes) -> bytes:
    """As much as a deflate stream gives before it breaks."""
    stream, found = zlib.decompressobj(-15), b""
    try:
        for start in range(0, len(packed), 65_536):
            found += stream.decompress(packed[start : start + 65_536], _PART_BYTES)
            if stream.eof or len(found) >= _PART_BYTES:
                break
    except zlib.error:
        pass
    return found
