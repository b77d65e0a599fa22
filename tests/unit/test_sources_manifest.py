"""Manifests: what a line may say, and that a broken one costs no other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archiver.adapters.sources.manifest import fingerprint, manifest
from archiver.errors import UsageError
from archiver.ports.sources import SourceEntry


def _read(tmp_path: Path, body: str | bytes, name: str = "m.csv") -> list[SourceEntry]:
    for file in ("a", "b", "c"):
        (tmp_path / file).write_text(file)
    (tmp_path / name).write_bytes(body.encode() if isinstance(body, str) else body)
    return list(manifest(str(tmp_path / name)))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_of_every_make(tmp_path: Path, delimiter: str, mark: bytes, end: str) -> None:
    rows = [
        ["path", "class", "document_date", "grants", "collection", "Note"],
        ["a", "K", "2026-01-02", '"group:x; y"', "hr", '"two\nlines"'],
        ["b", *[""] * 5],
    ]
    body = end.join(delimiter.join(row) for row in rows) + end
    first, second = _read(tmp_path, mark + body.encode())
    assert (first.source, first.number, first.retention_class, first.collection) == (str(tmp_path / "a"), 2, "K", "hr")
    assert first.grants == ("x", "y")
    assert first.declared == {"document_date": "2026-01-02", "Note": "two\nlines"}
    assert (second.number, second.declared, second.grants, second.problem) == (4, {}, (), "")


def test_broken_lines_are_told_and_cost_no_other(tmp_path: Path) -> None:
    entries = _read(tmp_path, 'path,note\na,1\n"b"x,2\nb,"never closed\nc,3\n,4\na,1,2,3\nnone,5\nc\n')
    assert [(one.number, os.path.basename(one.source), bool(one.problem)) for one in entries] == [
        (2, "a", False), (3, "line 3", True), (4, "line 4", True), (5, "c", False), (6, "line 6", True), (7, "line 7", True),
        (8, "none", True), (9, "c", False),
    ]  # fmt: skip


def test_a_quote_never_closed_in_a_long_manifest_costs_one_line(tmp_path: Path) -> None:
    entries = _read(tmp_path, 'path,note\n"a,1\n' + "b,2\n" * 5_000)
    assert [one.number for one in entries] == list(range(2, 5_003))
    assert [one.problem for one in entries[:2]] == ["not a CSV line: a quote is not closed", ""]


def test_json_lines(tmp_path: Path) -> None:
    lines = [
        b'{"path": "a", "grants": ["group:x"], "pages": 3, "ok": true, "none": null, "class": "K"}',
        b"", b"[1]", b"{broken", b'{"path": 5}', b'{"path": "b", "grants": 5}', b'{"path": "b", "grants": ["user:me"]}',
        b'{"path": "b\\u0000"}', b'{"path": "\\ud800"}', b'{"path": "caf\xe9"}', b"[" * 100_000, b'{"path": "c"}',
    ]  # fmt: skip
    entries = _read(tmp_path, b"\n".join(lines), "m.jsonl")
    assert [one.number for one in entries] == [1, *range(3, 13)]
    assert entries[0].declared == {"pages": "3", "ok": "true"}
    assert entries[0].grants == ("x",)
    assert [not one.problem for one in entries] == [True, *[False] * 9, True]
    assert entries[8].source.endswith("caf\udce9")


def test_a_json_line_without_end_is_one_line(tmp_path: Path) -> None:
    entries = _read(tmp_path, b'{"path": "a"}\n{"x": "' + b"y" * 3_000_000 + b'"}\n{"path": "b"}\n', "m.jsonl")
    assert [(one.number, bool(one.problem)) for one in entries] == [(1, False), (2, True), (3, False)]


@pytest.mark.parametrize("head", ["", "name,class\n", "path,path\n", '"path\n', "x" * 2_000_000])
def test_a_header_that_cannot_be_one(tmp_path: Path, head: str) -> None:
    with pytest.raises(UsageError):
        _read(tmp_path, head)


def test_a_manifest_that_cannot_be_read_is_told_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = os.open(tmp_path / "pipe", os.O_RDWR)
    for name in ("none", ".", "pipe", "\0"):
        with pytest.raises(UsageError):
            manifest(str(tmp_path / name))
    os.close(writer)


def test_the_fingerprint_tells_a_changed_manifest(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("path\na\n")
    before = fingerprint(str(path))
    assert fingerprint(str(path)) == before
    path.write_text("path\na\nb\n")
    assert fingerprint(str(path)) != before
