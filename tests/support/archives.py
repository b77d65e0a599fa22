"""Archives made in memory for tests."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from archiver.adapters.extraction.source import Source
from archiver.domain.extraction import Event, Extraction, ExtractionTask, Found, Outcome

Members = Sequence[tuple[str, bytes]]


def zipped(members: Members, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def tarred(members: Members) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members:
            header = tarfile.TarInfo(name)
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
    return out.getvalue()


def cpio_newc(members: Members) -> bytes:
    out = b""
    for name, data in (*members, ("TRAILER!!!", b"")):
        raw = name.encode() + b"\0"
        fields = [0, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0]
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + raw
        out += b"\0" * (-len(out) % 4)
        out += data
        out += b"\0" * (-len(out) % 4)
    return out


def ar_archive(members: Members) -> bytes:
    out = b"!<arch>\n"
    for name, data in members:
        out += b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (f"{name}/".encode(), 0, 0, 0, b"100644", len(data))
        out += data + b"\n" * (len(data) % 2)
    return out


def mbox(messages: Sequence[bytes]) -> bytes:
    return b"".join(b"From someone@example.org Mon Nov 23 10:00:00 2026\n" + message + b"\n\n" for message in messages)


PACKERS = {
    "zip": zipped,
    "zip-stored": lambda members: zipped(members, zipfile.ZIP_STORED),
    "zip-bzip2": lambda members: zipped(members, zipfile.ZIP_BZIP2),
    "zip-lzma": lambda members: zipped(members, zipfile.ZIP_LZMA),
    "tar": tarred,
    "tgz": lambda members: gzip.compress(tarred(members)),
    "tbz": lambda members: bz2.compress(tarred(members)),
    "txz": lambda members: lzma.compress(tarred(members)),
    "cpio": cpio_newc,
    "ar": ar_archive,
}


def stub_read(source: Source) -> Extraction:
    """Stands for the real reader: the text is the bytes."""
    return Extraction(Outcome.COMPLETE, "text/plain", text=source.path.read_bytes().decode("utf-8", "replace"))


def task(path: Path, name: str | None = None, **more: object) -> ExtractionTask:
    return ExtractionTask("doc", path, name or path.name, path.stat().st_size, **more)  # type: ignore[arg-type]


def found(events: Sequence[Event]) -> list[Found]:
    return [event for event in events if isinstance(event, Found)]


def by_name(events: Sequence[Event]) -> Mapping[str, Found]:
    """Results by the name of the last step; the original itself under ""."""
    return {event.locator[-1].name if event.locator else "": event for event in found(events)}


def flip(data: bytes, place: int) -> bytes:
    """`data` with one byte changed."""
    return data[:place] + bytes([data[place] ^ 0x5A]) + data[place + 1 :]


def pax_bomb(claimed: int) -> bytes:
    """A tar whose first header says that `claimed` bytes of PAX records follow."""
    header = tarfile.TarInfo("bomb")
    header.type, header.size = tarfile.XHDTYPE, claimed
    return header.tobuf(tarfile.GNU_FORMAT) + struct.pack("512x") * 4
