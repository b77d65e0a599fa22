"""What can be said of a purge without a name out of a document: what it is made of, what it withholds and why, how far it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archiver.ports.catalog import Catalog
from archiver.ports.retention_rows import ClassCount, PurgeItem
from retention.plan import ItemState


@dataclass(frozen=True, slots=True)
class Account:
    """Counts of one purge.

    Attributes:
        withheld: past their last day and not planned, by reason.
        states: items by how far they are; states that none is in are left out.
    """

    classes: Sequence[ClassCount]
    withheld: Mapping[str, int]
    states: Mapping[ItemState, int]


def told_of(one: PurgeItem) -> dict[str, Any]:
    """An item, by the names that programs are told."""
    item = one.item
    return {
        "position": item.position,
        "id": item.document_id,
        "class": item.retention_class,
        "until": item.until,
        "reason": item.reason,
        "bytes": item.size,
        "part_of": item.root_id,
        "state": one.state.value,
        "why": one.why,
    }


def account_of(catalog: Catalog, purge_id: str) -> Account:
    """As it is now."""
    states = {state: sum(one.documents for one in catalog.class_counts(purge_id, states=(state,))) for state in ItemState}
    return Account(
        catalog.class_counts(purge_id),
        dict(sorted(Counter(kept.why for kept in catalog.withheld(purge_id)).items())),
        {state: count for state, count in states.items() if count},
    )
