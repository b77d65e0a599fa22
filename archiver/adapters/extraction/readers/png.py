"""PNG pictures (ISO/IEC 15948): size, resolution, date and notes from their chunks, under Tika's keys. No pixel is looked at.

Palettes, colour profiles, XMP, EXIF and compressed or international text are left to Tika.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from archiver.adapters.extraction.source import DoubtError, Reading, Source

Metadata = dict[str, list[str]]

TOOL = "png"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LARGEST_CHUNK = 1024 * 1024
"""Bytes of a chunk that is read; those of pixels are passed over."""
_COLOURS = {
    0: ("Grayscale", "GRAY", 1, "none"),
    2: ("RGB", "RGB", 3, "none"),
    4: ("GrayAlpha", "GRAY", 2, "nonpremultipled"),
    6: ("RGBAlpha", "RGB", 4, "nonpremultipled"),
}
"""By colour type: name, colour space, channels, and what their alpha is."""
_METRE = 1
_ALWAYS = {
    "Chroma BlackIsZero": "true",
    "Compression CompressionTypeName": "deflate",
    "Compression Lossless": "true",
    "Data PlanarConfiguration": "PixelInterleaved",
    "Data SampleFormat": "UnsignedIntegral",
    "Dimension ImageOrientation": "Normal",
    "imagereader:NumImages": "1",
    "Content-Type": "image/png",
}


def read(source: Source) -> Reading:
    """Properties of the picture; it has no text.

    Raises:
        DoubtError: it holds chunks that are not read here, or is damaged.
    """
    found: Metadata = {key: [value] for key, value in _ALWAYS.items()}
    found["Dimension PixelAspectRatio"] = ["1.0"]
    with source.path.open("rb") as file:
        for kind, data in _chunks(file):
            _add(found, kind, data)
    if "width" not in found:
        raise DoubtError("no header")
    return Reading("", found, TOOL)


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Kind and data of every chunk up to the last, whose checksums hold; those of pixels are left out."""
    if file.read(len(_SIGNATURE)) != _SIGNATURE:
        raise DoubtError("no PNG")
    while len(head := file.read(8)) == 8:
        size, kind = struct.unpack(">I4s", head)
        if kind == b"IEND":
            return
        if kind == b"IDAT":
            file.seek(size + 4, 1)
            continue
        if size > _LARGEST_CHUNK:
            raise DoubtError(f"a chunk of {size} bytes")
        data, checksum = file.read(size), file.read(4)
        if checksum != struct.pack(">I", zlib.crc32(kind + data)):
            raise DoubtError("a chunk is damaged")
        yield kind, data
    raise DoubtError("it is cut short")


def _add(found: Metadata, kind: bytes, data: bytes) -> None:
    try:
        if kind == b"IHDR":
            found |= _header(data)
        elif kind == b"pHYs":
            found |= _resolution(data)
        elif kind == b"tIME":
            moment = "year={}, month={}, day={}, hour={}, minute={}, second={}".format(*struct.unpack(">H5B", data))
            found |= {"tIME": [moment], "Document ImageModificationTime": [moment]}
        elif kind == b"tEXt":
            _add_note(found, data)
        elif (kind, data) == (b"sRGB", b"\x00"):
            found["sRGB"] = ["Perceptual"]
        else:
            raise DoubtError(f"chunks of kind {kind!r} are not read here")
    except struct.error as error:
        raise DoubtError(f"a chunk of kind {kind!r} has {len(data)} bytes") from error


def _header(data: bytes) -> Metadata:
    width, height, depth, colour, compression, filtering, interlaced = struct.unpack(">2I5B", data)
    if colour not in _COLOURS or compression or filtering or interlaced:
        raise DoubtError(f"colour type {colour}, or a way of packing, that is not read here")
    name, space, channels, alpha = _COLOURS[colour]
    bits = " ".join([str(depth)] * channels)
    written = f"width={width}, height={height}, bitDepth={depth}, colorType={name}, compressionMethod=deflate"
    values = {
        "IHDR": f"{written}, filterMethod=adaptive, interlaceMethod=none",
        "Compression NumProgressiveScans": "1",
        "Chroma ColorSpaceType": space,
        "Chroma NumChannels": str(channels),
        "Transparency Alpha": alpha,
    }
    values |= dict.fromkeys(("width", "tiff:ImageWidth"), str(width)) | dict.fromkeys(("height", "tiff:ImageLength"), str(height))
    values |= dict.fromkeys(("Data BitsPerSample", "tiff:BitsPerSample"), bits)
    return {key: [value] for key, value in values.items()}


def _resolution(data: bytes) -> Metadata:
    across, down, unit = struct.unpack(">2IB", data)
    if unit != _METRE or not across or not down:
        raise DoubtError("a resolution without a unit")
    return {
        "pHYs": [f"pixelsPerUnitXAxis={across}, pixelsPerUnitYAxis={down}, unitSpecifier=meter"],
        "Dimension HorizontalPixelSize": [_single(1000 / across)],
        "Dimension VerticalPixelSize": [_single(1000 / down)],
        "Dimension PixelAspectRatio": [_single(_rounded(across) / _rounded(down))],
    }


def _add_note(found: Metadata, data: bytes) -> None:
    keyword, _, value = data.decode("latin-1").partition("\x00")
    note = f"keyword={keyword}, value={value}"
    found.setdefault("tEXt tEXtEntry", []).append(note)
    found.setdefault("Text TextEntry", []).append(f"{note}, encoding=ISO-8859-1, compression=none")


def _rounded(value: float) -> float:
    """In single precision, as Tika computes."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


def _single(value: float) -> str:
    """The shortest decimal that is this number in single precision."""
    exact = _rounded(value)
    return next(text for digits in range(1, 18) if _rounded(float(text := repr(float(f"{exact:.{digits}g}")))) == exact)
