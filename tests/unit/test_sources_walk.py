"""Walking folders: every kind of thing a disk may hold has its line."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from archiver.adapters.sources.files import LocalFiles
from archiver.adapters.sources.walk import walk
from archiver.ports.sources import SourceEntry, SourceError

_NOBODY = 65_534


def _found(*paths: Path, **options: object) -> dict[str, SourceEntry]:
    return {os.path.relpath(one.source, paths[0]): one for one in walk([str(path) for path in paths], **options)}  # type: ignore[arg-type]


def test_files_at_every_depth_with_odd_names(tmp_path: Path) -> None:
    names = [b"caf\xe9", b"a\nb", b"\x1b[31m", "‮gnp".encode(), b"x" * 255, b"-rf", b" "]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes(b"x")
    (tmp_path / "d" / "e").mkdir(parents=True)
    (tmp_path / "d" / "e" / "f").write_bytes(b"")
    found = _found(tmp_path)
    assert set(found) == {os.fsdecode(name) for name in names} | {"d/e/f"}
    assert all(one.stamp and not one.problem for one in found.values())


def test_what_is_no_document_is_skipped_and_says_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("x")
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(tmp_path)
        try:
            listener.bind("socket")
        finally:
            os.chdir(here)
        found = _found(tmp_path)
    assert {name: (one.problem, one.skip) for name, one in found.items() if one.problem} == {
        "link": ("a symbolic link, not followed", True),
        "dangling": ("a symbolic link, not followed", True),
        "pipe": ("is a named pipe", True),
        "socket": ("is a socket", True),
    }
    followed = _found(tmp_path, follow_links=True)
    assert followed["link"].stamp == followed["target"].stamp
    assert (followed["dangling"].problem, followed["dangling"].skip) == ("no such file", False)


def test_a_device_and_a_missing_path_given_by_name(tmp_path: Path) -> None:
    entries = list(walk(["/dev/null", str(tmp_path / "none"), f"{tmp_path}/\0"]))
    assert [(one.problem, one.skip) for one in entries] == [
        ("is a device", True),
        ("no such file", False),
        ("its name holds a NUL character", False),
    ]


def test_loops_of_links_end(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path / "a")
    (tmp_path / "self").symlink_to("self")
    found = _found(tmp_path, follow_links=True)
    assert found["a/b/up"].skip
    assert "leads back" in found["a/b/up"].problem
    assert "circle" in found["self"].problem
    assert _found(tmp_path)["a/b/up"].problem == "a symbolic link, not followed"


def test_a_link_given_by_name_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_text("x")
    (tmp_path / "link").symlink_to("real")
    assert [one.source for one in walk([str(tmp_path / "link")])] == [str(tmp_path / "link" / "file")]


def test_deeper_than_there_are_descriptors(tmp_path: Path) -> None:
    """One open folder a level would use up what the rest of the program needs."""
    here, deep = os.getcwd(), 300
    os.chdir(tmp_path)
    try:
        for _ in range(deep):
            os.mkdir("d")
            os.chdir("d")
        Path("file").write_text("x")
    finally:
        os.chdir(here)
    walking = walk([str(tmp_path)])
    (entry,) = [next(walking)]
    assert entry.source.endswith("/d/file")
    assert len(os.listdir("/proc/self/fd")) < 150
    assert list(walking) == []


def test_a_path_longer_than_the_system_opens_is_told(tmp_path: Path) -> None:
    here = os.getcwd()
    os.chdir(tmp_path)
    try:
        for _ in range(20):
            os.mkdir("n" * 250)
            os.chdir("n" * 250)
    finally:
        os.chdir(here)
    (entry,) = walk([str(tmp_path)])
    assert "longer than this system can open" in entry.problem
    assert not entry.skip


def test_the_archive_itself_is_left_out(tmp_path: Path) -> None:
    """`minutier import .` beside ./minutier-data would import what it writes, for ever."""
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "catalog.sqlite").write_text("x")
    (tmp_path / "file").write_text("x")
    found = _found(tmp_path, own=str(tmp_path / "archive"))
    assert set(found) == {"archive", "file"}
    assert found["archive"].skip


def test_paths_that_overlap_tell_their_lines_apart(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x").write_text("x")
    (tmp_path / "y").write_text("y")
    paths = [str(tmp_path), str(tmp_path / "in"), str(tmp_path / "in" / "x"), str(tmp_path / "y")]
    found = sorted((os.path.basename(one.source), one.occurrence) for one in walk(paths))
    assert found == [("x", 0), ("x", 1), ("x", 2), ("y", 0), ("y", 1)]


def test_a_file_that_grows_shrinks_or_is_replaced_while_read(tmp_path: Path) -> None:
    files, path = LocalFiles(), tmp_path / "file"

    def read(change: object) -> None:
        path.unlink(missing_ok=True)
        path.write_bytes(b"x" * 3_000_000)
        stream = files.chunks(str(path))
        next(stream)
        change()  # type: ignore[operator]
        list(stream)

    for change in (lambda: path.write_bytes(b"y" * 5_000_000), lambda: os.truncate(path, 10), lambda: os.utime(path, (1, 1))):
        with pytest.raises(SourceError, match="changed"):
            read(change)
    read(lambda: None)
    path.unlink()
    with pytest.raises(SourceError, match="no such file"):
        list(files.chunks(str(path)))
    os.mkfifo(path)
    with pytest.raises(SourceError, match="named pipe"):
        list(files.chunks(str(path)))


def test_a_file_that_grows_for_ever_ends(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 2_000_000)
    pieces = LocalFiles().chunks(str(path))

    def read_while_it_grows() -> None:
        for number, _ in enumerate(pieces):
            assert number < 10
            with open(path, "ab") as log:
                log.write(b"x" * 2_000_000)

    with pytest.raises(SourceError, match="changed"):
        read_while_it_grows()


@contextmanager
def _not_root() -> Iterator[None]:
    """As somebody whom permissions bind: root may read everything."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


def test_what_may_not_be_read_is_told() -> None:
    with tempfile.TemporaryDirectory() as place:  # pytest's own folders are closed to others
        folder = Path(place)
        folder.chmod(0o755)
        (folder / "folder").mkdir(mode=0)
        (folder / "file").touch(mode=0)
        with _not_root():
            assert "permission denied" in _found(folder)["folder"].problem
            with pytest.raises(SourceError, match="permission denied"):
                list(LocalFiles().chunks(str(folder / "file")))
