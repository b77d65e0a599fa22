"""What a process that was killed leaves beside the stores is found, and removed where nobody needs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from archiver.bootstrap.leftovers import leftovers, remove

_NOW = 2_000_000_000.0
_DAY = 86_400.0


def _dead() -> int:
    """The id of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def _file(path: Path, age: float = 0.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"mot")
    os.utime(path, (_NOW - age, _NOW - age))
    return path


def test_each_kind_is_found_and_what_nobody_needs_is_removed(tmp_path: Path) -> None:
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    killed = _file(home / "scratch" / f"minutier-child-{_dead()}-0-ab" / "member").parent
    living = _file(home / "scratch" / f"minutier-child-{os.getpid()}-0-ab" / "member").parent
    old = _file(temporary / "minutier-member-a", 2 * _DAY)
    new = _file(temporary / "minutier-member-b", 60)
    others = _file(temporary / "another-program", 9 * _DAY)
    names, copy = _file(home / "spool" / "b1.list"), _file(home / "catalog.sqlite.schema-1")
    kept = [_file(home / name) for name in ("catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm")]

    found = leftovers(home, temporary=temporary, now=_NOW)

    assert {one.path: one.ours for one in found} == {killed: True, old: True, new: False, names: False, copy: False}
    assert {one.path for one in remove(found)} == {new, names, copy}
    assert all(path.exists() for path in (living, others, *kept))
    assert {one.path for one in leftovers(home, temporary=temporary, now=_NOW)} == {new, names, copy}
    assert remove(found) == [one for one in found if not one.ours]


def test_a_link_is_removed_and_not_what_it_leads_to(tmp_path: Path) -> None:
    home, target = tmp_path / "home", _file(tmp_path / "elsewhere" / "file")
    (home / "scratch").mkdir(parents=True)
    link = home / "scratch" / f"minutier-child-{_dead()}-0-cd"
    link.symlink_to(target.parent)
    assert remove(leftovers(home, temporary=tmp_path / "none")) == []
    assert target.exists()
    assert not link.is_symlink()


def test_an_archive_without_any_of_it(tmp_path: Path) -> None:
    assert leftovers(tmp_path / "none", temporary=tmp_path / "none") == []
