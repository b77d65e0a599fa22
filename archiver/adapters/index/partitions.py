"""The folders of an index: one Tantivy index for each collection and expiry year."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

from archiver.adapters.index.state import IndexState, PartitionName, sync_folder

_LABEL = "partition.json"
_ENGINE_STATE = "meta.json"
_TURN = "~"
_UNSAFE = re.compile(r"[^a-z0-9]+")


def new_folder(root: Path, name: PartitionName) -> str:
    """Make the folder of a partition, with a label that says whose it is; relative to `root`."""
    return _labelled_folder(root, name, f"{_safe(name.collection)}/{_safe(name.partition)}")


def second_folder(root: Path, name: PartitionName, first: str) -> str:
    """Make an empty folder in which the partition in `first` is made again; relative to `root`. No name is used twice: a reader
    may still have the files of an earlier one open."""
    stem, _, turn = first.partition(_TURN)
    relative = f"{stem}{_TURN}{int(turn or 0) + 1}"
    if (root / relative).exists():
        shutil.rmtree(root / relative)
    return _labelled_folder(root, name, relative)


def drop_folder(root: Path, relative: str) -> None:
    """Delete a partition's folder that the state lists no more, durably. Safe to repeat.

    The engine's own state goes first: a folder without it that a crash left behind is not taken for a partition.
    """
    folder = root / relative
    if folder.exists():
        (folder / _ENGINE_STATE).unlink(missing_ok=True)
        sync_folder(folder)
        shutil.rmtree(folder)
    sync_folder(folder.parent)


def _labelled_folder(root: Path, name: PartitionName, relative: str) -> str:
    folder = root / relative
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _LABEL).write_text(json.dumps({"collection": name.collection, "partition": name.partition}))
    for place in (folder, folder.parent, root):
        sync_folder(place)
    return relative


def on_disk(root: Path, state: IndexState) -> dict[PartitionName, str]:
    """Partitions of the committed state and those a crash left behind before they got into it.

    The latter are kept, since documents in them must be found to be replaced. A second folder of a listed partition is
    an unfinished rewrite and is dropped.
    """
    folders = dict(state.folders)
    listed = set(folders.values())
    for label in sorted(root.glob(f"*/*/{_LABEL}")):
        relative = label.parent.relative_to(root).as_posix()
        if relative in listed:
            continue
        name = _labelled(label)
        if name is None or name in folders or not (label.parent / _ENGINE_STATE).exists():
            shutil.rmtree(label.parent)
        else:
            folders[name] = relative
    return folders


def discard_all(root: Path) -> None:
    """Drop every partition: the index is made again from catalogue and texts."""
    for label in sorted(root.glob(f"*/*/{_LABEL}")):
        shutil.rmtree(label.parent)


def _labelled(label: Path) -> PartitionName | None:
    """Whose folder it is; None when a crash left the label half written (nothing was committed there yet)."""
    try:
        content = json.loads(label.read_bytes())
        return PartitionName(content["collection"], content["partition"])
    except (ValueError, KeyError, TypeError):
        return None


def _safe(name: str) -> str:
    """A folder name for any text, different for different texts on file systems that ignore case too."""
    readable = _UNSAFE.sub("-", name.casefold()).strip("-")[:40]
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{readable}-{digest}" if readable else digest
