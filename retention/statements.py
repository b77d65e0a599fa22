"""What is signed about a purge: texts of one `name value` a line, each with a first line of its own.

The first line keeps a signature under one kind of statement from ever being taken for another. A text is read back only if it is,
byte for byte, what would be written. Signed is its ASCII encoding, with Ed25519.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from retention.errors import StatementError
from retention.timestamp import PATTERN as _MOMENT
from retention.timestamp import timestamp

_HASH = r"[0-9a-f]{64}"
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_KEY = r"[0-9a-f]{16}"
_NUMBER = r"0|[1-9][0-9]{0,17}"
NONE = "-"
"""Written where an optional value is missing."""

_Parsed = TypeVar("_Parsed", "PlanStatement", "Approval", "CertificateStatement")


def _form(*lines: str) -> re.Pattern[str]:
    return re.compile("".join(line + "\n" for line in lines))


_PLAN = _form(
    "minutier purge plan v1",
    rf"archive (?P<archive>{_NAME})",
    rf"purge (?P<purge>{_NAME})",
    rf"root sha256 (?P<root>{_HASH})",
    rf"documents (?P<documents>{_NUMBER})",
    rf"bytes (?P<size>{_NUMBER})",
    rf"policy (?P<version>{_NUMBER}) sha256 (?P<policy>{_HASH})",
    rf"made (?P<made>{_MOMENT})",
    rf"author (?P<author>{_KEY})",
)
_APPROVAL = _form(
    "minutier purge approval v1",
    rf"archive (?P<archive>{_NAME})",
    rf"purge (?P<purge>{_NAME})",
    rf"root sha256 (?P<root>{_HASH})",
    rf"documents (?P<documents>{_NUMBER})",
    rf"head (?P<head_size>{_NUMBER}) sha256 (?P<head_root>{_HASH})",
    rf"given (?P<given>{_MOMENT})",
    rf"expires (?P<expires>{_MOMENT})",
    rf"empties (?P<empties>{NONE}|{_NAME}(?:,{_NAME})*)",
    rf"visa (?:{NONE}|sha256 (?P<visa>{_HASH}))",
    rf"approver (?P<approver>{_KEY})",
    rf"key (?:{NONE}|ed25519 (?P<key>{_KEY}))",
)
_CERTIFICATE = _form(
    "minutier certificate v1",
    r"kind (?P<kind>[a-z][a-z0-9-]{0,31})",
    rf"archive (?P<archive>{_NAME})",
    rf"body sha256 (?P<body>{_HASH})",
    rf"time (?P<time>{_MOMENT})",
    rf"key ed25519 (?P<key>{_KEY})",
)


@dataclass(frozen=True, slots=True)
class PlanStatement:
    """What the author of a plan says: these documents, by this root, under this policy.

    Attributes:
        root: RFC 9162 root over the commitments of its items, in order; 32 bytes.
        documents, size: how many, and their originals' bytes.
        policy_version, policy_digest: the policy it was made under; 32 zero bytes for the built-in one.
        author: pseudonym, 16 hexadecimal characters.
    """

    archive: str
    purge: str
    root: bytes
    documents: int
    size: int
    policy_version: int
    policy_digest: bytes
    made: datetime
    author: str

    def text(self) -> str:
        """The exact text under the signature.

        Raises:
            StatementError: a value cannot be written in it.
        """
        return _written(
            _PLAN,
            f"minutier purge plan v1\narchive {self.archive}\npurge {self.purge}\nroot sha256 {self.root.hex()}\n"
            f"documents {self.documents}\nbytes {self.size}\n"
            f"policy {self.policy_version} sha256 {self.policy_digest.hex()}\n"
            f"made {timestamp(self.made)}\nauthor {self.author}\n",
            "a purge plan",
        )

    @classmethod
    def parse(cls, text: str) -> PlanStatement:
        """Read a statement again.

        Raises:
            StatementError: the text is not exactly what `text` writes.
        """
        found = _matched(_PLAN, text, "a purge plan")
        return _canonical(
            lambda: cls(
                found["archive"],
                found["purge"],
                bytes.fromhex(found["root"]),
                int(found["documents"]),
                int(found["size"]),
                int(found["version"]),
                bytes.fromhex(found["policy"]),
                datetime.fromisoformat(found["made"]),
                found["author"],
            ),
            text,
            "a purge plan",
        )


@dataclass(frozen=True, slots=True)
class Approval:
    """What the approver of a plan says: this root may go, within this time.

    Attributes:
        root, documents: of the plan.
        head_size, head_root: the newest custody head published before, so that no history can be made up afterwards.
        empties: classes that may lose their last document by it.
        visa: commitment to an authority's visa, SHA-256(salt || text), 32 bytes; None where none is needed.
        approver: pseudonym.
        key_id: the enrolled key it is signed by; None for an approval that is asserted and not authenticated.
    """

    archive: str
    purge: str
    root: bytes
    documents: int
    head_size: int
    head_root: bytes
    given: datetime
    expires: datetime
    empties: tuple[str, ...]
    visa: bytes | None
    approver: str
    key_id: str | None

    def text(self) -> str:
        """The exact text under the signature.

        Raises:
            StatementError: a value cannot be written in it.
        """
        return _written(
            _APPROVAL,
            f"minutier purge approval v1\narchive {self.archive}\npurge {self.purge}\nroot sha256 {self.root.hex()}\n"
            f"documents {self.documents}\nhead {self.head_size} sha256 {self.head_root.hex()}\n"
            f"given {timestamp(self.given)}\nexpires {timestamp(self.expires)}\n"
            f"empties {','.join(sorted(set(self.empties))) or NONE}\n"
            f"visa {NONE if self.visa is None else 'sha256 ' + self.visa.hex()}\n"
            f"approver {self.approver}\nkey {NONE if self.key_id is None else 'ed25519 ' + self.key_id}\n",
            "an approval",
        )

    @classmethod
    def parse(cls, text: str) -> Approval:
        """Read a statement again.

        Raises:
            StatementError: the text is not exactly what `text` writes.
        """
        found = _matched(_APPROVAL, text, "an approval")
        return _canonical(
            lambda: cls(
                found["archive"],
                found["purge"],
                bytes.fromhex(found["root"]),
                int(found["documents"]),
                int(found["head_size"]),
                bytes.fromhex(found["head_root"]),
                datetime.fromisoformat(found["given"]),
                datetime.fromisoformat(found["expires"]),
                () if found["empties"] == NONE else tuple(found["empties"].split(",")),
                bytes.fromhex(found["visa"]) if found["visa"] else None,
                found["approver"],
                found["key"],
            ),
            text,
            "an approval",
        )


@dataclass(frozen=True, slots=True)
class CertificateStatement:
    """What the archive's key signs of a certificate.

    Attributes:
        kind: what it certifies, e.g. "destruction".
        body: SHA-256 of the exact bytes of its body.
    """

    kind: str
    archive: str
    body: bytes
    time: datetime
    key_id: str

    def text(self) -> str:
        """The exact text under the signature.

        Raises:
            StatementError: a value cannot be written in it.
        """
        return _written(
            _CERTIFICATE,
            f"minutier certificate v1\nkind {self.kind}\narchive {self.archive}\nbody sha256 {self.body.hex()}\n"
            f"time {timestamp(self.time)}\nkey ed25519 {self.key_id}\n",
            "a certificate",
        )

    @classmethod
    def parse(cls, text: str) -> CertificateStatement:
        """Read a statement again.

        Raises:
            StatementError: the text is not exactly what `text` writes.
        """
        found = _matched(_CERTIFICATE, text, "a certificate")
        return _canonical(
            lambda: cls(
                found["kind"],
                found["archive"],
                bytes.fromhex(found["body"]),
                datetime.fromisoformat(found["time"]),
                found["key"],
            ),
            text,
            "a certificate",
        )


def _written(form: re.Pattern[str], text: str, of_what: str) -> str:
    if not form.fullmatch(text):
        raise StatementError(
            f"the statement of {of_what} cannot be written: a value is of another form: {text!r}",
            remedy="names of letters, digits, `.`, `_` and `-`; hashes of 32 bytes; pseudonyms and key ids of 16 hexadecimal characters",
        )
    return text


def _matched(form: re.Pattern[str], text: str, of_what: str) -> dict[str, str]:
    match = form.fullmatch(text)
    if match is None:
        raise StatementError(f"this is not the statement of {of_what}: a line is missing or of another form")
    return match.groupdict()


def _canonical(read: Callable[[], _Parsed], text: str, of_what: str) -> _Parsed:
    try:
        found = read()
    except ValueError as error:  # a day like the 31st of February
        raise StatementError(f"this is not the statement of {of_what}: {error}") from error
    if found.text() != text:
        raise StatementError(f"this is not the statement of {of_what}: its form is not canonical")
    return found
