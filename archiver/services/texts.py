"""Stored texts: what was read from some bytes by one tool, as a zstd-compressed JSON object beside the originals."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any

import msgspec
import zstandard

from archiver.domain.document import Document
from archiver.domain.extraction import Extraction, Outcome
from archiver.domain.record import text_key
from archiver.errors import IntegrityError, NotFoundError
from archiver.ports.catalog import Catalog
from archiver.ports.objects import Bucket, ObjectStore

FORMAT = "minutier-text/1"
_OWN = threading.local()


def _compressor() -> zstandard.ZstdCompressor:
    """One a thread: two that share one overwrite each other's memory."""
    if not hasattr(_OWN, "compressor"):
        _OWN.compressor = zstandard.ZstdCompressor(level=1, write_checksum=True)
    made: zstandard.ZstdCompressor = _OWN.compressor
    return made


def encode(sha256: str, extraction: Extraction) -> bytes:
    """A text object. The digest of the bytes it was read from is in it, so that it can be told apart from any other."""
    body: dict[str, Any] = {name: getattr(extraction, name) for name in Extraction.__slots__}
    body |= {"format": FORMAT, "sha256": sha256}
    return _compressor().compress(msgspec.json.encode(body))


def decode(raw: bytes) -> Extraction:
    """The extraction a text object holds.

    Raises:
        IntegrityError: it is none.
    """
    try:
        with zstandard.ZstdDecompressor().stream_reader(raw) as stream:
            body = msgspec.json.decode(stream.read())
        if body.pop("format") != FORMAT:
            raise IntegrityError(
                "a stored text of an unknown format", remedy="read it with the program that wrote it, or a newer one"
            )
        body.pop("sha256")
        cards = tuple((start, end) for start, end in body.pop("cards"))
        return Extraction(outcome=Outcome(body.pop("outcome")), cards=cards, **body)
    except (ValueError, KeyError, TypeError, msgspec.MsgspecError, zstandard.ZstdError) as error:
        raise IntegrityError(f"a stored text is damaged: {error!r}", remedy="run `minutier verify`") from error


class Texts:
    """Reads stored texts back."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def load(self, key: str) -> Extraction:
        """The extraction stored under `key`.

        Raises:
            NotFoundError: there is none.
            IntegrityError: it is damaged.
        """
        versions = self._objects.versions(Bucket.DELETABLE, key)
        if not versions:
            raise NotFoundError(f"the stored text {key} is gone", remedy="run `minutier verify`")
        with self._objects.open(versions[-1].ref) as stream:
            return decode(stream.read())

    def of(self, document: Document) -> Extraction | None:
        """What was read from a document; None when nothing was stored for it."""
        return self.load(document.text_key) if document.text_key else None

    def of_each(self, documents: Sequence[Document]) -> dict[str, Extraction]:
        """By document id what was read from each, many at once: a matter of speed only. Without those for which nothing was stored,
        and those whose text is lost or damaged, which `verify` reports."""
        keys = {one.id: one.text_key for one in documents if one.text_key}
        places = self._objects.versions_of([(Bucket.DELETABLE, key) for key in dict.fromkeys(keys.values())])
        newest = {key: versions[-1].ref for (_, key), versions in places.items() if versions}
        bodies = self._objects.read_group(list(newest.values()))
        found: dict[str, Extraction] = {}
        for document_id, key in keys.items():
            if key in newest and newest[key] in bodies:
                with suppress(IntegrityError):
                    found[document_id] = decode(bodies[newest[key]])
        return found

    def of_same_bytes(self, catalog: Catalog, documents: Sequence[Document]) -> dict[str, Extraction]:
        """By document id the reading of the same bytes under a name that ends alike, if they were read whole before and hold no
        members: what they are read as depends on the ending, and nobody is to learn that of a document which he may not see.
        Without one that was lost or damaged, which `verify` reports: the bytes are read again."""
        found: dict[str, Extraction] = {}
        keys = {one.id: (one.collection, one.retention_class, one.sha256) for one in documents}
        twins = catalog.read_whole(list(dict.fromkeys(keys.values())))
        for document in documents:
            twin = twins.get(keys[document.id])
            if twin and ending(twin.name) == ending(document.name):
                with suppress(NotFoundError, IntegrityError):
                    if extraction := self.of(twin):
                        found[document.id] = extraction
        return found


def ending(name: str) -> str:
    """How a name ends, `.csv`: part of what decides how bytes are read."""
    return PurePosixPath(name).suffix.lower()


def key_for(document: Document, extraction: Extraction) -> str:
    """Where the text of this document is kept; "" when there is nothing to keep it by."""
    if not document.sha256 or not extraction.fingerprint:
        return ""
    return text_key(document.collection, document.sha256, extraction.fingerprint)
