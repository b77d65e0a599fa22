"""An annex opens the ledger's entry that evidence rests on: that it tells of this document and these bytes. Shown to a judge, and
to nobody else: it holds the plain digest, the size and the batch."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec

from retention.annex_form import parsed, written
from retention.certificate import Count, Hash, Identifier, Name
from retention.errors import StatementError
from retention.evidence import Body, opens_digest
from retention.merkle import leaf_hash

FORMAT = "minutier-evidence-annex/1"
LIMIT = 128 * 1024
ENTERED = ("archived", "read_again")
"""Kinds of entries that tell which bytes a document is."""


class EvidenceAnnex(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What opens the entry at `position`: salt (hexadecimal) and payload, as they were entered."""

    format: str
    archive: Name
    document: Identifier
    position: Count
    salt: Hash
    payload: str

    @property
    def leaf(self) -> bytes:
        """Leaf hash of the entry it opens."""
        return leaf_hash(hashlib.sha256(bytes.fromhex(self.salt) + self.payload.encode("utf-8")).digest())


def write_annex(annex: EvidenceAnnex) -> bytes:
    """The annex's file; see `annex_form`."""
    return written(annex)


def read_annex(data: bytes) -> EvidenceAnnex:
    """Read an annex.

    Raises:
        StatementError: it is none, or not in the one form that is written.
    """
    return parsed(data, EvidenceAnnex, FORMAT, "evidence")


def open_entry(annex: EvidenceAnnex, body: Body) -> dict[str, Any]:
    """What the entry tells of the document.

    Raises:
        StatementError: the annex does not open the entry, or it tells of another document or other bytes.
    """
    if (annex.archive, annex.document) != (body.archive, body.document):
        raise StatementError("the annex is of another archive or document than the evidence")
    if body.entry is None or (annex.position, annex.leaf.hex()) != (body.entry.position, body.entry.leaf):
        raise StatementError(
            "the annex does not open the ledger's entry in the evidence: its salt or payload is not what was entered"
        )
    told = _told(annex.payload)
    if told.get("document") != body.document or told.get("kind") not in ENTERED:
        raise StatementError("the ledger's entry is of another document, or does not tell which bytes it is")
    details: dict[str, Any] = told["data"]
    if body.digest is not None and not opens_digest(body.digest, _digest(details)):
        raise StatementError("the ledger's entry tells of other bytes than the evidence")
    return {"at": told.get("at"), **details}


def _told(payload: str) -> dict[str, Any]:
    try:
        told = json.loads(payload)
        if isinstance(told, dict) and isinstance(told.get("data"), dict):
            return told
    except (ValueError, RecursionError) as error:
        raise StatementError(f"what the annex opens is no entry of a ledger: {error}") from error
    raise StatementError("what the annex opens is no entry of a ledger")


def _digest(details: dict[str, Any]) -> bytes:
    try:
        return bytes.fromhex(str(details.get("sha256", "")))
    except ValueError:
        return b""
