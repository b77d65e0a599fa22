"""Local copies of objects, for programs that need a file: one for all who ask for the same version at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock as Mutex
from typing import BinaryIO

from archiver.adapters.objects.disk import PIECE, READ_ONLY
from archiver.adapters.objects.translation import disk_errors
from archiver.ports.objects import ObjectRef


@dataclass(slots=True, eq=False)
class _Copy:
    path: Path
    users: int = 0
    fetched: bool = False
    fetching: Mutex = field(default_factory=Mutex)


class Copies:
    """Copies in one folder. Safe from several threads.

    Args:
        opened: opens a version for reading; the digest is checked on the way.
        new_path: gives a path that was never used.
    """

    def __init__(self, opened: Callable[[ObjectRef], BinaryIO], new_path: Callable[[], Path]) -> None:
        self._opened, self._new_path = opened, new_path
        self._mutex = Mutex()
        self._copies: dict[ObjectRef, _Copy] = {}

    def take(self, ref: ObjectRef) -> Path:
        """The file, fetched unless it is there; it stays until `give_back` was called as often as this was."""
        with self._mutex:
            copy = self._copies.setdefault(ref, _Copy(self._new_path()))
            copy.users += 1
        try:
            with copy.fetching:
                if not copy.fetched:
                    self._fetch(ref, copy.path)
                    copy.fetched = True
        except BaseException:
            self._leave(ref, copy)
            raise
        return copy.path

    def give_back(self, ref: ObjectRef) -> None:
        """Needed no more. Safe to repeat."""
        copy = self._copies.get(ref)
        if copy is not None:
            self._leave(ref, copy)

    def _leave(self, ref: ObjectRef, copy: _Copy) -> None:
        with self._mutex:
            copy.users -= 1
            if copy.users > 0:
                return
            if self._copies.get(ref) is copy:
                del self._copies[ref]
            with disk_errors("removing a local copy"):
                copy.path.unlink(missing_ok=True)

    def _fetch(self, ref: ObjectRef, path: Path) -> None:
        with self._opened(ref) as stream, disk_errors("fetching a copy"):
            path.unlink(missing_ok=True)
            with open(path, "xb") as file:
                while piece := stream.read(PIECE):
                    file.write(piece)
            path.chmod(READ_ONLY)
