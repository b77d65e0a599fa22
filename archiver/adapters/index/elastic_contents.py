"""What one Elasticsearch index holds: writing to it, and reading back what it was told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import elasticsearch

from archiver.adapters.index.elastic_address import Address
from archiver.adapters.index.elastic_bulk import Bulk
from archiver.adapters.index.elastic_client import translated
from archiver.adapters.index.elastic_document import Operation, removal
from archiver.adapters.index.elastic_generations import Generation
from archiver.adapters.index.elastic_layout import DENIES, DIGEST, GRANTS, HIDDEN, REMOVED, STATE, STATE_ID
from archiver.adapters.index.elastic_queries import visible
from archiver.adapters.index.elastic_scan import KEEP, PAGE, Scan
from archiver.domain.access import Scope
from archiver.errors import UnreachableError
from archiver.ports.index import IndexedState

_EVERYTHING = visible(Scope(frozenset(), everything=True))
_FIELDS = [DIGEST, GRANTS, DENIES]
_TRIES = 5
_PAGE = 1_000


class Contents:
    """One generation. Safe for several threads and processes at once."""

    def __init__(self, client: elasticsearch.Elasticsearch, address: Address, generation: Generation) -> None:
        self.generation = generation
        self._client, self._address = client, address
        self._bulk = Bulk(client, address)

    def send(self, operations: Sequence[Operation]) -> None:
        """Durable on return; see `Bulk.send`."""
        self._bulk.send(self.generation.target, operations)

    def refresh(self) -> None:
        """Make what was sent searchable."""
        with translated(self._address):
            self._client.indices.refresh(index=self.generation.name)

    def sequence(self) -> int:
        """The sequence remembered; 0 for none."""
        with translated(self._address):
            found = self._client.options(ignore_status=404).get(index=self.generation.name, id=STATE_ID, source=False).body
        return int(found.get("_version", 0))

    def remember(self, sequence: int) -> None:
        """Keep the sequence, durably; a greater one stays."""
        if sequence > 0:
            self.send([removal(STATE_ID, sequence, STATE)])

    def remove(self, document_ids: Sequence[str], version: int) -> None:
        """Leave nothing of them but id and version, which is `version`, or for 0 one more than what is there now.

        Raises:
            UnreachableError: somebody goes on writing one of them.
        """
        for start in range(0, len(document_ids), _PAGE):
            self._remove(document_ids[start : start + _PAGE], version)

    def _remove(self, document_ids: Sequence[str], version: int) -> None:
        if version:
            self.send([removal(one, version, REMOVED) for one in document_ids])
            return
        for _ in range(_TRIES):
            living = self.states_of(document_ids)
            if not living:
                return
            self.send([removal(one.document_id, one.version + 1, REMOVED) for one in living.values()])
        raise UnreachableError(f"documents are written to {self._address} while they are removed", remedy="run the same again")

    def states(self, *, page: int = PAGE, keep: str = KEEP) -> Iterator[IndexedState]:
        """Every document, by id; memory does not grow with their number."""
        scan = Scan(self._client, self._address, self.generation.name, page=page, keep=keep)
        yield from (_state(hit) for hit in scan.hits(_EVERYTHING, _FIELDS))

    def states_of(self, document_ids: Sequence[str]) -> dict[str, IndexedState]:
        """Those of these that are there, searchable yet or not."""
        found: dict[str, IndexedState] = {}
        for start in range(0, len(document_ids), _PAGE):
            ids = list(document_ids[start : start + _PAGE])
            with translated(self._address):
                answer = self._client.mget(index=self.generation.name, ids=ids, source_includes=[*_FIELDS, HIDDEN]).body
            found |= {
                one["_id"]: _state(one) for one in answer["docs"] if one.get("found") and HIDDEN not in one.get("_source", {})
            }
        return found


def _state(hit: dict[str, Any]) -> IndexedState:
    kept = hit.get("_source", {})
    return IndexedState(
        document_id=hit["_id"],
        version=hit["_version"],
        digest=kept.get(DIGEST, ""),
        grants=frozenset(kept.get(GRANTS, ())),
        denies=frozenset(kept.get(DENIES, ())),
    )
