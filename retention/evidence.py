"""What evidence of a document says, as values; an attestation of its deposit says less in the same form.

Its file form is `evidence_file`, its check `evidence_check`, what speaks against the document `evidence_verdict`. There is no field
for names, paths, titles, sizes, plain digests or the matters of holds: bytes and reference are told by commitments that only
whoever has the bytes can open.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct, field

from retention.certificate import Count, Day, Hash, Identifier, Key, Kind, Line, Moment, Name, SignedText

FORMAT = "minutier-evidence/1"
EVIDENCE, DEPOSIT = "evidence", "deposit"
SALT_BYTES = 32

Program = Annotated[str, Meta(pattern=r"\A[a-z]{1,32} [A-Za-z0-9.+-]{1,40}\Z")]


class Condition(StrEnum):
    """Where a document is in its life. `committed`: archived, entered, under its final lock."""

    RECEIVED = "received"
    COMMITTED = "committed"
    DESTROYED = "destroyed"


class Standing(StrEnum):
    """What the ledger says of the document's entry."""

    SEALED = "sealed"
    UNSEALED = "not sealed yet"
    MISSING = "no entry"
    OTHER_HISTORY = "not the history that was signed"
    OTHER_BYTES = "tells of other bytes"


class Found(StrEnum):
    """What reading bytes again has found."""

    SOUND = "as archived"
    OTHER = "other bytes"
    GONE = "not in the store"
    CLOSED = "not to be read out of its container"
    SILENT = "the store did not answer"


class What(StrEnum):
    """Which bytes were read: the document's own, or those of the container that it is a member of."""

    DOCUMENT = "document"
    CONTAINER = "container"


class LockMode(StrEnum):
    """How a store locks a version."""

    NONE = "none"
    GOVERNANCE = "governance"
    COMPLIANCE = "compliance"


class Enforcer(StrEnum):
    """Who keeps a lock: the store against everybody, or this program, in a store that knows no locks."""

    STORE = "store"
    PROGRAM = "program"


class NotChecked(StrEnum):
    """What was not looked at, in the words evidence may use."""

    BYTES = "the bytes were not read again"
    OPENING = "what the ledger's entry holds: nothing that opens it could be read"
    HOLDS = "holds, of which only those are told who may see them"
    LATER = "the record, the text read from it, the index"
    COPIES = "copies outside the store named by the archive's settings"


class Sealed(Struct, frozen=True, forbid_unknown_fields=True):
    """A commitment and its salt, both in hexadecimal: shows something to whoever knows it already, and to nobody else."""

    salt: Hash
    commitment: Hash


class Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """The ledger's entry that the document was archived, under a signed head.

    Attributes:
        leaf: its leaf hash; what it holds is shown by an annex.
        path: RFC 9162 inclusion proof, leaf side first.
    """

    position: Count
    leaf: Hash
    path: tuple[Hash, ...]
    head: SignedText


class StoreLock(Struct, frozen=True, forbid_unknown_fields=True):
    """The lock of the stored bytes as the store reports it, beside what was promised.

    Attributes:
        until, promised_until: UTC; None with mode none. A rolling lock, which is extended again and again, is promised for now.
        hold: None where that is not told.
        promised_hold: the store should hold it, since no date is known to lock to, or somebody holds it.
    """

    mode: LockMode
    until: Moment | None
    hold: bool | None
    promised_mode: LockMode
    promised_until: Moment | None
    promised_hold: bool
    enforced_by: Enforcer


class Reading(Struct, frozen=True, forbid_unknown_fields=True):
    """Bytes that were read again, to their end: which, what was found, when."""

    what: What
    found: Found
    at: Moment


class Verified(Struct, frozen=True, forbid_unknown_fields=True):
    """The last regular verification before that the ledger tells of: entry, when it ended, whether the document was sound then."""

    entry: Count
    at: Moment
    sound: bool


class Later(Struct, frozen=True, forbid_unknown_fields=True):
    """Another ledger entry about the document."""

    position: Count
    kind: Kind


class Destroyed(Struct, frozen=True, forbid_unknown_fields=True):
    """By which purge, whose certificate proves it, and on which day (UTC); None while it is not finished."""

    purge: Name
    on: Day | None


class Body(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What both kinds say.

    Attributes:
        received_at, archived_at: when the bytes were accepted, and when they were committed.
        digest: seals SHA-256 of the bytes (`seal_digest`); None for destroyed documents and for members that could never be read.
        entry: None unless the ledger's standing is `sealed` or `tells of other bytes`.
        keys: the archive's public keys that signed the head and this.
        issued_at, findings: set by whoever signs it; what speaks against the document (`evidence_verdict`), nothing when it is sound.
    """

    format: str
    kind: Kind
    archive: Name
    document: Identifier
    issued_at: Moment = ""
    program: Program
    state: Condition
    received_at: Moment
    archived_at: Moment | None
    digest: Sealed | None
    ledger: Standing
    entry: Entry | None
    keys: tuple[Key, ...]
    findings: tuple[Line, ...] = ()
    not_checked: tuple[NotChecked, ...]


class Deposit(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """That these bytes were accepted under this reference. `reference`: seals what they were handed in as (`seal_reference`)."""

    reference: Sealed | None


class Evidence(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What became of a document.

    Attributes:
        until: the last day it is kept, as far as that is known.
        lock: None when the store could not be asked, or nothing is there to be locked.
        readings: the document's own bytes and, for a member, its container's.
        verified: None when the ledger tells of none since the document was last changed.
        later: other entries about it, in their order; those about holds only for whoever may see them.
    """

    retention_class: Name = field(name="class")
    until: Day | None
    lock: StoreLock | None
    readings: tuple[Reading, ...]
    verified: Verified | None
    later: tuple[Later, ...]
    destroyed: Destroyed | None


def seal_digest(salt: bytes, digest: bytes) -> Sealed:
    """Seals the SHA-256 of some bytes: SHA-256(salt || digest)."""
    return Sealed(salt.hex(), hashlib.sha256(salt + digest).hexdigest())


def seal_reference(salt: bytes, digest: bytes, reference: str) -> Sealed:
    """Seals a reference: SHA-256(salt || digest of the bytes || reference in UTF-8).

    References can be guessed; with the digest in it, only whoever has the bytes can try.
    """
    return Sealed(salt.hex(), hashlib.sha256(salt + digest + reference.encode("utf-8", "surrogateescape")).hexdigest())


def opens_digest(sealed: Sealed, digest: bytes) -> bool:
    """Is this the digest that was sealed?"""
    return seal_digest(bytes.fromhex(sealed.salt), digest) == sealed


def opens_reference(sealed: Sealed, digest: bytes, reference: str) -> bool:
    """Is this the reference that was sealed, with bytes of this digest?"""
    return seal_reference(bytes.fromhex(sealed.salt), digest, reference) == sealed
