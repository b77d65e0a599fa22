"""What can be said of a purge without naming a document: what it is made of, what it withholds and why, how far it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from archiver.ports.catalog import Catalog
from archiver.ports.retention_rows import ClassCount
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


def account_of(catalog: Catalog, purge_id: str) -> Account:
    """As it is now."""
    states = {state: sum(one.documents for one in catalog.class_counts(purge_id, states=(state,))) for state in ItemState}
    return Account(
        catalog.class_counts(purge_id),
        dict(sorted(Counter(kept.why for kept in catalog.withheld(purge_id)).items())),
        {state: count for state, count in states.items() if count},
    )
