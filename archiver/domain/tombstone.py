"""What remains of a destroyed document: that it was there, until when, and which purge destroyed it."""

from __future__ import annotations

from dataclasses import replace

from archiver.domain.document import Document, LockMode, State


def tombstone_of(document: Document, purge_id: str) -> Document:
    """The document without anything that tells of its content, its name, or where it came from.

    Its groups stay: whoever might have read it is told that it was destroyed, everybody else that there is no such document.
    """
    return replace(
        document,
        state=State.DISPOSED,
        purge_id=purge_id,
        source="",
        name="",
        outcome=None,
        reason="",
        media_type="",
        language="",
        locator=(),
        declared={},
        summary={},
        retention_note="",
        lock_mode=LockMode.NONE,
        text_key="",
        record_sha256="",
        members=0,
        members_failed=0,
        attempts=0,
    )
