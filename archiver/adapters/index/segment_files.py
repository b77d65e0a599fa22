"""What lies in a partition's folder, learnt from its files alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from archiver.adapters.index.state import REINDEX
from archiver.errors import IntegrityError

_OWN = frozenset({"meta.json", ".managed.json", "partition.json", ".tantivy-meta.lock", ".tantivy-writer.lock"})


@dataclass(frozen=True, slots=True)
class SegmentFiles:
    """The segments a partition is made of, and the files that belong to none.

    Attributes:
        documents: that are answered with.
        deleted: whose words are still in the dictionaries and lists of a segment: the engine never rewrites one for a deletion.
        strays: names of files of no segment; a crash in a merge leaves such.
    """

    documents: int
    deleted: int
    strays: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether every file holds living documents only."""
        return not self.deleted and not self.strays


def segment_files(folder: Path) -> SegmentFiles:
    """What is in the partition's folder, as committed.

    Raises:
        IntegrityError: the engine's own state is damaged.
    """
    try:
        segments = json.loads((folder / "meta.json").read_bytes())["segments"]
        names = {one["segment_id"].replace("-", "") for one in segments}
        deleted = sum(one["deletes"]["num_deleted_docs"] for one in segments if one["deletes"])
        every = sum(one["max_doc"] for one in segments)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IntegrityError(f"the index in {folder} is damaged", remedy=REINDEX) from error
    strays = (path.name for path in folder.iterdir() if path.name not in _OWN and path.name.partition(".")[0] not in names)
    return SegmentFiles(every - deleted, deleted, tuple(sorted(strays)))
