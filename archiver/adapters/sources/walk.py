"""Walking folders: entries come while the walk goes on, and only the way down is held in memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from archiver.adapters.sources.files import irregular, reason_of, stamp_of
from archiver.ports.sources import SourceEntry

OPEN_LEVELS = 64
"""Folders kept open on the way down. Deeper ones are listed whole and closed: descriptors are few, and needed elsewhere."""

_Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Level:
    """One folder on the way down."""

    path: str
    entries: Iterator[os.DirEntry[str]]
    identity: _Identity
    close: Callable[[], None]


def walk(paths: Sequence[str], *, follow_links: bool = False, own: str = "") -> Iterator[SourceEntry]:
    """Every file under `paths`, each once per path given. Links below them are listed as skipped unless followed.

    A path given by name is followed when it is a link: that is what was asked for.

    Args:
        own: the archive's folder, never entered: it grows while it is read.
    """
    tops = [os.path.abspath(path) for path in paths]
    return chain.from_iterable(_counted(top, tops[:place], _Walk(follow_links, own)) for place, top in enumerate(tops))


def _counted(top: str, before: list[str], walk: _Walk) -> Iterator[SourceEntry]:
    """Entries below `top`, with how many of the tops `before` it lead to them too."""
    near = [other for other in before if _covers(other, top) or _covers(top, other)]
    for entry in walk.start(top):
        yield replace(entry, occurrence=sum(_covers(other, entry.source) for other in near)) if near else entry


def _covers(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


class _Walk:
    """One path being walked."""

    def __init__(self, follow_links: bool, own: str) -> None:
        self._follow_links, self._own = follow_links, _identity_of(own)
        self._levels: list[_Level] = []

    def start(self, path: str) -> Iterator[SourceEntry]:
        try:
            found = os.stat(path)
        except (OSError, ValueError) as error:
            yield SourceEntry(path, problem=reason_of(error))
            return
        if os.path.isdir(path):
            yield from self._descend(path)
        elif problem := irregular(found.st_mode):
            yield SourceEntry(path, problem=problem, skip=True)
        else:
            yield SourceEntry(path, stamp=stamp_of(found))

    def _descend(self, top: str) -> Iterator[SourceEntry]:
        try:
            yield from self._below(top)
        finally:  # also of a walk that is given up
            for level in self._levels:
                level.close()

    def _below(self, top: str) -> Iterator[SourceEntry]:
        found: os.DirEntry[str] | SourceEntry | None = self._push(top)
        while found or self._levels:
            if isinstance(found, SourceEntry):
                yield found
            elif found and self._is_folder(found):
                found = self._push(found.path)
                continue
            elif found:
                yield self._file(found)
            found = self._next() if self._levels else None

    def _push(self, folder: str) -> SourceEntry | None:
        try:
            identity = _identity_of(folder)
            if identity == self._own:
                return SourceEntry(folder, problem="the archive's own folder", skip=True)
            if any(identity == above.identity for above in self._levels):
                return SourceEntry(folder, problem="a link that leads back to a folder above it", skip=True)
            scan = os.scandir(folder)
            entries: Iterator[os.DirEntry[str]] = scan
            if len(self._levels) >= OPEN_LEVELS:
                with scan:
                    entries = iter(list(scan))
            self._levels.append(_Level(folder, entries, identity or (0, 0), scan.close))
        except OSError as error:
            return SourceEntry(folder, problem=f"folder not read: {reason_of(error)}")
        return None

    def _next(self) -> os.DirEntry[str] | SourceEntry | None:
        """The next entry of the deepest folder; None when that folder is done."""
        level = self._levels[-1]
        try:
            return next(level.entries)
        except StopIteration:
            self._levels.pop()
            return None
        except OSError as error:
            self._levels.pop()
            return SourceEntry(level.path, problem=f"folder not read to its end: {reason_of(error)}")

    def _is_folder(self, entry: os.DirEntry[str]) -> bool:
        try:
            return entry.is_dir(follow_symlinks=self._follow_links)
        except OSError:
            return False

    def _file(self, entry: os.DirEntry[str]) -> SourceEntry:
        try:
            if entry.is_symlink() and not self._follow_links:
                return SourceEntry(entry.path, problem="a symbolic link, not followed", skip=True)
            found = entry.stat(follow_symlinks=self._follow_links)
        except OSError as error:
            return SourceEntry(entry.path, problem=reason_of(error))
        if problem := irregular(found.st_mode):
            return SourceEntry(entry.path, problem=problem, skip=True)
        return SourceEntry(entry.path, stamp=stamp_of(found))


def _identity_of(folder: str) -> _Identity | None:
    """What tells a folder from any other, whatever leads to it; None for none."""
    if not folder:
        return None
    found = os.stat(folder)
    return found.st_dev, found.st_ino
