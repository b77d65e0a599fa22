"""Documents, lines and extractions with everything filled in, to be changed where a test cares."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from archiver.domain.document import Document, LockMode, State
from archiver.domain.extraction import Extraction, Outcome, Step
from archiver.domain.identifiers import DocumentId

AT = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def identifier(name: str) -> DocumentId:
    return DocumentId(str(uuid.uuid5(uuid.NAMESPACE_URL, ascii(name))))


def received(name: str = "a.txt", body: bytes = b"a", **changes: Any) -> Document:
    """A document just taken in."""
    document = Document(
        id=identifier(name),
        sequence=0,
        collection="default",
        retention_class="UNCLASSIFIED",
        source=f"/in/{name}",
        name=name,
        sha256=hashlib.sha256(body).hexdigest(),
        size=len(body),
        state=State.RECEIVED,
        outcome=None,
        reason="",
        media_type="",
        language="",
        received_at=AT,
        batch_id="batch",
    )
    return replace(document, **changes)


def archived(name: str = "a.txt", body: bytes = b"a", **changes: Any) -> Document:
    """The same, read and archived."""
    values = {
        "state": State.ARCHIVED,
        "outcome": Outcome.COMPLETE,
        "media_type": "text/plain",
        "language": "fr",
        "archived_at": AT,
        "retain_until": date(2036, 12, 31),
        "retention_note": "why",
        "lock_mode": LockMode.GOVERNANCE,
        "policy_version": 3,
        "text_key": "texts/default/aa/aa-f",
        "record_sha256": "b" * 64,
        "declared": {"document_date": "2026-01-02", "é\udce9": "\\x00"},
        "summary": {"title": "Bail"},
        "grants": ("group:finance",),
        "denies": ("group:interns",),
    }
    return replace(received(name, body), **(values | changes))


def member(of: Document, index: int, **changes: Any) -> Document:
    """A member of a zip."""
    values = {
        "locator": (Step("zip", index, f"m\udce9{index}"),),
        "parent_id": of.id,
        "root_id": of.id,
        "source": f"{of.source}!/m\udce9{index}",
    }
    return archived(f"{of.name}!{index}", f"{index}".encode(), **(values | changes))


def extraction(text: str = "texte", **changes: Any) -> Extraction:
    """A whole reading."""
    return replace(
        Extraction(Outcome.COMPLETE, "text/plain", text=text, language="fr", tool="text", fingerprint="f" * 16), **changes
    )
