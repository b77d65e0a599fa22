"""An annex opens one item of a certificate: which document it was, to the digest. Shown to a judge, and to nobody else."""

from __future__ import annotations

import hashlib
import json

import msgspec

from retention.annex_form import parsed, written
from retention.certificate import Count, Hash, Item, Name
from retention.errors import StatementError

FORMAT = "minutier-annex/1"
LIMIT = 64 * 1024


class Annex(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What opens the commitment at `position`: salt (hexadecimal) and payload, as they were put into the plan."""

    format: str
    archive: Name
    purge: Name
    position: Count
    salt: Hash
    payload: str


class Opened(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the payload tells of the document. `digest`: "sha256:" and the original's digest; `root`: the container's id."""

    retention_class: str = msgspec.field(name="class")
    digest: str
    id: str
    purge: str
    reason: str
    root: str | None
    size: int
    until: str


def write_annex(annex: Annex) -> bytes:
    """The annex's file; see `annex_form`."""
    return written(annex)


def read_annex(data: bytes) -> Annex:
    """Read an annex.

    Raises:
        StatementError: it is none, or not in the one form that is written.
    """
    return parsed(data, Annex, FORMAT, "a certificate")


def open_item(annex: Annex, item: Item) -> Opened:
    """What the annex shows of this item, the one at its position.

    Raises:
        StatementError: it does not open it, or tells another document than the certificate does.
    """
    if hashlib.sha256(bytes.fromhex(annex.salt) + annex.payload.encode("utf-8")).hexdigest() != item.commitment:
        raise StatementError(f"the annex does not open item {item.position}: its salt or payload is not what was planned")
    try:
        opened = msgspec.json.decode(annex.payload, type=Opened)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise StatementError(f"what the annex opens is not an item of a plan: {error}") from error
    told = (opened.id, opened.purge, opened.retention_class, opened.until, opened.reason)
    if told != (item.id, annex.purge, item.retention_class, item.until, item.reason):
        raise StatementError(f"item {item.position} was planned as another document, class or term than the certificate says")
    if json.dumps(json.loads(annex.payload), sort_keys=True, separators=(",", ":")) != annex.payload:
        raise StatementError(f"the payload of item {item.position} is not in the one form that is written")
    return opened
