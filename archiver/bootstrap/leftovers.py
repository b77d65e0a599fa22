"""Where bytes, texts or names of documents may lie on this host beside the stores, after something was killed.

Not looked for here, since opening a store for writing empties it: the folder of bytes on their way in (`objects/staging`), and
local copies of objects of processes that ended (`scratch/minutier-objects-…`).
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_OLD_SECONDS = 86_400.0
"""A file in the system's folder for temporary files does not tell whose it is; one so old is nobody's."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something left on this host.

    Attributes:
        what: for people, without names of documents.
        ours: nobody needs it, and it may be removed; else somebody may, or it is for a person to decide.
    """

    path: Path
    what: str
    ours: bool


def leftovers(home: Path, *, temporary: Path | None = None, now: float | None = None) -> list[Leftover]:
    """What there is now, by path.

    Args:
        home: the archive's folder.
        temporary: the system's folder for temporary files; now: seconds since 1970, by its clock. For tests.
    """
    return sorted([*_of_readers(home), *_members(temporary, now), *_lists(home), *_copies(home)], key=lambda one: one.path)


def remove(found: Iterable[Leftover]) -> list[Leftover]:
    """Remove those nobody needs; returns all that are still there. Safe to repeat."""
    every = list(found)
    for one in every:
        if one.ours and one.path.is_dir() and not one.path.is_symlink():
            shutil.rmtree(one.path, ignore_errors=True)
        elif one.ours:
            one.path.unlink(missing_ok=True)
    return [one for one in every if one.path.exists() or one.path.is_symlink()]


def _of_readers(home: Path) -> list[Leftover]:
    from archiver.adapters.extraction.pool import left_behind

    what = "temporary files of a reading process that was killed: members, decrypted and mended copies"
    return [Leftover(path, what, ours=True) for path in left_behind(home / "scratch")]


def _members(temporary: Path | None, now: float | None) -> list[Leftover]:
    """`get` and `verify` unpack containers in the system's folder; one that was killed leaves what it had unpacked."""
    from archiver.adapters.extraction.spool import PREFIX

    folder, old = temporary or Path(tempfile.gettempdir()), (time.time() if now is None else now) - _OLD_SECONDS
    found = [(path, _age(path)) for path in folder.glob(f"{PREFIX}*")]
    return [
        Leftover(path, "a container unpacked to read a member", ours=time_ < old) for path, time_ in found if time_ is not None
    ]


def _age(path: Path) -> float | None:
    """When it was last written to; None for one that is gone."""
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:
        return None


def _lists(home: Path) -> list[Leftover]:
    what = "names of sources, read from standard input and kept for `batch resume`"
    return [Leftover(path, what, ours=False) for path in (home / "spool").glob("*.list*")]


def _copies(home: Path) -> list[Leftover]:
    from archiver.adapters.catalog.scrub import copies_beside

    what = "the catalogue as it was before an upgrade"
    return [Leftover(path, what, ours=False) for path in copies_beside(home / "catalog.sqlite")]
