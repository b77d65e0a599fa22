"""The record: one JSON object per document beside the originals, from which its catalogue row can be made again.

It is written once. What changes later (a hold, an event, a longer date, a second reading) is a ledger entry.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from archiver.domain.digest import of_bytes
from archiver.domain.document import Document, LockMode, State
from archiver.domain.extraction import Outcome, Step
from archiver.domain.identifiers import DocumentId
from archiver.errors import IntegrityError

FORMAT = "minutier-record/1"


def record_key(collection: str, document_id: str) -> str:
    """Where the record of a document lies."""
    return f"records/{collection}/{document_id[:2]}/{document_id}.json"


def original_key(collection: str, retention_class: str, sha256: str) -> str:
    """Where an original's bytes lie."""
    return f"originals/{collection}/{retention_class}/{sha256[:2]}/{sha256}"


def text_key(collection: str, sha256: str, fingerprint: str) -> str:
    """Where the text of some bytes, as read by one tool, lies."""
    return f"texts/{collection}/{sha256[:2]}/{sha256}-{fingerprint}"


def encode(document: Document) -> bytes:
    """The record of a document, as canonical JSON (sorted keys, ASCII)."""
    body: dict[str, Any] = {
        "format": FORMAT,
        "id": document.id,
        "collection": document.collection,
        "class": document.retention_class,
        "life": document.life,
        "source": document.source,
        "name": document.name,
        "digest": {"algorithm": "sha256", "value": document.sha256},
        "size": document.size,
        "encryption": "none",
        "media_type": document.media_type,
        "language": document.language,
        "outcome": document.outcome.value if document.outcome else None,
        "reason": document.reason,
        "summary": document.summary,
        "declared": document.declared,
        "grants": document.grants,
        "denies": document.denies,
        "batch": document.batch_id,
        "received_at": document.received_at.isoformat(),
        "archived_at": document.archived_at.isoformat() if document.archived_at else None,
        "text": document.text_key,
        "retention": {
            "until": document.retain_until.isoformat() if document.retain_until else None,
            "note": document.retention_note,
            "lock": document.lock_mode.value,
            "policy": document.policy_version,
        },
    }
    if document.state is State.QUARANTINED:
        body["quarantined"] = True
    if document.purge_id:
        body["purge"] = document.purge_id
    if document.locator:
        steps = [{"kind": step.kind, "index": step.index, "name": step.name} for step in document.locator]
        body["member"] = {"of": document.parent_id, "original": document.root_id, "locator": steps}
    if document.members:
        body["members"] = {"expected": document.members, "failed": document.members_failed}
    return json.dumps(body, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()


def digest(document: Document) -> str:
    """SHA-256 of a document's state as its record would hold it; ledger entries about it carry this."""
    return of_bytes(encode(document))


def decode(raw: bytes) -> Document:
    """A record's bytes as the document they describe (sequence 0).

    Raises:
        IntegrityError: it is no record of a format known here.
    """
    try:
        body = json.loads(raw)
        if body["format"] != FORMAT:
            raise IntegrityError(
                f"a record of format {body['format']!r}", remedy="read it with the program that wrote it, or a newer one"
            )
        return _decode(body)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IntegrityError(f"not a record: {error!r}") from error


def _decode(body: dict[str, Any]) -> Document:
    retention, member, members = body["retention"], body.get("member"), body.get("members")
    document = Document(
        id=DocumentId(body["id"]),
        sequence=0,
        collection=body["collection"],
        retention_class=body["class"],
        source=body["source"],
        name=body["name"],
        sha256=body["digest"]["value"],
        size=body["size"],
        state=State.QUARANTINED if body.get("quarantined") else State.ARCHIVED,
        outcome=Outcome(body["outcome"]),
        reason=body["reason"],
        media_type=body["media_type"],
        language=body["language"],
        received_at=datetime.fromisoformat(body["received_at"]),
        batch_id=body["batch"],
        life=body["life"],
        declared=body["declared"],
        summary=body["summary"],
        grants=tuple(body["grants"]),
        denies=tuple(body["denies"]),
        archived_at=datetime.fromisoformat(body["archived_at"]),
        retain_until=date.fromisoformat(retention["until"]) if retention["until"] else None,
        retention_note=retention["note"],
        lock_mode=LockMode(retention["lock"]),
        policy_version=retention["policy"],
        text_key=body["text"],
    )
    if members:
        document = replace(document, members=members["expected"], members_failed=members["failed"])
    if member:
        locator = tuple(Step(step["kind"], step["index"], step["name"]) for step in member["locator"])
        document = replace(document, locator=locator, parent_id=DocumentId(member["of"]), root_id=DocumentId(member["original"]))
    return document
