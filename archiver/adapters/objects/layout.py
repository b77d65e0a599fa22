"""Where things lie under the store's root: every object is a plain file under its own key."""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from archiver.adapters.objects import disk
from archiver.adapters.objects.lock_rows import Address
from archiver.errors import UsageError
from archiver.ports.objects import Bucket, Staged

_KNOWN_FOLDERS = 20_000


class Layout:
    """Paths of one store. `root/locked`, `root/deletable`: the objects; `root/staging`: bytes on their way in."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.locks = root / "locks.sqlite"
        self._buckets = {bucket: os.fspath(root / bucket) for bucket in Bucket}
        self._staging = os.fspath(root / "staging")
        self._name, self._number = secrets.token_hex(8), itertools.count()
        self._known: set[str] = set()

    def create(self) -> None:
        """Make the folders that are missing. Safe to repeat."""
        for folder in (self._staging, *self._buckets.values()):
            for changed in disk.make_folders(folder):
                disk.sync_folder(changed)

    def is_there(self) -> bool:
        """Whether a store was made here: any of its folders exists."""
        return any(os.path.isdir(folder) for folder in self._buckets.values())

    def path(self, at: Address) -> str:
        """The file of an object."""
        return f"{self._buckets[at.bucket]}/{at.key}"

    def files(self, bucket: Bucket, prefix: str) -> Iterator[tuple[Address, str]]:
        """Every file whose key starts with `prefix`, with its path, lazily."""
        base = self._buckets[bucket]
        folder, _, begins = prefix.rpartition("/")
        for path in disk.files_below(Path(base, folder), begins):
            yield Address(bucket, path[len(base) + 1 :]), path

    def new_staging(self) -> str:
        """A path in staging that nobody else uses: neither another store of this process nor a process of another machine."""
        return f"{self._staging}/{self._name}-{next(self._number):x}"

    def staged(self, staged: Staged) -> str:
        """The file behind a handle. Raises UsageError for a handle that `stage` never gave."""
        if "/" in staged.handle or staged.handle in ("", ".", ".."):
            raise UsageError(f"not a staging handle: {staged.handle!r}", remedy="pass what stage() returned")
        return f"{self._staging}/{staged.handle}"

    def clear_staging(self) -> None:
        """Drop what an ended run left on its way in."""
        for path in disk.files_below(Path(self._staging)):
            os.unlink(path)

    def prepare_folder(self, path: str) -> list[str]:
        """Make the folder of the file at `path`; returns every folder that wants a sync once the file is in it."""
        folder = os.path.dirname(path)
        changed = [] if folder in self._known else disk.make_folders(folder)
        if len(self._known) >= _KNOWN_FOLDERS:
            self._known.clear()
        self._known.add(folder)
        return [*changed, folder]

    def forget_folders(self) -> None:
        """Look again whether folders exist: after a failure, or when somebody else may have removed one."""
        self._known.clear()
