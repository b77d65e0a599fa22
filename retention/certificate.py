"""What a certificate says, as values. Its file form is `certificate_file`, its check `certificate_check`.

There is no field for names, paths, titles, digests or the matters of holds, and none in which they would be accepted: what went
is told by commitments, each of which an annex can open later, one document at a time.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct, field

from retention.disposal import Withheld
from retention.timestamp import PATTERN as _MOMENT

FORMAT = "minutier-certificate/1"
DESTRUCTION = "destruction"


class Outcome(StrEnum):
    """What became of one item of the plan."""

    EXECUTED = "executed"
    WITHHELD = "withheld"
    FAILED = "failed"


class Failure(StrEnum):
    """Why a document that was to go could not be destroyed, or not wholly, in the words a certificate may use."""

    UNREACHABLE = "a part did not answer"
    REFUSED = "refused by the store"
    DAMAGED = "found damaged"
    REMAINS = "something remains"
    STOPPED = "not finished"


_WORDS = "|".join(each.value for each in (*Withheld, *Failure))
Hash = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Key = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Signature = Annotated[str, Meta(pattern=r"\A[0-9a-f]{128}\Z")]
Moment = Annotated[str, Meta(pattern=rf"\A{_MOMENT}\Z")]
Name = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]
Kind = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9-]{0,31}\Z")]
Identifier = Annotated[str, Meta(pattern=r"\A[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")]
Day = Annotated[str, Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
Why = Annotated[str, Meta(pattern=rf"\A(?:{_WORDS})?\Z")]
Reason = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9 ,.:;()_-]{1,300}\Z")]
"""Generated words about a class and its term; no sign with which a path or an address could be written."""
Line = Annotated[str, Meta(pattern=r"\A[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,600}\Z")]
Token = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9+/]{4,40000}={0,2}\Z")]
Count = Annotated[int, Meta(ge=0, lt=10**18)]


class Item(Struct, frozen=True, forbid_unknown_fields=True):
    """One item of the plan and what became of it.

    Attributes:
        position: its place in the plan, from 0.
        until, reason: the last day it was kept, and why it might go.
        why: for an item that was not executed, one of `Withheld` or `Failure`; else "".
        commitment: SHA-256(salt || payload) of the plan's item, in hexadecimal.
        shared: its bytes, or the text read from them, stay, since another living document with the same bytes uses them.
        entry, at, salt: of the ledger entry that tells of its destruction: position, time, salt. All three or, for one
            that was not executed, neither `entry` nor `salt`.
    """

    position: Count
    id: Identifier
    retention_class: Name = field(name="class")
    until: Day
    reason: Reason
    outcome: Outcome
    why: Why
    commitment: Hash
    shared: bool = False
    entry: Count | None = None
    at: Moment | None = None
    salt: Hash | None = None


class SignedText(Struct, frozen=True, forbid_unknown_fields=True):
    """A signed head: its statement, and the signature by the archive key it names."""

    statement: str
    signature: Signature


class SignedPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """A `PlanStatement`. `key`, `signature`: by the author, if the author has an enrolled key."""

    statement: str
    key: Key | None = None
    signature: Signature | None = None


class SignedApproval(Struct, frozen=True, forbid_unknown_fields=True):
    """An `Approval`, and the head it was given after.

    Attributes:
        key, signature, enrolled_at: the approver's enrolled key, and when it was enrolled. None for an approval that is
            asserted and not authenticated.
        head: the signed head that the approval names.
        consistency: RFC 9162 proof from it to the head after the purge.
    """

    statement: str
    key: Key | None
    signature: Signature | None
    enrolled_at: Moment | None
    head: SignedText
    consistency: tuple[Hash, ...]


class Execution(Struct, frozen=True, forbid_unknown_fields=True):
    """How it went: counts of items, bytes of the originals destroyed, name and version of the program."""

    started: Moment
    ended: Moment
    executed: Count
    withheld: Count
    failed: Count
    bytes: Count
    program: Line


class Check(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that was looked at after the destruction: what, how, and what was found."""

    what: Line
    how: Line
    result: Line


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """All that is signed but the items, which follow it in the file.

    Attributes:
        approvals: in the order they were given; more than one where one ran out before the purge had ended.
        after: the first head over the ledger's entries of all executed items.
        proof: the multiproof (`retention.multiproof`) of these entries under it.
        keys: the archive's public keys that signed its heads and this certificate.
        not_covered: where copies may be that the purge did not reach.
    """

    format: str
    kind: Kind
    archive: Name
    purge: Name
    plan: SignedPlan
    approvals: tuple[SignedApproval, ...]
    execution: Execution
    after: SignedText
    proof: tuple[Hash, ...]
    keys: tuple[Key, ...]
    checks: tuple[Check, ...]
    not_covered: tuple[Line, ...]


class Seal(Struct, frozen=True, forbid_unknown_fields=True):
    """The archive's signature over the certificate's statement, with the raw public key."""

    scheme: str
    key: Key
    value: Signature


class Stamp(Struct, frozen=True, forbid_unknown_fields=True):
    """A time-stamp token of RFC 3161 (DER, base64) over a statement's text. `of`: "certificate", or "head N" by its size."""

    of: Annotated[str, Meta(pattern=r"\A(?:certificate|head (?:0|[1-9][0-9]{0,17}))\Z")]
    token: Token


class Ending(Struct, frozen=True, forbid_unknown_fields=True):
    """What follows the body: the `CertificateStatement` that names its digest, the signature, time-stamps."""

    statement: str
    signature: Seal
    timestamps: tuple[Stamp, ...] = ()
