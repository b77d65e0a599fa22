"""Making a group of files and folders durable: file by file, or the whole file system at once where that is cheaper.

`syncfs` (Linux) writes out everything the file system holds: for a group of small files a fifth of the CPU time of one
`fsync` each, and a third of the wall time. It also waits for what other programs have written, so after it was slow the next
groups go file by file. From Linux 5.8 on it reports write errors that happened since the descriptor was opened; older
systems do not use it.
"""

from __future__ import annotations

import ctypes
import os
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from archiver.adapters.objects import disk
from archiver.adapters.objects.spread import Spread

WORTH_IT = 16
SLOW = 1.0
AVOID = 32
_REPORTS_ERRORS = (5, 8)


class Durability:
    """Syncs for one store. `root` lies on the file system that is meant, and exists."""

    def __init__(self, root: Path, spread: Spread) -> None:
        self._root, self._spread = root, spread
        self._whole = _syncfs()
        self._descriptor = -1
        self._avoided = 0

    def begin(self) -> None:
        """Before a group is written: errors from here on are reported by its sync."""
        if self._whole is not None and self._descriptor < 0:
            self._descriptor = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def files(self, paths: Sequence[str]) -> None:
        """On return these written files are on the disk."""
        if not self._all_at_once(len(paths)):
            self._spread.each(disk.sync_file, paths)

    def folders(self, paths: Sequence[str]) -> None:
        """On return the names in these folders are on the disk."""
        if not self._all_at_once(len(paths)):
            self._spread.each(disk.sync_folder, paths)

    def close(self) -> None:
        """Safe to repeat."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _all_at_once(self, count: int) -> bool:
        if self._whole is None or self._descriptor < 0 or count < WORTH_IT:
            return False
        if self._avoided:
            self._avoided -= 1
            return False
        start = time.monotonic()
        self._whole(self._descriptor)
        if time.monotonic() - start > SLOW:
            self._avoided = AVOID
        return True


def _syncfs() -> Callable[[int], None] | None:
    """The system call, where it exists and tells of errors."""
    if platform.system() != "Linux" or _kernel() < _REPORTS_ERRORS:
        return None
    call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if call is None:
        return None

    def syncfs(descriptor: int) -> None:
        if call(descriptor):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))

    return syncfs


def _kernel() -> tuple[int, ...]:
    numbers = platform.release().split("-")[0].split(".")[:2]
    return tuple(int(number) for number in numbers) if all(number.isdigit() for number in numbers) else (0,)
