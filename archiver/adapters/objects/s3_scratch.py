"""The folder in which one process keeps bytes on their way in, and local copies of objects."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from archiver.adapters.file_lock import taken_alone
from archiver.adapters.objects.s3_wire import FileBody
from archiver.adapters.objects.translation import disk_errors
from archiver.errors import IntegrityError, NotFoundError, UsageError
from archiver.ports.objects import Staged

_NAME = "minutier-objects-"
_LOCK = ".lock"


class Scratch:
    """A folder of this process's own below `root`, locked as long as the process lives. Safe from several threads.

    Folders of processes on this host that ended without a goodbye are removed at opening. Nothing in it needs to outlive a
    power cut, so nothing is synced.
    """

    def __init__(self, root: Path) -> None:
        with disk_errors("making its scratch folder"):
            root.mkdir(parents=True, exist_ok=True)
            _remove_leftovers(root)
            self._lock, self.folder = _own_folder(root)
        self._number = itertools.count()
        self._staged: dict[str, FileBody] = {}

    def new_path(self) -> Path:
        """A path that was never used."""
        return self.folder / f"{next(self._number):x}"

    def stage(self, chunks: Iterable[bytes]) -> Staged:
        """Stream into a file. An exception from `chunks` leaves nothing behind."""
        path, state, size = self.new_path(), sha256(), 0
        try:
            with disk_errors("staging"):
                file = open(path, "xb")  # noqa: SIM115  # closed below, also on errors of the source
            with file:
                for chunk in chunks:
                    with disk_errors("staging"):
                        file.write(chunk)
                    state.update(chunk)
                    size += len(chunk)
                with disk_errors("staging"):
                    file.flush()
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._staged[path.name] = FileBody(path, size, state.hexdigest())
        return Staged(path.name, size, state.hexdigest())

    def body(self, staged: Staged, key: str) -> FileBody:
        """What was staged.

        Raises:
            UsageError: a handle that `stage` never gives.
            NotFoundError: it was dropped, or put.
            IntegrityError: the caller says another digest or size than was found.
        """
        if not staged.handle or "/" in staged.handle or staged.handle in (".", ".."):
            raise UsageError(f"not a staging handle: {staged.handle!r}", remedy="pass what stage() returned")
        found = self._staged.get(staged.handle)
        if found is None:
            raise NotFoundError(f"the staged bytes for {key} are gone", remedy="stage them again")
        if (found.size, found.sha256) != (staged.size, staged.sha256):
            raise IntegrityError(f"what was staged for {key} is not what is said of it", remedy="pass what stage() returned")
        return found

    def drop(self, staged: Staged) -> None:
        """Forget staged bytes. Safe to repeat."""
        found = self._staged.pop(staged.handle, None)
        if found is not None:
            with disk_errors("emptying staging"):
                found.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the folder. Safe to repeat."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock >= 0:
            with suppress(FileNotFoundError):
                os.unlink(f"{self.folder}{_LOCK}")
            os.close(self._lock)
            self._lock = -1


def _own_folder(root: Path) -> tuple[int, Path]:
    """A new folder, and the descriptor of the lock file beside it that says that its process lives."""
    while True:
        descriptor, lock = tempfile.mkstemp(_LOCK, _NAME, root)
        if taken_alone(descriptor) and _is_at(descriptor, lock):
            folder = Path(lock.removesuffix(_LOCK))
            folder.mkdir(mode=0o700)
            return descriptor, folder
        os.close(descriptor)  # another process took it for a leftover, between two calls of this one


def _remove_leftovers(root: Path) -> None:
    """Folders whose lock nobody holds any more."""
    for lock in root.glob(f"{_NAME}*{_LOCK}"):
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        if taken_alone(descriptor):
            shutil.rmtree(str(lock).removesuffix(_LOCK), ignore_errors=True)
            lock.unlink(missing_ok=True)
        os.close(descriptor)


def _is_at(descriptor: int, path: str) -> bool:
    try:
        return os.fstat(descriptor).st_ino == os.stat(path).st_ino
    except FileNotFoundError:
        return False
