"""Items of purges as rows, and back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from archiver.ports.retention_rows import PurgeItem
from retention.plan import ItemState, PlanItem


def item_row(purge_id: str, one: PurgeItem) -> dict[str, Any]:
    """An item as a row of `purge_items`."""
    row = {name: getattr(one.item, name) for name in PlanItem.__slots__}
    row["salt"] = one.item.salt.hex()
    return row | {
        "purge_id": purge_id,
        "state": one.state.value,
        "why": one.why,
        "shared": one.shared,
        "at": one.at,
        "refs": [list(ref) for ref in one.refs],
    }


def item_of(row: Row[Any]) -> PurgeItem:
    """A row of `purge_items` as an item."""
    found = row._mapping
    values = {name: found[name] for name in PlanItem.__slots__}
    values["salt"] = bytes.fromhex(row.salt)
    return PurgeItem(PlanItem(**values), ItemState(row.state), row.why, row.shared, row.at, [tuple(ref) for ref in row.refs])
