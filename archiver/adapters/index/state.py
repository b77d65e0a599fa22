"""What is committed: how far the index has followed the catalogue, and the folder of each partition."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from archiver.adapters.index.layout import FORMAT
from archiver.errors import IntegrityError

REINDEX = "run `minutier reindex` to make the index again from the stored texts"


@dataclass(frozen=True, slots=True)
class PartitionName:
    """A partition: documents of one collection that expire in one year ("2036"), or of which that is not known ("open")."""

    collection: str
    partition: str


@dataclass(frozen=True, slots=True)
class IndexState:
    """One committed state. `folders` are relative to the index; a rewritten partition gets a new folder."""

    sequence: int = 0
    folders: tuple[tuple[PartitionName, str], ...] = ()
    format: int = FORMAT


def path_of(folder: Path) -> Path:
    """The file the state is kept in."""
    return folder / "state.json"


def load(folder: Path) -> IndexState:
    """The state last written; the empty one where there is none.

    Raises:
        IntegrityError: the file is damaged.
    """
    try:
        content = json.loads(path_of(folder).read_bytes())
        folders = tuple((PartitionName(one["collection"], one["partition"]), one["folder"]) for one in content["partitions"])
        return IndexState(int(content["sequence"]), folders, int(content["format"]))
    except FileNotFoundError:
        return IndexState()
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(f"the index's state is damaged ({path_of(folder)})", remedy=REINDEX) from error


def store(folder: Path, state: IndexState) -> None:
    """Replace the state, durably and at once: readers see the old one or the new one."""
    partitions = [{"collection": name.collection, "partition": name.partition, "folder": path} for name, path in state.folders]
    content = {"format": state.format, "sequence": state.sequence, "partitions": partitions}
    draft = path_of(folder).with_suffix(".new")
    with draft.open("wb") as file:
        file.write(json.dumps(content, indent=1).encode())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path_of(folder))
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
