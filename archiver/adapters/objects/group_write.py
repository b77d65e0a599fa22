"""Writing a group of objects, in an order that a crash at any point leaves sound.

1. bytes into staging, synced; 2. lock rows, state `arriving`; 3. names, create-only, folders synced; 4. read back
from the disk; 5. rows `placed`. Before 2 nothing exists but staging, which opening the store empties. From 2 to 5
the rows tell the next opening what to finish or to undo (`recovery`). So no file is ever in a bucket without its lock.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from archiver.adapters.objects import disk
from archiver.adapters.objects.durability import Durability
from archiver.adapters.objects.layout import Layout
from archiver.adapters.objects.lock_rows import Address, LockRow, LockRows
from archiver.adapters.objects.spread import Spread
from archiver.adapters.objects.translation import disk_errors
from archiver.domain import digest
from archiver.domain.document import LockMode
from archiver.errors import IntegrityError, NotFoundError, UsageError
from archiver.ports.objects import Put

ORIGINALS = "originals/"
"""Under this prefix a GOVERNANCE lock given by `put` is the intake lock: to be confirmed by a final one."""


@dataclass(slots=True, eq=False)
class Arrival:
    """One object of a group on its way in. `row` is the row in the table when `known`, else the one to be made."""

    row: LockRow
    path: str
    staged: str
    body: bytes | None
    known: bool = False
    created: bool = False


class GroupWrite:
    """Writes groups into one store. Not safe from several threads at once."""

    def __init__(self, layout: Layout, rows: LockRows, spread: Spread) -> None:
        self._layout, self._rows, self._spread = layout, rows, spread
        self._durability = Durability(layout.root, spread)
        self.unsettled = False

    def write(self, group: Sequence[Put]) -> list[Arrival]:
        """The arrival of each put, in order; two of the same key share the first one's."""
        arrivals: dict[Address, Arrival] = {}
        try:
            for put in group:
                at = Address(put.bucket, put.key)
                if at not in arrivals:
                    arrivals[at] = self._arrival(at, put)
            known = self._rows.find_all(arrivals)
            self._bring_in([one for at, one in arrivals.items() if not self._taken(one, known.get(at))])
            return [arrivals[Address(put.bucket, put.key)] for put in group]
        finally:
            self._empty_staging(group, arrivals.values())

    def close(self) -> None:
        """Safe to repeat."""
        self._durability.close()

    def _arrival(self, at: Address, put: Put) -> Arrival:
        if put.staged is None:
            staged, size, sha256 = self._layout.new_staging(), len(put.body), digest.of_bytes(put.body)
        else:
            staged, size, sha256 = self._layout.staged(put.staged), put.staged.size, digest.Sha256(put.staged.sha256)
        row = LockRow(at, "arriving", size, sha256, put.lock, is_intake(put))
        return Arrival(row, self._layout.path(at), staged, None if put.staged else put.body)

    def _taken(self, arrival: Arrival, there: LockRow | None) -> bool:
        """Whether the key is used. A file that was lost from under its lock may come back, if it is the same."""
        if there is None:
            return False
        lost = disk.file_size(arrival.path) is None and (there.size, there.sha256) == (arrival.row.size, arrival.row.sha256)
        arrival.row, arrival.known = there, True
        return not lost

    def _bring_in(self, arrivals: list[Arrival]) -> None:
        if not arrivals:
            return
        with disk_errors("writing"):
            self._durability.begin()
            for arrival in arrivals:
                _write(arrival)
            self._durability.files([arrival.staged for arrival in arrivals])
        self.unsettled = True
        self._rows.arrive(arrival.row for arrival in arrivals if not arrival.known)
        with disk_errors("naming objects"):
            self._name(arrivals)
        with disk_errors("reading back"):
            sound = self._spread.each(_is_sound, arrivals)
        self._settle(arrivals, sound)
        self.unsettled = False

    def _name(self, arrivals: list[Arrival]) -> None:
        touched: dict[str, None] = {}
        for arrival in arrivals:
            try:
                touched.update(dict.fromkeys(self._layout.prepare_folder(arrival.path)))
                arrival.created = disk.place(arrival.staged, arrival.path)
            except (NotADirectoryError, FileExistsError) as error:
                raise UsageError(
                    f"the key {arrival.row.at.key!r} lies under another object", remedy="choose another key"
                ) from error
        self._durability.folders(list(touched))

    def _settle(self, arrivals: list[Arrival], sound: list[bool]) -> None:
        """Confirm what is sound, take away what is not, forget what found its name used by a file that is not ours."""
        damaged = [arrival for arrival, good in zip(arrivals, sound, strict=True) if arrival.created and not good]
        for arrival in damaged:
            arrival.created = False
            with disk_errors("removing a damaged object"):
                os.unlink(arrival.path)
        self._rows.settle(arrival.row.at for arrival in arrivals if arrival.created and not arrival.known)
        refused = [arrival.row.at for arrival in arrivals if not arrival.created and not arrival.known]
        if refused:
            self._rows.forget(refused)
        if damaged:
            self.unsettled = False
            keys = ", ".join(arrival.row.at.key for arrival in damaged)
            raise IntegrityError(
                f"not what was sent when read back: {keys}", remedy="check the disk and memory, then archive it again"
            )

    def _empty_staging(self, group: Sequence[Put], arrivals: Collection[Arrival]) -> None:
        """What is left is emptied again at the next opening, so a failure here hides no other."""
        left = {self._layout.staged(put.staged) for put in group if put.staged is not None}
        left.update(arrival.staged for arrival in arrivals if not arrival.created)
        left.difference_update(arrival.staged for arrival in arrivals if arrival.created)
        for path in left:
            with suppress(OSError):
                os.unlink(path)


def is_intake(put: Put) -> bool:
    """Is the lock of this write that of an arrival?"""
    return put.lock.mode is LockMode.GOVERNANCE and put.key.startswith(ORIGINALS)


def _write(arrival: Arrival) -> None:
    if arrival.body is not None:
        disk.write_new(arrival.staged, arrival.body)
        return
    try:
        disk.harden(arrival.staged)
    except FileNotFoundError as error:
        raise NotFoundError(f"the staged bytes for {arrival.row.at.key} are gone", remedy="stage them again") from error


def _is_sound(arrival: Arrival) -> bool:
    return arrival.created and disk.read_back(arrival.path) == (arrival.row.sha256, arrival.row.size)
