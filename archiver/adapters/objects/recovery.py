"""Finishes or undoes what a crash cut off: called when a store is opened for writing."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

from archiver.adapters.objects import disk
from archiver.adapters.objects.layout import Layout
from archiver.adapters.objects.lock_rows import LockRow, LockRows
from archiver.adapters.objects.spread import Spread
from archiver.adapters.objects.translation import disk_errors


def recover(layout: Layout, rows: LockRows) -> None:
    """Empty staging and settle all rows, as the only writer."""
    with disk_errors("emptying staging"):
        layout.clear_staging()
    recover_rows(layout, rows)


def recover_rows(layout: Layout, rows: LockRows, *, arriving: bool = False) -> None:
    """Leave no row that is on its way. Safe to repeat, and to be cut off itself.

    Args:
        arriving: only what is coming: another process may be removing something at this moment.
    """
    with disk_errors("recovering after a crash"):
        for row in rows.unsettled():
            if arriving and row.state != "arriving":
                continue
            if row.state == "arriving" and _arrived(layout, row):
                rows.settle([row.at])
            else:
                _undo(layout, row)
                rows.forget([row.at])


def _arrived(layout: Layout, row: LockRow) -> bool:
    """Whether the very bytes are in place, durably. A disk error means no: nobody was told that they are."""
    path = layout.path(row.at)
    if disk.file_size(path) != row.size:
        return False
    try:
        if disk.read_back(path) != (row.sha256, row.size):
            return False
    except OSError:
        return False
    for folder in _up_to(os.fspath(layout.root), path):
        disk.sync_folder(folder)
    return True


def _undo(layout: Layout, row: LockRow) -> None:
    """Remove the file of a row that is leaving. A file under a name that never arrived is not ours: `verify` shows it."""
    if row.state == "leaving":
        remove(layout.path(row.at))


def remove(path: str) -> None:
    """Take the file away, durably. Safe to repeat."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    with contextlib.suppress(FileNotFoundError):
        disk.sync_folder(os.path.dirname(path))


def remove_all(paths: Sequence[str], spread: Spread) -> None:
    """Take many files away, durably, each folder synced once. Safe to repeat."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    spread.each(_synced, sorted({os.path.dirname(path) for path in paths}))


def _synced(folder: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        disk.sync_folder(folder)


def _up_to(root: str, path: str) -> list[str]:
    folders = []
    while path != root:
        path = os.path.dirname(path)
        folders.append(path)
    return folders
