"""Port: what is imported. Sources yield entries lazily; nothing is held by count of documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from archiver.errors import MinutierError


class SourceError(MinutierError):
    """A source file cannot be read as it should; the message is the outcome of its line."""

    code = "source"


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What tells that a file has not changed, without reading it."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One input line.

    Attributes:
        source: what names it in the archive, usually its absolute path (bytes that are not UTF-8 as PEP 383 escapes).
        name: what people call it; "" for the last part of `source`.
        number: its line in a list or manifest; 0 for a walk, where lines are numbered as they come.
        occurrence: how often a walk was told to pass here before (0 unless paths overlap); tells its lines apart.
        stamp: None where it could not be had, or tells nothing.
        problem: why it cannot be archived, "" when it can be tried.
        skip: the problem is that it is no document (a link, a device).
        collection, retention_class, grants: as the manifest says; "" and () mean the import's own.
        declared: metadata columns.
    """

    source: str
    number: int = 0
    occurrence: int = 0
    stamp: FileStamp | None = None
    name: str = ""
    problem: str = ""
    skip: bool = False
    collection: str = ""
    retention_class: str = ""
    grants: tuple[str, ...] = ()
    declared: dict[str, str] = field(default_factory=dict)


class SourceReader(Protocol):
    """Opens what entries name."""

    def stamp(self, source: str) -> FileStamp | None:
        """None for bytes that come once: then nothing says that they were seen before.

        Raises:
            SourceError: there is no regular, readable file of that name.
        """

    def chunks(self, source: str) -> Iterator[bytes]:
        """The bytes, streamed.

        Raises:
            SourceError: it vanished, is no regular file, cannot be read, or changed while it was read.
        """
