"""Whether the catalogue knows all of its archive's history: an older one, put back, knows nothing of later policies and holds."""

from __future__ import annotations

from archiver.domain.ledger import Tree
from archiver.domain.ledger_files import head_size, heads_prefix
from archiver.errors import IntegrityError
from archiver.ports.ledger import LedgerRows
from archiver.ports.objects import Bucket, ObjectStore


def require_newest(rows: LedgerRows, objects: ObjectStore) -> None:
    """Compare the custody heads in the store, by their names, with what the catalogue has sealed or is sealing.

    All heads are listed, as few as there were sealings; none is read or kept in memory. The store is asked first: whoever
    seals meanwhile writes the end of a segment into the catalogue before its head is in the store.

    Raises:
        IntegrityError: the store holds a head of more entries than the catalogue knows of.
    """
    there = max((head_size(info.ref.key) or 0 for info in objects.list(Bucket.LOCKED, heads_prefix(Tree.CUSTODY))), default=0)
    known = rows.state(Tree.CUSTODY).planned
    if there > known:
        raise IntegrityError(
            f"the catalogue is older than the object store: it has sealed {known:,} entries of the ledger, "
            f"and the store holds a head of {there:,}",
            remedy="restore the newer catalogue, or make it again with `minutier rebuild --replace`",
        )
