"""Walking folders: entries come while the walk goes on, and only the way down is held in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain

from archiver.adapters.sources.files import irregular, reason_of, stamp_of
from archiver.ports.sources import SourceEntry

_Level = tuple[Iterator["os.DirEntry[str]"], tuple[int, int]]


def walk(paths: list[str], *, follow_links: bool = False) -> Iterator[SourceEntry]:
    """Every file under `paths`, each once per path given. Links below them are listed as skipped unless followed.

    A path given by name is followed when it is a link: that is what was asked for.
    """
    return chain.from_iterable(_start(os.path.abspath(path), follow_links) for path in paths)


def _start(path: str, follow_links: bool) -> Iterator[SourceEntry]:
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:
        yield SourceEntry(path, problem=reason_of(error) if isinstance(error, OSError) else "its name holds a NUL character")
        return
    if os.path.isdir(path):
        yield from _descend(path, follow_links)
    elif problem := irregular(found.st_mode):
        yield SourceEntry(path, problem=problem, skip=True)
    else:
        yield SourceEntry(path, stamp=stamp_of(found))


def _descend(top: str, follow_links: bool) -> Iterator[SourceEntry]:
    levels: list[_Level] = []
    problem = _push(levels, top)
    if problem:
        yield problem
    while levels:
        entry = _next(levels)
        if entry is None:
            continue
        if isinstance(entry, SourceEntry):
            yield entry
        elif _is_folder(entry, follow_links):
            problem = _push(levels, entry.path)
            if problem:
                yield problem
        else:
            yield _file(entry, follow_links)


def _push(levels: list[_Level], folder: str) -> SourceEntry | None:
    try:
        found = os.stat(folder)
        identity = (found.st_dev, found.st_ino)
        if any(identity == above for _, above in levels):
            return SourceEntry(folder, problem="a link that leads back to a folder above it", skip=True)
        levels.append((os.scandir(folder), identity))
    except OSError as error:
        return SourceEntry(folder, problem=f"folder not read: {reason_of(error)}")
    return None


def _next(levels: list[_Level]) -> os.DirEntry[str] | SourceEntry | None:
    """The next entry of the deepest folder; None when that folder is done."""
    scan, _ = levels[-1]
    try:
        return next(scan)
    except StopIteration:
        levels.pop()
        return None
    except OSError as error:
        levels.pop()
        return SourceEntry(str(scan), problem=f"folder not read to its end: {reason_of(error)}")


def _is_folder(entry: os.DirEntry[str], follow_links: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow_links)
    except OSError:
        return False


def _file(entry: os.DirEntry[str], follow_links: bool) -> SourceEntry:
    try:
        if entry.is_symlink() and not follow_links:
            return SourceEntry(entry.path, problem="a symbolic link, not followed", skip=True)
        found = entry.stat(follow_symlinks=follow_links)
    except OSError as error:
        return SourceEntry(entry.path, problem=reason_of(error))
    if problem := irregular(found.st_mode):
        return SourceEntry(entry.path, problem=problem, skip=True)
    return SourceEntry(entry.path, stamp=stamp_of(found))
