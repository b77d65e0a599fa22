"""Which months of the access tree have expired: an entry of the custody tree says so, before anything of them is removed.

So nobody can remove what was read and call it expired: what is gone beyond the last such entry was erased, and is told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from archiver.domain.ledger import LedgerEvent, Tree, parse_payload
from archiver.errors import IntegrityError
from archiver.ports.ledger import LedgerRows
from archiver.ports.objects import ObjectStore
from archiver.services.ledger_openings import Openings

EXPIRED = "access-expired"
"""Kind of the entry; about no document."""


@dataclass(frozen=True, slots=True)
class Expiry:
    """How far the access tree has expired.

    Attributes:
        end: entries before this position.
        month: the last month that is gone, such as `2025-10`; "" while none is.
    """

    end: int = 0
    month: str = ""

    def entry(self, at: datetime, kept: str) -> LedgerEvent:
        """The entry of the custody tree. `kept`: the period after which they expired."""
        return LedgerEvent(EXPIRED, "", at, {"end": self.end, "month": self.month, "kept": kept})


def last_expiry(rows: LedgerRows, objects: ObjectStore) -> Expiry:
    """The last one entered.

    Raises:
        IntegrityError: what was entered cannot be read.
        NotFoundError: it was erased.
    """
    position = rows.latest(Tree.CUSTODY, [EXPIRED], [""]).get("")
    if position is None:
        return Expiry()
    leaf = next(rows.leaves(Tree.CUSTODY, position))
    payload = leaf.payload if leaf.payload is not None else Openings(objects, Tree.CUSTODY).of(position).payload
    said = parse_payload(payload, Tree.CUSTODY).details
    end, month = said.get("end"), said.get("month")
    if not isinstance(end, int) or not isinstance(month, str):
        raise IntegrityError(f"custody entry {position} does not say which months of the access ledger expired")
    return Expiry(end, month)
