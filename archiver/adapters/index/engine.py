"""Opening Tantivy folders, with its errors as ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tantivy

from archiver.adapters.index.analysis import folding
from archiver.adapters.index.state import REINDEX
from archiver.errors import IntegrityError, LockedError, UnreachableError

_NO_ROOM = re.compile(r"os error (27|28|122)\b")
"""A file too large, a full disk, a quota: the engine tells them in the words of whatever it could not do for it."""
_MAKE_ROOM = "make room on the disk, then run the same again"


def open_for_writing(folder: Path, schema: tantivy.Schema) -> tantivy.Index:
    """The index in `folder`, made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    with translated(folder):
        return _configured(tantivy.Index(schema, path=str(folder)))


def open_for_reading(folder: Path) -> tantivy.Index:
    """The index in `folder`."""
    with translated(folder):
        return _configured(tantivy.Index.open(str(folder)))


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Errors of the engine while it works on `folder`."""
    try:
        yield
    except OSError as error:
        raise UnreachableError(
            f"the index in {folder} does not answer: {error}", remedy="check disk space and permissions"
        ) from error
    except ValueError as error:
        if "LockBusy" in str(error):  # a folder that is gone fails in acquiring its lock, too
            raise LockedError(f"another program writes to the index in {folder}", remedy="wait until it has finished") from error
        if _NO_ROOM.search(str(error)):
            raise UnreachableError(f"there is no room for the index in {folder}: {error}", remedy=_MAKE_ROOM) from error
        raise IntegrityError(f"the index in {folder} cannot be used: {error}", remedy=REINDEX) from error


def _configured(index: tantivy.Index) -> tantivy.Index:
    """Reloaded by us when the committed state changes, so that all partitions change together and no file is watched."""
    index.config_reader("manual")
    index.register_tokenizer("folded", folding())
    return index
