"""Facts about the cluster and our indices in it, for `doctor`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import elasticsearch

from archiver.adapters.index.elastic_address import Address
from archiver.adapters.index.elastic_client import translated
from archiver.adapters.index.elastic_generations import Generation, Generations
from archiver.adapters.index.elastic_layout import FORMAT, usual
from archiver.errors import UsageError
from archiver.ports.index import ServedIndex

MAJOR = 9


def facts(client: elasticsearch.Elasticsearch, address: Address) -> ServedIndex:
    """What serves the index, and how well.

    Raises:
        UsageError: the server is not of the version this program speaks.
        UnreachableError: nobody answers.
    """
    with translated(address):
        version = str(client.info().body.get("version", {}).get("number", "of no version"))
    if version.partition(".")[0] != str(MAJOR):
        raise UsageError(
            f"the server at {address} is not Elasticsearch {MAJOR} but {version}",
            remedy=f"name an Elasticsearch {MAJOR} in index_url",
        )
    generations = Generations(client, address)
    every = generations.all()
    reading = next((one for one in every if one.reads), None)
    health = _health(client, address)
    return ServedIndex(
        version=version,
        nodes=int(health.get("number_of_data_nodes", 0)),
        status=_worst(health, every),
        copies=min((one["number_of_replicas"] for one in health["indices"].values()), default=0),
        unassigned=sum(one["unassigned_shards"] for one in health["indices"].values()),
        reading=reading.name if reading else "",
        current=reading is not None and generations.format(reading) == FORMAT,
        former=tuple(one.name for one in every if not one.writes and not one.reads),
        unfinished=tuple(one.name for one in every if one.writes and not one.reads),
        in_bulk=reading is not None and _in_bulk(client, address, reading),
        server_time=_time(client, address),
    )


def _health(client: elasticsearch.Elasticsearch, address: Address) -> dict[str, Any]:
    with translated(address):
        found = client.cluster.health(index=f"{address.prefix}-*", level="indices", expand_wildcards="all").body
    return {"indices": {}, **found}


def _worst(health: dict[str, Any], every: list[Generation]) -> str:
    """The state of what answers or is written to."""
    used = {one.name for one in every if one.reads or one.writes}
    found = {one["status"] for name, one in health["indices"].items() if name in used}
    return next((status for status in ("red", "yellow") if status in found), "green")


def _in_bulk(client: elasticsearch.Elasticsearch, address: Address, generation: Generation) -> bool:
    """Whether settings for very many writes are in force."""
    with translated(address):
        found = client.indices.get_settings(index=generation.name, name="index.refresh_interval").body
    return bool(found[generation.name]["settings"]["index"]["refresh_interval"] != usual(address)["refresh_interval"])


def _time(client: elasticsearch.Elasticsearch, address: Address) -> datetime | None:
    """The clock of the node that answers."""
    with translated(address):
        found = client.nodes.stats(node_id="_local", metric="os", filter_path="nodes.*.timestamp").body
    stamps = [int(node["timestamp"]) for node in found.get("nodes", {}).values()]
    return datetime.fromtimestamp(stamps[0] / 1000, UTC) if stamps else None
