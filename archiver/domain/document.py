"""A document as the catalogue knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from archiver.domain.extraction import Locator, Outcome
from archiver.domain.identifiers import DocumentId


class State(StrEnum):
    """Where a document is in its life."""

    RECEIVED = "received"
    ARCHIVED = "archived"
    QUARANTINED = "quarantined"
    DISPOSED = "disposed"


class LockMode(StrEnum):
    """S3 Object Lock modes, and none."""

    NONE = "none"
    GOVERNANCE = "governance"
    COMPLIANCE = "compliance"


@dataclass(frozen=True, slots=True)
class Document:
    """One document: a projection of its record and of the ledger entries about it.

    Attributes:
        sequence: grows at every change of any row; the index replays by it.
        source: what it was read from: an absolute path, a URI, an external id; for a member `container!/path`.
            Bytes that are not UTF-8 are kept as surrogate escapes (PEP 383).
        locator: the way into its container; `()` for an original.
        parent_id: its container; root_id: the original that holds its bytes. Both None for an original.
        declared: metadata given by the manifest, the command line or the API; what retention may read.
        summary: the normal form of extracted metadata.
        grants, denies: groups that may, and may not, read.
        retain_until: last day kept by policy; None while indeterminate (or nothing to keep it for).
        retention_note: why `retain_until` is what it is, or why it is not known.
        text_key: object key of the stored text, "" while there is none.
        record_sha256: digest of its record object, "" until archived.
        purge_id: by which purge it was destroyed, "" while it is there.
    """

    id: DocumentId
    sequence: int
    collection: str
    retention_class: str
    source: str
    name: str
    sha256: str
    size: int
    state: State
    outcome: Outcome | None
    reason: str
    media_type: str
    language: str
    received_at: datetime
    batch_id: str
    locator: Locator = ()
    parent_id: DocumentId | None = None
    root_id: DocumentId | None = None
    life: int = 0
    declared: dict[str, str] = field(default_factory=dict)
    summary: dict[str, str] = field(default_factory=dict)
    grants: tuple[str, ...] = ()
    denies: tuple[str, ...] = ()
    archived_at: datetime | None = None
    retain_until: date | None = None
    retention_note: str = ""
    lock_mode: LockMode = LockMode.NONE
    policy_version: int = 0
    text_key: str = ""
    record_sha256: str = ""
    members: int = 0
    members_failed: int = 0
    attempts: int = 0
    purge_id: str = ""
