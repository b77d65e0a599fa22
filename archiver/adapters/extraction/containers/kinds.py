"""Which files are containers, and who walks them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

from archiver.adapters.extraction.containers.entry import DamagedError, Entry, OversizeError
from archiver.adapters.extraction.source import Source

_HEAD = 512
_ZIP_END_WITHIN = 22 + 65535
_UNKNOWN = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Kind:
    """One way of walking.

    Attributes:
        name: the word in locators; part of what is stored, never changed.
        has_text: the container is also a document of its own (a mail has a body); read it besides walking it.
        named_after_file: the member's name comes from the file's own name, which another copy may not have.
        listed_first: members are known from a directory, so those left unread can still be listed at no cost.
    """

    name: str
    has_text: bool = False
    listed_first: bool = False
    named_after_file: bool = False

    def walk(self, source: Source) -> Iterator[Entry]:
        """Members of `source`, lazily. Raises as the walker says, while iterating."""
        walker: Callable[[Source], Iterator[Entry]] = import_module(f"{__package__}.{_MODULES[self.name]}").walk
        return walker(source)


_COMPRESSORS = ("gzip", "bzip2", "xz", "lzma", "zstd", "lz4", "zlib", "compress")

_MODULES = {
    "zip": "zip",
    "tar": "tar",
    "7z": "sevenzip",
    "cpio": "cpio",
    "ar": "ar",
    "cab": "cab",
    "mbox": "mbox",
    "mail": "mail",
    "msg": "outlook",
    "pst": "pst",
    "warc": "warc",
    **dict.fromkeys(_COMPRESSORS, "compressed"),
}

KINDS = {
    kind.name: kind
    for kind in (
        Kind("zip", listed_first=True),
        Kind("tar"),
        Kind("7z", listed_first=True),
        Kind("cpio"),
        Kind("ar", listed_first=True),
        Kind("cab", listed_first=True),
        Kind("mbox", listed_first=True),
        Kind("mail", has_text=True, listed_first=True),
        Kind("msg", has_text=True, listed_first=True),
        Kind("pst", listed_first=True),
        Kind("warc"),
        *(Kind(name, named_after_file=True) for name in _COMPRESSORS),
    )
}

_BY_MEDIA_TYPE = {
    "application/zip": "zip",
    "application/x-tar": "tar",
    "application/x-gtar": "tar",
    "application/x-7z-compressed": "7z",
    "application/x-cpio": "cpio",
    "application/x-archive": "ar",
    "application/x-unix-archive": "ar",
    "application/x-debian-package": "ar",
    "application/vnd.ms-cab-compressed": "cab",
    "application/mbox": "mbox",
    "message/rfc822": "mail",
    "application/vnd.ms-outlook": "msg",
    "application/vnd.ms-outlook-pst": "pst",
    "application/warc": "warc",
}
_COMPRESSED = {
    "application/gzip": "gzip",
    "application/x-gzip": "gzip",
    "application/x-bzip2": "bzip2",
    "application/x-bzip": "bzip2",
    "application/x-xz": "xz",
    "application/x-lzma": "lzma",
    "application/zstd": "zstd",
    "application/x-lz4": "lz4",
    "application/zlib": "zlib",
    "application/x-compress": "compress",
}


def kind_of(source: Source) -> Kind | None:
    """How to walk it; None when it is not a container. A compressed tar is a tar: people see one step, not two."""
    name = _BY_MEDIA_TYPE.get(source.media_type)
    if name is None and source.media_type in _COMPRESSED:
        name = _inside(source) or _COMPRESSED[source.media_type]
    if name is None and source.media_type == _UNKNOWN and _ends_like_zip(source):
        name = "zip"
    return KINDS[name] if name else None


def _ends_like_zip(source: Source) -> bool:
    """A zip is known by its end: the last part of a split one, or one behind other bytes, begins with anything."""
    with source.path.open("rb") as file:
        file.seek(max(0, source.size - _ZIP_END_WITHIN))
        return b"PK\x05\x06" in file.read()


def _inside(source: Source) -> str | None:
    """Kind of the container that is the compressed content, from its first bytes."""
    from archiver.adapters.extraction.containers.cpio import looks_like_cpio
    from archiver.adapters.extraction.containers.tar import looks_like_tar, plain_bytes
    from archiver.adapters.extraction.containers.warc import looks_like_warc

    head = b""
    try:
        for piece in plain_bytes(source.path):
            head += piece
            if len(head) >= _HEAD:
                break
    except (DamagedError, OversizeError):
        return None
    for looks, name in ((looks_like_warc, "warc"), (looks_like_cpio, "cpio"), (looks_like_tar, "tar")):
        if looks(head[:_HEAD]):
            return name
    return None
