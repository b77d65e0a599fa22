"""The indices of one archive: numbered, one of them read, one or (while it is made again) two of them written to.

Each has an alias of its own for writes, `PREFIX-<n>-in`, and every write requires an alias: an index that was dropped is
never made by a late write, in whatever form the server would guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import elasticsearch

from archiver.adapters.index import elastic_layout as layout
from archiver.adapters.index.elastic_address import Address
from archiver.adapters.index.elastic_client import REINDEX, translated
from archiver.errors import IntegrityError, UnreachableError

_TAKEN = "resource_already_exists_exception"


@dataclass(frozen=True, slots=True)
class Generation:
    """One index. `reads`: searches go to it; `writes`: new states are told to it."""

    number: int
    name: str
    reads: bool
    writes: bool

    @property
    def target(self) -> str:
        """The alias writes go to."""
        return f"{self.name}-in"


class Generations:
    """Looks at, makes and moves them. Safe for several threads and processes: what is, is always asked of the cluster."""

    def __init__(self, client: elasticsearch.Elasticsearch, address: Address) -> None:
        self._client, self._address = client, address
        self._name = re.compile(re.escape(address.prefix) + r"-(\d+)")

    def all(self) -> list[Generation]:
        """Those there are, oldest first; none for an archive that was never indexed."""
        with translated(self._address):
            found = self._client.indices.get_alias(index=f"{self._address.prefix}-*", expand_wildcards="all").body
        return sorted(
            (
                self._of(int(match[1]), name, about["aliases"])
                for name, about in found.items()
                if (match := self._name.fullmatch(name))
            ),
            key=lambda generation: generation.number,
        )

    def written(self) -> list[Generation]:
        """Those that are told of a new state. Asked for after the state was committed to the catalogue: then none is missed."""
        every = self.all()
        found = [generation for generation in every if generation.writes]
        if not found and every:
            raise IntegrityError(
                f"no index at {self._address} takes writes: the alias {self._address.write} is gone", remedy=REINDEX
            )
        return found or [self.create(reads=True)]

    def create(self, *, reads: bool) -> Generation:
        """Make the next one, with its aliases. Two that do so at once make one.

        Args:
            reads: it is to be searched from now on, empty as it is.
        """
        number = max((generation.number for generation in self.all()), default=0) + 1
        made = Generation(number, f"{self._address.prefix}-{number}", reads=reads, writes=True)
        aliases: dict[str, Any] = {made.target: {}, self._address.write: {}}
        if reads:
            aliases[self._address.read] = {}
        body = layout.definition(self._address)
        try:
            with translated(self._address):
                answer = self._client.indices.create(index=made.name, aliases=aliases, **body)
            self._acknowledged(answer.body)
        except IntegrityError as error:
            if _TAKEN not in str(error):
                raise
        return made

    def promote(self, new: Generation) -> None:
        """Searches and writes go to `new`, and to no other, from one moment on."""
        others = [generation for generation in self.all() if generation.number != new.number]
        address = self._address
        leave = [
            {"remove": {"index": one.name, "alias": alias, "must_exist": False}}
            for one in others
            for alias in (address.read, address.write)
        ]
        self._move([*leave, *({"add": {"index": new.name, "alias": alias}} for alias in (address.read, address.write))])

    def drop(self, generation: Generation) -> None:
        """Delete it with all it holds. Safe to repeat."""
        with translated(self._address):
            self._client.indices.delete(index=generation.name, ignore_unavailable=True)

    def format(self, generation: Generation) -> int:
        """The form it was made in; 0 for one this program did not make."""
        with translated(self._address):
            found = self._client.indices.get_mapping(index=generation.name).body
        return int(found[generation.name]["mappings"].get("_meta", {}).get("minutier_format", 0))

    def set(self, settings: dict[str, Any]) -> None:
        """Give all that are written to these settings. Safe to repeat."""
        names = [generation.name for generation in self.written()]
        with translated(self._address):
            self._acknowledged(self._client.indices.put_settings(index=names, settings=settings).body)

    def _move(self, actions: list[dict[str, Any]]) -> None:
        with translated(self._address):
            self._acknowledged(self._client.indices.update_aliases(actions=actions).body)

    def _acknowledged(self, answer: dict[str, Any]) -> None:
        """Every node knows, not only the first: a write that asks any of them afterwards is told."""
        if not answer.get("acknowledged"):
            raise UnreachableError(
                f"not all nodes at {self._address} took a change of indices in time", remedy="see whether the cluster is green"
            )

    def _of(self, number: int, name: str, aliases: dict[str, Any]) -> Generation:
        return Generation(number, name, reads=self._address.read in aliases, writes=self._address.write in aliases)
