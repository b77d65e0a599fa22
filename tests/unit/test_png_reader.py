"""PNG pictures: the properties Tika gives, and Tika itself for whatever else is in the file."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from archiver.adapters.extraction import tika
from archiver.adapters.extraction.extract import extract
from archiver.adapters.extraction.readers.png import read
from archiver.adapters.extraction.source import DoubtError, Source
from archiver.domain.extraction import Limits, Outcome

PIXELS = ("IDAT", zlib.compress(bytes(200)))
END = ("IEND", b"")


def header(colour: int = 2, depth: int = 8, interlaced: int = 0) -> tuple[str, bytes]:
    return "IHDR", struct.pack(">2I5B", 5, 7, depth, colour, 0, 0, interlaced)


def picture(folder: Path, *chunks: tuple[str, bytes]) -> Source:
    path = folder / "scan.png"
    told = (
        struct.pack(">I", len(data)) + kind.encode() + data + struct.pack(">I", zlib.crc32(kind.encode() + data))
        for kind, data in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(told))
    return Source(path, path.name, path.stat().st_size, "image/png")


@pytest.mark.parametrize(("colour", "depth"), [(0, 1), (0, 8), (0, 16), (2, 8), (4, 8), (6, 8)])
@pytest.mark.parametrize("per_metre", [(11811, 5906), (2205, 27441)])
def test_the_same_properties_as_by_tika(tmp_path: Path, colour: int, depth: int, per_metre: tuple[int, int]) -> None:
    source = picture(
        tmp_path,
        header(colour, depth),
        ("sRGB", b"\x00"),
        ("pHYs", struct.pack(">2IB", *per_metre, 1)),
        ("tIME", struct.pack(">H5B", 2008, 5, 6, 6, 18, 47)),
        ("tEXt", "Title\x00Reçu".encode("latin-1")),
        ("tEXt", b"Author\x00A"),
        PIXELS,
        END,
    )
    assert read(source).metadata == tika.read(source).metadata


def test_without_a_resolution(tmp_path: Path) -> None:
    source = picture(tmp_path, header(), PIXELS, END)
    assert read(source).metadata == tika.read(source).metadata


@pytest.mark.parametrize(
    "chunks",
    [
        (header(3), PIXELS, END),
        (header(interlaced=1), PIXELS, END),
        (header(), ("iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00<x/>"), PIXELS, END),
        (header(), ("eXIf", b"MM"), PIXELS, END),
        (header(), ("pHYs", struct.pack(">2IB", 1, 1, 0)), PIXELS, END),
        (header(), ("tIME", b"\x00"), PIXELS, END),
        (header(), PIXELS),
        (PIXELS, END),
    ],
)
def test_the_rest_is_tikas(tmp_path: Path, chunks: tuple[tuple[str, bytes], ...]) -> None:
    with pytest.raises(DoubtError):
        read(picture(tmp_path, *chunks))


def test_a_damaged_chunk_is_doubted(tmp_path: Path) -> None:
    source = picture(tmp_path, header(), ("tEXt", b"Title\x00Recu"), PIXELS, END)
    source.path.write_bytes(source.path.read_bytes().replace(b"Recu", b"Rec0"))
    with pytest.raises(DoubtError):
        read(source)


def test_a_picture_is_complete_without_text(tmp_path: Path) -> None:
    source = picture(tmp_path, header(), PIXELS, END)
    found = extract(source.path, source.name, limits=Limits())
    assert (found.outcome, found.text, found.tool) == (Outcome.COMPLETE, "", "png")
