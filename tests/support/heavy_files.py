"""Files that cost a Tika server more than it has: time, or memory."""

from __future__ import annotations

import zlib
from pathlib import Path

_MEBIBYTE = 1024 * 1024


def long_to_read(path: Path, pages: int = 400, words: int = 10_000, word: str = "word") -> Path:
    """A PDF whose pages show the same many words: each page costs some hundred milliseconds, and no memory for long."""
    strokes = (b"BT /F1 9 Tf 1 0 0 1 %d %d Tm (%s%d) Tj ET\n" % (n % 500, n * 7 % 700, word.encode(), n) for n in range(words))
    content = zlib.compress(b"".join(strokes))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 3 0 R/Resources<</Font<</F1 4 0 R>>>>>>"
    path.write_bytes(
        _pdf(
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[%s]/Count %d>>" % (b" ".join(b"%d 0 R" % (5 + n) for n in range(pages)), pages),
            b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(content), content),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            *[page] * pages,
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
