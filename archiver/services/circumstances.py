"""What retention asks about documents, from the catalogue: their facts with what happened to them, their holds, what was decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from archiver.domain.document import Document
from archiver.ports.catalog import Catalog
from retention.disposal import Circumstances
from retention.policy import Policy
from retention.protection import Protection, protection
from retention.schedule import Deadline, Facts, Occurrence

_NOTHING: Mapping[str, Occurrence] = MappingProxyType({})


def original_of(document: Document) -> str:
    """Id of the original that events, holds and decisions about this document are placed on: itself, or what contains it."""
    return document.root_id or document.id


def facts_of(document: Document, happened: Mapping[str, Occurrence] = _NOTHING) -> Facts:
    """What retention may know of a document: nothing that was read out of its bytes.

    Args:
        happened: to its original, by event.
    """
    return Facts(document.retention_class, document.received_at, document.declared, happened, retain_until=document.retain_until)


class KnownFacts:
    """Circumstances of documents, a page at a time: three questions to the catalogue whatever the number."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def of(self, documents: Sequence[Document]) -> dict[str, Circumstances]:
        """By document id. A member's events, holds and decision are its original's."""
        originals = list({original_of(document) for document in documents})
        happened, holds = self._catalog.occurrences(originals), self._catalog.holds_on(originals)
        decided = self._catalog.decisions(originals)
        return {
            document.id: Circumstances(
                facts_of(document, happened.get(root, _NOTHING)), tuple(holds.get(root, ())), decided.get(root)
            )
            for document in documents
            for root in (original_of(document),)
        }


def wanted(policy: Policy, about: Circumstances, now: datetime, *, scheduled: Deadline | None = None) -> Protection:
    """What the store should be told of one document: by its class, and held while anybody holds it."""
    asked = protection(policy, about.facts, now, scheduled=scheduled)
    return replace(asked, hold=asked.hold or bool(about.holds))
