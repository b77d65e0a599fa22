"""What the copies of an Elasticsearch index say of the files they keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import elasticsearch

from archiver.adapters.index.elastic_address import Address
from archiver.adapters.index.elastic_client import translated

_FACTS = ",".join(
    f"indices.*.shards.*.{name}"
    for name in (
        "routing.node",
        "seq_no.max_seq_no",
        "retention_leases.leases.retaining_seq_no",
        "merges.current",
        "search.open_contexts",
    )
)

Segment = tuple[str, str, str]
"""Shard, node, name."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of one shard.

    Attributes:
        last: sequence number of the last change it knows.
        kept_from: changes from this number on are kept, deleted documents with them, for a copy that may have to recover.
        merging: merges that run; searching: searches over a fixed state, which hold the files of that state.
    """

    shard: str
    node: str
    last: int
    kept_from: int
    merging: int
    searching: int


class Copies:
    """Asks about one index."""

    def __init__(self, client: elasticsearch.Elasticsearch, address: Address, index: str) -> None:
        self._client, self._address, self._index = client, address, index

    def all(self) -> list[Copy]:
        """Those that are in use; one that is being made is not yet."""
        with translated(self._address):
            found = self._client.indices.stats(index=self._index, level="shards", filter_path=_FACTS).body
        shards = found.get("indices", {}).get(self._index, {}).get("shards", {})
        return [_copy(shard, copy) for shard, copies in shards.items() for copy in copies if "seq_no" in copy]

    def absent(self) -> int:
        """Copies that no node holds, or that are being made or moved."""
        with translated(self._address):
            health = self._client.cluster.health(index=self._index, level="indices", expand_wildcards="all").body
        about = health.get("indices", {}).get(self._index, {})
        return sum(int(about.get(f"{state}_shards", 0)) for state in ("unassigned", "initializing", "relocating"))

    def holding(self) -> dict[Segment, int]:
        """Segments with deleted documents, as of the last refresh and flush, and how many they hold."""
        with translated(self._address):
            found = self._client.indices.segments(index=self._index).body
        shards = found.get("indices", {}).get(self._index, {}).get("shards", {})
        return {
            (shard, copy["routing"]["node"], name): int(segment["deleted_docs"])
            for shard, copies in shards.items()
            for copy in copies
            for name, segment in copy["segments"].items()
            if segment["deleted_docs"]
        }


def _copy(shard: str, told: dict[str, Any]) -> Copy:
    leases = told.get("retention_leases", {}).get("leases", [])
    last = int(told["seq_no"]["max_seq_no"])
    return Copy(
        shard=shard,
        node=told["routing"]["node"],
        last=last,
        kept_from=min((int(lease["retaining_seq_no"]) for lease in leases), default=last + 1),
        merging=int(told["merges"]["current"]),
        searching=int(told["search"]["open_contexts"]),
    )
