"""What the archive's key signs of evidence: a text of one `name value` a line, with a first line of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from retention.errors import StatementError
from retention.timestamp import PATTERN as _MOMENT
from retention.timestamp import timestamp

_FORM = re.compile(
    r"minutier evidence v1\n"
    r"kind (?P<kind>evidence|deposit)\n"
    r"archive (?P<archive>[A-Za-z0-9][A-Za-z0-9._-]{0,63})\n"
    r"document (?P<document>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\n"
    r"body sha256 (?P<body>[0-9a-f]{64})\n"
    rf"time (?P<time>{_MOMENT})\n"
    r"key ed25519 (?P<key>[0-9a-f]{16})\n"
)


@dataclass(frozen=True, slots=True)
class EvidenceStatement:
    """Whose, of which document, when.

    Attributes:
        kind: "evidence" or "deposit".
        body: SHA-256 of the exact bytes of the body.
    """

    kind: str
    archive: str
    document: str
    body: bytes
    time: datetime
    key_id: str

    def text(self) -> str:
        """The exact text under the signature.

        Raises:
            StatementError: a value cannot be written in it.
        """
        text = (
            f"minutier evidence v1\nkind {self.kind}\narchive {self.archive}\ndocument {self.document}\n"
            f"body sha256 {self.body.hex()}\ntime {timestamp(self.time)}\nkey ed25519 {self.key_id}\n"
        )
        if not _FORM.fullmatch(text):
            raise StatementError(f"the statement of evidence cannot be written: a value is of another form: {text!r}")
        return text

    @classmethod
    def parse(cls, text: str) -> EvidenceStatement:
        """Read a statement again.

        Raises:
            StatementError: the text is not exactly what `text` writes.
        """
        found = _FORM.fullmatch(text)
        try:
            if found is None:
                raise ValueError("a line is missing or of another form")
            time = datetime.fromisoformat(found["time"])
        except ValueError as error:
            raise StatementError(f"this is not the statement of evidence: {error}") from error
        return cls(found["kind"], found["archive"], found["document"], bytes.fromhex(found["body"]), time, found["key"])
