"""What goes together: an original and all it contains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from archiver.ports.retention_rows import PurgeItem


def root_of(one: PurgeItem) -> str:
    """The original an item goes with: itself, or what contains it."""
    return one.item.root_id or one.item.document_id


def units(items: Iterable[PurgeItem]) -> Iterator[list[PurgeItem]]:
    """Items of a plan, each original with its members, in the plan's order."""
    for _, group in groupby(items, key=root_of):
        yield list(group)
