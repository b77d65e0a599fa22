"""What is in the store, judged by files and rows together: neither alone is an object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archiver.adapters.objects import disk
from archiver.adapters.objects.layout import Layout
from archiver.adapters.objects.lock_rows import VERSION, Address, LockRow, LockRows
from archiver.adapters.objects.object_key import checked_key, checked_prefix
from archiver.adapters.objects.translation import disk_errors
from archiver.errors import IntegrityError, NotFoundError
from archiver.ports.objects import Bucket, Lock, ObjectInfo, ObjectRef

UNEXPECTED = "unexpected"
"""Version of a file that this store never wrote: it has no lock row, and can't be opened through the store."""


class View:
    """Looks at one store. An `ObjectInfo` whose `sha256` is "" is not what was once confirmed."""

    def __init__(self, layout: Layout, rows: LockRows) -> None:
        self._layout, self._rows = layout, rows

    def row(self, ref: ObjectRef) -> LockRow:
        """The row of a version, whether its file is there or not. Raises NotFoundError."""
        row = self._rows.find(Address(ref.bucket, checked_key(ref.key))) if ref.version == VERSION else None
        if row is None or row.state != "placed":
            raise absent(ref)
        return row

    def placed(self, refs: Sequence[ObjectRef]) -> list[ObjectRef]:
        """Those of these versions that have a row, whether their files are there or not."""
        ours = {Address(ref.bucket, checked_key(ref.key)): ref for ref in refs if ref.version == VERSION}
        rows = self._rows.find_all(ours)
        return [ref for at, ref in ours.items() if (row := rows.get(at)) and row.state == "placed"]

    def info(self, ref: ObjectRef) -> ObjectInfo:
        """A version whose file is there. Raises NotFoundError."""
        row = self.row(ref)
        with disk_errors("looking up an object"):
            size = disk.file_size(self._layout.path(row.at))
        if size is None:
            raise absent(ref)
        return info(row, size)

    def at(self, at: Address) -> ObjectInfo | None:
        """What is there under a key; None when nothing is, or a writer is at it."""
        with disk_errors("looking up an object"):
            return self._seen(at, self._layout.path(at))

    def at_all(self, places: Sequence[Address]) -> dict[Address, ObjectInfo]:
        """What is there under many keys: a matter of speed only. Without those where nothing is."""
        rows = self._rows.find_all([at for at in places if _is_text(at.key)])
        with disk_errors("looking up objects"):
            found = ((at, self._judged(at, rows.get(at), self._layout.path(at))) for at in places)
            return {at: seen for at, seen in found if seen is not None}

    def below(self, bucket: Bucket, prefix: str) -> Iterator[ObjectInfo]:
        """Everything whose key starts with `prefix`, lazily; also what this store never wrote."""
        checked_prefix(prefix)
        with disk_errors("listing"):
            for at, path in self._layout.files(bucket, prefix):
                if (seen := self._seen(at, path)) is not None:
                    yield seen

    def unconfirmed(self) -> Iterator[ObjectInfo]:
        """What has an intake lock."""
        for row in self._rows.unconfirmed():
            seen = self.at(row.at)
            if seen is not None and seen.ref.version == VERSION:
                yield seen

    def occupant(self, at: Address) -> ObjectInfo:
        """What keeps a key from being written: the object there, a stranger, or the row of one that was lost."""
        if (seen := self.at(at)) is not None:
            return seen
        row = self._rows.find(at)
        if row is None:
            raise IntegrityError(f"{at.key} changes while being written", remedy="find out what else writes here")
        return info(row, row.size)

    def _seen(self, at: Address, path: str) -> ObjectInfo | None:
        return self._judged(at, self._rows.find(at) if _is_text(at.key) else None, path)

    def _judged(self, at: Address, row: LockRow | None, path: str) -> ObjectInfo | None:
        if row is not None and row.state != "placed":
            return None
        size = disk.file_size(path)
        if size is None:
            return None
        return info(row, size) if row else ObjectInfo(ObjectRef(at.bucket, at.key, UNEXPECTED), max(size, 0), "", Lock())


def info(row: LockRow, size: int) -> ObjectInfo:
    """What is said of a file of `size` bytes under `row`: its digest only when the size is what was confirmed."""
    ref = ObjectRef(row.at.bucket, row.at.key, VERSION)
    return ObjectInfo(ref, max(size, 0), row.sha256 if size == row.size else "", row.lock, row.intake)


def absent(ref: ObjectRef) -> NotFoundError:
    """The error for a version that is not there."""
    return NotFoundError(f"no object {ref.bucket}/{ref.key} version {ref.version}")


def _is_text(key: str) -> bool:
    """Whether a file's name is UTF-8; no other name was ever written here."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True
