"""Turns what the disk and SQLite say into the archive's own errors."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from archiver.errors import IntegrityError, RefusedError, UnreachableError

_REMEDIES = {
    errno.ENOSPC: "free some space on that disk, then run again",
    errno.EDQUOT: "free some space or raise the quota, then run again",
    errno.EACCES: "give this user the right to read and write there",
    errno.EPERM: "give this user the right to read and write there",
    errno.EROFS: "mount the disk for writing",
    errno.EIO: "check the disk: it reports a fault of its own",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
}


@contextmanager
def disk_errors(doing: str) -> Iterator[None]:
    """Every `OSError` inside becomes UnreachableError: a disk that fails is never taken for "not there"."""
    try:
        yield
    except OSError as error:
        raise unreachable(doing, error) from error


def unreachable(doing: str, error: OSError) -> UnreachableError:
    """The error for `error`, met while `doing`."""
    where = f" {error.filename!r}" if error.filename is not None else ""
    remedy = _REMEDIES.get(error.errno or 0, "check the disk the archive lies on, then run again")
    return UnreachableError(f"the object store failed {doing}: {error.strerror or error}{where}", remedy=remedy)


@contextmanager
def lock_file_errors() -> Iterator[None]:
    """SQLite's errors, translated: a trigger's refusal, a file that is damaged, a disk that does not answer."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise RefusedError(f"the table of locks refuses: {error}") from error
    except sqlite3.OperationalError as error:
        remedy = "check disk space and permissions, then run again"
        raise UnreachableError(f"the table of locks does not answer: {error}", remedy=remedy) from error
    except sqlite3.DatabaseError as error:
        raise IntegrityError(f"the table of locks is damaged: {error}", remedy="restore locks.sqlite from a backup") from error
