"""Walker for web archives (WARC, ISO 28500): what was fetched, named by its address."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import partial
from typing import Any

from archiver.adapters.extraction.containers.entry import CHUNK, DamagedError, Entry, from_the_machine
from archiver.adapters.extraction.source import Source

_CONTENT = ("response", "resource", "conversion")


def looks_like_warc(head: bytes) -> bool:
    """Whether a file begins with a WARC record."""
    return head.startswith(b"WARC/")


def walk(source: Source) -> Iterator[Entry]:
    """Records that hold content; requests and notes about the crawl are passed over.

    Raises:
        DamagedError: a record header cannot be read; what comes after it is lost.
    """
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    with source.path.open("rb") as file:
        try:
            for index, record in enumerate(ArchiveIterator(file)):
                if record.rec_type in _CONTENT:
                    name = record.rec_headers.get_header("WARC-Target-URI") or f"record {index + 1}"
                    yield Entry(index, name, -1, partial(_content, record))
        except (ArchiveLoadFailed, zlib.error, EOFError, ValueError, OSError) as error:
            if from_the_machine(error):
                raise
            raise DamagedError(f"a record is damaged: {error}") from error


def _content(record: Any) -> Iterator[bytes]:
    stream = record.content_stream()
    try:
        while piece := stream.read(CHUNK):
            yield piece
    except (zlib.error, EOFError, ValueError, OSError) as error:
        if from_the_machine(error):
            raise
        raise DamagedError(f"the record is damaged: {error}") from error
