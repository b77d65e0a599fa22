"""Lists of paths on standard input, whole, slow or cut off."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from archiver.adapters.sources.listing import Spool, listed, separated
from archiver.errors import UnreachableError, UsageError


@pytest.mark.parametrize(
    ("blocks", "lines"),
    [
        ([b"a\nb\n"], [b"a", b"b"]),
        ([b"a\r\nb"], [b"a", b"b"]),
        ([b"a b\n\nc\r\r\n"], [b"a b", b"", b"c\r"]),
        ([b"a\nb\0c\0"], [b"a\nb", b"c"]),
        ([b"a", b"b\0", b"c\nd\0"], [b"ab", b"c\nd"]),
        ([b"", b"a\n"], [None, b"a"]),
        ([], []),
    ],
)
def test_lines(blocks: list[bytes], lines: list[bytes | None]) -> None:
    assert list(separated(iter(blocks))) == lines


def test_a_line_cut_off_is_no_line() -> None:
    """Half a path may name another file, or a folder."""
    assert list(separated(iter([b"/a/b\n/a"]), cut=True)) == [b"/a/b"]


def test_what_is_no_list_ends_early() -> None:
    with pytest.raises(UsageError, match="no list of paths"):
        list(separated(b"x" * 1_000_000 for _ in range(10**6)))


def test_entries_are_numbered_by_their_lines(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    lines = [b"a", b"", b"none", None, os.fsencode(tmp_path), b"caf\xe9"]
    found = [
        (one.number, os.path.basename(one.source), one.problem, one.skip) if one else None
        for one in listed(iter(lines), str(tmp_path))
    ]
    assert found == [
        (1, "a", "", False),
        (3, "none", "no such file", False),
        None,
        (4, tmp_path.name, "is a folder", True),
        (5, "caf\udce9", "no such file", False),
    ]


def _pipe(data: bytes) -> io.BufferedReader:
    ours, theirs = os.pipe()
    os.write(theirs, data)
    os.close(theirs)
    return os.fdopen(ours, "rb")


def test_the_copy_holds_all_that_was_read(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "list")
    with _pipe(b"a\nb\n") as stream:
        spool.drain(stream)
        assert b"".join(spool.blocks()) == b"a\nb\n"
    assert spool.done.exists()
    assert b"".join(spool.again()) == b"a\nb\n"
    spool.remove()
    spool.remove()
    assert list(tmp_path.iterdir()) == []
    assert list(spool.again()) == []


def test_a_pause_is_told_so_that_what_came_can_be_archived(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    spool = Spool(tmp_path / "list")
    with os.fdopen(ours, "rb") as stream:
        spool.drain(stream)
        os.write(theirs, b"a\n")
        lines = separated(spool.blocks())
        assert next(line for line in lines if line is not None) == b"a"
        assert next(lines) is None
        os.close(theirs)
        assert [line for line in lines if line is not None] == []


def test_a_copy_that_cannot_be_written_ends_the_wait(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "no folder" / "list")
    with _pipe(b"a\n") as stream:
        spool.drain(stream)
        with pytest.raises(UnreachableError, match="standard input"):
            list(spool.blocks())
