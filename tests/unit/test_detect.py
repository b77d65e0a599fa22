"""What a file is, from its bytes."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from archiver.adapters.extraction import package_kinds
from archiver.adapters.extraction.detect import media_type

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def package(entries: dict[str, str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, text in entries.items():
            made.writestr(name, text)
    return out.getvalue()


def content_types(main: str) -> str:
    return f'<Types><Default Extension="rels" ContentType="x/y"/><Override PartName="/a" ContentType="{main}"/></Types>'


def old_tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as made:
        made.addfile(tarfile.TarInfo("a.txt"))
    block = bytearray(out.getvalue()[:512])
    block[257:265] = bytes(8)
    block[148:156] = b"        "
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return bytes(block) + bytes(1024)


CASES = [
    (b"", "a.pdf", "application/x-empty"),
    (b"%PDF-1.7\n", "a.doc", "application/pdf"),
    (b"garbage before\n%PDF-1.4\n", "a", "application/pdf"),
    (b"\x30\x82\x10\x00" + b"x" * 60 + b"%PDF-1.4", "a.p7m", "application/octet-stream"),
    (package({"a.txt": "x"}), "a.docx", "application/zip"),
    (package({"[Content_Types].xml": content_types(WORD + ".main+xml"), "word/document.xml": "<a/>"}), "a", WORD),
    (
        package({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<a/>"}),
        "a",
        "application/vnd.oasis.opendocument.text",
    ),
    (package({"mimetype": "application/epub+zip"}), "a.zip", "application/epub+zip"),
    (package({"META-INF/MANIFEST.MF": "x"}), "a", "application/java-archive"),
    (old_tar(), "a", "application/x-tar"),
    (b"From: a@b.fr\r\nSubject: x\r\nDate: Mon, 1 Jan 2024 10:00:00 +0100\r\n\r\nBonjour", "x", "message/rfc822"),
    (b"Subject: just a word\nand prose goes on", "note.txt", "text/plain"),
    (b"From: the desk of the director\n\nA note.\n", "note.txt", "text/plain"),
    (b"Note: see below\nDate: today\n", "note.txt", "text/plain"),
    (b"From a@b.fr Mon Jan  1 10:00:00 2024\nFrom: a@b.fr\nDate: x\n\nhi", "box", "application/mbox"),
    (b"From a@b.fr Mon Jan  1 10:00:00 2024\nFrom: a@b.fr\nDate: x\n\nhi", "one.eml", "message/rfc822"),
    (b"<!-- note --><!DOCTYPE html><html><p>x", "a.txt", "text/html"),
    (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "a", "image/svg+xml"),
    (b"<?xml version='1.0'?><order/>", "a.txt", "application/xml"),
    (b"a;b;c\n1;2;3\n", "liste.CSV", "text/csv"),
    (b"a;b;c\n1;2;3\n", "liste", "text/plain"),
    ("été".encode("utf-16"), "a.txt", "text/plain"),
    (bytes(range(256)) * 4, "a.txt", "application/octet-stream"),
]


@pytest.mark.parametrize(("data", "name", "expected"), CASES, ids=[f"{case[1]}-{index}" for index, case in enumerate(CASES)])
def test_type_follows_from_bytes_and_name_only_helps_text(tmp_path: Path, data: bytes, name: str, expected: str) -> None:
    path = tmp_path / "stored"
    path.write_bytes(data)
    assert media_type(path, name) == expected


def test_workbook_inside_a_presentation_cut_short_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    inner = package({"[Content_Types].xml": content_types(SHEET + ".main+xml"), "xl/workbook.xml": "<a/>"})
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_STORED) as made:
        made.writestr(
            "[Content_Types].xml",
            content_types("application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"),
        )
        made.writestr("ppt/embeddings/book.xlsx", inner)
    path = tmp_path / "cut.pptx"
    path.write_bytes(outer.getvalue()[: outer.getvalue().index(inner) + len(inner)])
    assert media_type(path, "cut.pptx") == "application/x-tika-ooxml"


def test_a_directory_too_large_for_a_document_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "stored"
    path.write_bytes(package({"[Content_Types].xml": content_types(SHEET + ".main+xml"), "xl/workbook.xml": "<a/>"}))
    assert media_type(path, "a") == SHEET
    monkeypatch.setattr(package_kinds, "_DIRECTORY_BYTES", 50)
    monkeypatch.delattr(package_kinds.zipfile, "ZipFile")
    assert media_type(path, "a") == "application/zip"
