"""One sample file and what is known to be true of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sample:
    """A file to write and its ground truth.

    Attributes:
        path: two components, `folder/name`, as a person would have filed it.
        outcome: the Minutier outcome that says the truth about this file.
        phrases: text that a full-text search must find, with where it stands ("middle", "embedded" for text of a member,
            "ocr" for text that exists as an image only).
        metadata: any of title, author, created, subject, from, page_count.
        password: what opens it.
        members: how many files it holds, all levels; 0 when it holds none.
    """

    path: str
    data: bytes
    outcome: str = "complete"
    phrases: tuple[tuple[str, str], ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    password: str = ""
    members: int = 0
    note: str = ""

    def truth(self) -> dict[str, Any]:
        """The line of `expected.jsonl`."""
        entry: dict[str, Any] = {
            "path": self.path,
            "sha256": hashlib.sha256(self.data).hexdigest(),
            "size": len(self.data),
            "kind": self.path.split("/")[0],
            "outcome": self.outcome,
            "expected_status": _STATUS.get(self.outcome, "ok"),
            "status_gt": "ok" if self.outcome == "complete" else "strict",
            "phrases": [{"text": text, "where": where} for text, where in self.phrases],
            "expected_metadata": self.metadata,
            "bias": "own",
        }
        optional = {"password": self.password, "members": self.members, "note": self.note}
        return entry | {key: value for key, value in optional.items() if value}


_STATUS = {"encrypted": "encrypted", "corrupt": "corrupt", "partial": "corrupt", "empty": "empty", "unsupported": "unsupported"}


def middle(*texts: str) -> tuple[tuple[str, str], ...]:
    """Phrases of the document's own text."""
    return tuple((text, "middle") for text in texts)


def embedded(*texts: str) -> tuple[tuple[str, str], ...]:
    """Phrases of members and attachments."""
    return tuple((text, "embedded") for text in texts)


def pictured(*texts: str) -> tuple[tuple[str, str], ...]:
    """Phrases that are pixels only."""
    return tuple((text, "ocr") for text in texts)
