"""Files that cost a Tika server more than it has: time, or memory."""

from __future__ import annotations

import zlib
from pathlib import Path

_PIECE = 10_000
_MEBIBYTE = 1024 * 1024


def long_to_read(path: Path, operations: int = 400_000, word: str = "word") -> Path:
    """A PDF of one page with that many words on it, one on another: about 30 µs a word, and more the more there are."""
    strokes = (
        b"BT /F1 9 Tf 1 0 0 1 %d %d Tm (%s%d) Tj ET\n" % (n % 500, n * 7 % 700, word.encode(), n % 97) for n in range(_PIECE)
    )
    piece = b"".join(strokes)
    packer = zlib.compressobj()
    content = b"".join(packer.compress(piece) for _ in range(operations // _PIECE)) + packer.flush()
    path.write_bytes(
        _pdf(
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
            b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(content), content),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        )
    )
    return path


def large_to_hold(path: Path, mebibytes: int = 96) -> Path:
    """A plain text that takes a multiple of that in memory: a letter outside Latin-1 makes every letter two bytes."""
    line = ("words and words and words € " * 36 + "\n").encode()
    with path.open("wb") as file:
        for _ in range(mebibytes * _MEBIBYTE // len(line)):
            file.write(line)
    return path


def _pdf(*objects: bytes) -> bytes:
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%sendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>startxref\n%d\n%%%%EOF" % (
        size,
        table,
        size,
        len(out),
    )
