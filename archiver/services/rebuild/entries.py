"""The ledger's entries carried out again, in order: what happened to documents after their records were written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import groupby
from typing import Any

from archiver.domain import record
from archiver.domain.digest import of_bytes
from archiver.domain.document import Document, LockMode, State
from archiver.domain.holding import HELD, HOLD_PLACED, HOLD_RELEASED, RELEASED
from archiver.domain.identifiers import DocumentId
from archiver.domain.ledger import ARCHIVED, LedgerEntry, LedgerEvent
from archiver.domain.tombstone import tombstone_of
from archiver.errors import IntegrityError, NotFoundError
from archiver.ports.catalog import Catalog, PolicyVersion
from archiver.ports.objects import Bucket, ObjectStore
from archiver.ports.rebuilding import RebuiltRows
from archiver.ports.retention_rows import HoldRecord, Signer
from archiver.services.commit import READ_AGAIN
from archiver.services.events import EVENT
from archiver.services.extend_terms import EXTENDED
from archiver.services.hold_files import hold_key
from archiver.services.pages import pages
from archiver.services.policies import APPLIED
from archiver.services.policy_versions import policy_key
from archiver.services.rebuild.ledger import Told
from archiver.services.rebuild.records import Records
from archiver.services.register import Register
from archiver.services.reviews import REVIEWED
from archiver.services.signers import ENROLLED, REVOKED
from archiver.services.texts import Texts
from retention.decision import Choice, Decision
from retention.disposed_entry import DISPOSED
from retention.schedule import Occurrence

PAGE = 1_000
SECOND = 2

Entries = Sequence[LedgerEntry]
Change = Callable[[Document, LedgerEvent], Document]


@dataclass(slots=True)
class Replay:
    """Carries entries out on rows that records have filled.

    Attributes:
        first: number of the first document, where no record gave one.
        applied: how many were carried out, by kind.
    """

    catalog: Catalog
    rows: RebuiltRows
    objects: ObjectStore
    records: Records
    register: Register
    told: Told
    first: int = 1
    applied: dict[str, int] = field(default_factory=dict)

    def run(self, entries: Iterable[LedgerEntry]) -> None:
        """Neighbours of one kind go together: one transaction for a hold on thousands."""
        for (kind, _, _), group in groupby(entries, key=_alike):
            for page in pages(group, PAGE):
                self._carry_out(kind, page)
                self.applied[kind] = self.applied.get(kind, 0) + len(page)

    def _carry_out(self, kind: str, entries: Entries) -> None:
        about = [entry.event for entry in entries]
        known: dict[str, Callable[[Sequence[LedgerEvent]], None]] = {
            ARCHIVED: self._archived,
            EXTENDED: lambda events: self._changed(events, _term),
            EVENT: self._happened,
            REVIEWED: self._reviewed,
            READ_AGAIN: lambda events: self._changed(events, self._reading),
            DISPOSED: self._disposed,
            HELD: self._held,
            RELEASED: self._released,
            HOLD_PLACED: self._placed,
            HOLD_RELEASED: self._ended,
            APPLIED: self._policy,
            ENROLLED: self._enrolled,
            REVOKED: self._revoked,
        }
        if carry := known.get(kind):
            carry(about)

    # -- states -------------------------------------------------------------------------------------------------
    def _archived(self, events: Sequence[LedgerEvent]) -> None:
        """The order in which documents were archived becomes theirs. One without a record is known by its entry alone so far."""
        found, new = self.catalog.documents([event.document_id for event in events]), {}
        for event in events:
            document = found.get(event.document_id)
            if document is None:
                document = _by_entry(event)
            elif document.record_sha256 != event.details["record_sha256"]:
                document = self._with_right_record(document, event)
            new[document.id] = document
        if not self.catalog.top_sequence():
            self.rows.add_documents([replace(one, sequence=self.first) for one in list(new.values())[:1]])
        self.catalog.commit_archived(list(new.values()), [])

    def _with_right_record(self, document: Document, event: LedgerEvent) -> Document:
        right = self.records.with_digest(document.collection, document.id, str(event.details["record_sha256"]))
        if right is None:
            self.told(f"document {document.id}", "its record is not the one that was entered")
        return right or document

    def _changed(self, events: Sequence[LedgerEvent], change: Change) -> None:
        found, new = self.catalog.documents([event.document_id for event in events]), dict[str, Document]()
        for event in events:
            document = new.pop(event.document_id, None) or found.get(event.document_id)
            if document is None:
                self.told(f"document {event.document_id}", f"the ledger tells of it ({event.kind}) before it was archived")
                continue
            new[document.id] = self._checked(change(document, event), event)
        self.catalog.commit_archived(list(new.values()), [])

    def _checked(self, document: Document, event: LedgerEvent) -> Document:
        wanted = event.details.get("state_sha256")
        if document.state is not State.RECEIVED and wanted and record.digest(document) != wanted:
            self.told(f"document {document.id}", f"it is not what the ledger says it was after {event.kind!r} at {event.at}")
        return document

    def _reading(self, document: Document, event: LedgerEvent) -> Document:
        """A second reading, out of its stored text and the entry. A purge looks for earlier texts of what was read more than once."""
        details: Mapping[str, Any] = event.details
        if document.state is State.RECEIVED:
            return replace(document, sha256=details["sha256"], size=details["size"])
        document = replace(document, attempts=max(document.attempts + 1, SECOND, _reading_of(details.get("text") or "")))
        try:
            extraction = Texts(self.objects).load(details["text"])
        except (NotFoundError, IntegrityError, KeyError) as error:
            self.told(f"document {document.id}", f"what was read of it the second time is gone: {error}")
            return document
        return replace(
            document,
            state=State.ARCHIVED,
            sha256=details["sha256"],
            size=details["size"],
            outcome=extraction.outcome,
            reason=extraction.reason,
            media_type=extraction.media_type,
            language=extraction.language,
            summary={name: value for name, value in extraction.summary.items() if value},
            text_key=details["text"],
            members=details["members"],
            members_failed=details["members_failed"],
        )

    def _disposed(self, events: Sequence[LedgerEvent]) -> None:
        found = self.catalog.documents([event.document_id for event in events])
        purge_id = str(events[0].details["purge"])
        tombstones = [tombstone_of(found[event.document_id], purge_id) for event in events if event.document_id in found]
        for one in found.values():
            if one.state is not State.RECEIVED:
                self.told(f"locked:{record.record_key(one.collection, one.id)}", "the record of a document that was destroyed")
        self.rows.forget([one.id for one in tombstones])
        self.catalog.commit_archived(tombstones, [])
        self.rows.executed(purge_id, {event.document_id: event.at for event in events})

    # -- facts --------------------------------------------------------------------------------------------------
    def _happened(self, events: Sequence[LedgerEvent]) -> None:
        self._changed([event for event in events if "state_sha256" in event.details], _term)
        happened: dict[str, dict[str, Occurrence]] = {}
        originals = self.catalog.documents([event.document_id for event in events])
        for event in events:
            document, details = originals.get(event.document_id), event.details
            if document is not None and not document.root_id and "name" in details:
                told = Occurrence(date.fromisoformat(str(details["day"])), date.fromisoformat(str(details["recorded"])))
                before = happened.setdefault(document.id, {}).get(str(details["name"]), told)
                happened[document.id][str(details["name"])] = told.later(before)
        self.catalog.commit_occurrences([], happened, [])

    def _reviewed(self, events: Sequence[LedgerEvent]) -> None:
        self._changed([event for event in events if "state_sha256" in event.details], _term)
        decided = {event.document_id: self._decision(event) for event in events if "choice" in event.details}
        originals = self.catalog.documents(list(decided))
        made = {one: decision for one, decision in decided.items() if one in originals and not originals[one].root_id}
        self.catalog.commit_decisions([], made, [])

    def _decision(self, event: LedgerEvent) -> Decision:
        said: Mapping[str, Any] = event.details
        day = date.fromisoformat(said["day"])
        return Decision(
            Choice(said["choice"]), day, self._person(said.get("by")), said.get("reason", ""), said.get("reference", "")
        )

    # -- holds --------------------------------------------------------------------------------------------------
    def _placed(self, events: Sequence[LedgerEvent]) -> None:
        for event in events:
            self.catalog.add_hold(self._hold(str(event.details["hold"]), event), [])

    def _hold(self, hold_id: str, event: LedgerEvent) -> HoldRecord:
        found = self.objects.versions(Bucket.DELETABLE, hold_key(hold_id))
        if not found:
            self.told(f"hold {hold_id}", "what it is for was erased, or lost; it holds all the same")
            return HoldRecord(hold_id, "", "", "", event.at, self._person(event.details.get("by")))
        with self.objects.open(found[0].ref) as stream:
            said = json.loads(stream.read())
        review = date.fromisoformat(said["review"]) if said["review"] else None
        placed_at = datetime.fromisoformat(said["placed_at"])
        return HoldRecord(
            hold_id, said["matter"], said["reason"], said["owner"], placed_at, said["placed_by"], review, said["collection"]
        )

    def _ended(self, events: Sequence[LedgerEvent]) -> None:
        for event in events:
            self.catalog.end_hold(str(event.details["hold"]), event.at, self._person(event.details.get("by")), [])

    def _held(self, events: Sequence[LedgerEvent]) -> None:
        """By day: one hold may have reached documents on several."""
        for day, same in groupby(events, key=lambda event: event.at.date()):
            self.catalog.place(str(events[0].details["hold"]), [event.document_id for event in same], day, [])

    def _released(self, events: Sequence[LedgerEvent]) -> None:
        self.catalog.release(str(events[0].details["hold"]), [event.document_id for event in events], [])

    # -- policies and persons -----------------------------------------------------------------------------------
    def _policy(self, events: Sequence[LedgerEvent]) -> None:
        for event in events:
            version, digest = int(str(event.details["version"])), str(event.details["sha256"])
            for info in self.objects.versions(Bucket.LOCKED, policy_key(version)):
                with self.objects.open(info.ref) as stream:
                    body = stream.read()
                if of_bytes(body) == digest:
                    applied = PolicyVersion(version, digest, event.at, self._person(event.details.get("by")), body.decode())
                    self.catalog.add_policy(applied, [])
                    break
            else:
                raise IntegrityError(
                    f"{policy_key(version)} is not the policy that was applied",
                    remedy="restore it from a copy, then rebuild again",
                )

    def _enrolled(self, events: Sequence[LedgerEvent]) -> None:
        for event in events:
            said: Mapping[str, Any] = event.details
            person, by = self._person(said["person"]), self._person(said["by"])
            self.catalog.add_signer(Signer(said["key"], person, said["person"], said["public"], event.at, by), [])

    def _revoked(self, events: Sequence[LedgerEvent]) -> None:
        for event in events:
            self.catalog.revoke_signer(str(event.details["key"]), event.at, [])

    def _person(self, pseudonym: object) -> str:
        """The name behind a pseudonym; the pseudonym itself once its name was erased."""
        with suppress(IntegrityError):
            return (self.register.name(str(pseudonym)) if pseudonym else None) or str(pseudonym or "")
        return str(pseudonym)


def _reading_of(text_key: str) -> int:
    """The number of a later reading, from the key of its text (`Commit`): a reading to come must not overwrite that text."""
    parts = text_key.rpartition("/")[2].split("-")
    return int(parts[2]) if len(parts) == 3 and parts[2].isascii() and parts[2].isdecimal() else 0


def _alike(entry: LedgerEntry) -> tuple[str, object, object]:
    details = entry.event.details
    return entry.event.kind, details.get("hold"), details.get("purge")


def _term(document: Document, event: LedgerEvent) -> Document:
    """The document with the term that the entry tells."""
    said: Mapping[str, Any] = event.details
    return replace(
        document,
        retain_until=date.fromisoformat(said["retain_until"]) if said["retain_until"] else None,
        retention_note=said["note"],
        lock_mode=LockMode(said["lock"]),
        policy_version=said["policy"],
    )


def _by_entry(event: LedgerEvent) -> Document:
    """What the ledger alone tells of a document: enough for a tombstone. Received, so that it can be told from one with a record."""
    said: Mapping[str, Any] = event.details
    return Document(
        id=DocumentId(event.document_id),
        sequence=0,
        collection=said["collection"],
        retention_class=said["class"],
        source="",
        name="",
        sha256=said["sha256"],
        size=said["size"],
        state=State.RECEIVED,
        outcome=None,
        reason="",
        media_type="",
        language="",
        received_at=datetime.fromisoformat(said.get("received") or event.at.isoformat()),
        batch_id=said.get("batch", ""),
        parent_id=said.get("container"),
        root_id=said.get("original"),
        life=said.get("life", 0),
        archived_at=event.at,
        retain_until=date.fromisoformat(said["retain_until"]) if said["retain_until"] else None,
        policy_version=said["policy"],
    )
