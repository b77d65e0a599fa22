"""Making the index again beside the one that answers: `ports.index.IndexGenerations` on Elasticsearch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archiver.adapters.index.elastic import ElasticsearchIndex
from archiver.adapters.index.elastic_contents import Contents
from archiver.adapters.index.elastic_generations import Generation
from archiver.adapters.index.elastic_layout import FORMAT
from archiver.adapters.index.sort_keys import id_number
from archiver.errors import NotFoundError
from archiver.ports.index import IndexedState, IndexEntry, IndexGeneration


class ElasticGeneration:
    """`ports.index.IndexGeneration`."""

    def __init__(self, index: ElasticsearchIndex, generation: Generation) -> None:
        self.generation = generation
        self._index = index

    @property
    def name(self) -> str:
        """See the port."""
        return self.generation.name

    def add(self, entries: Iterable[IndexEntry]) -> None:
        """See the port."""
        for chunk in self._index.operations(entries):
            self._contents().send(chunk)

    def remove(self, document_ids: Iterable[str], *, version: int = 0) -> None:
        """See the port."""
        ids = list(dict.fromkeys(document_ids))
        for one in ids:
            id_number(one)
        if ids:
            self._contents().remove(ids, version)

    def commit(self, sequence: int) -> None:
        """See the port."""
        self._contents().refresh()
        self._contents().remember(sequence)

    def sequence(self) -> int:
        """See the port."""
        return self._contents().sequence()

    def states(self) -> Iterator[IndexedState]:
        """See the port."""
        return self._contents().states()

    def states_of(self, document_ids: Sequence[str]) -> dict[str, IndexedState]:
        """See the port."""
        return self._contents().states_of(document_ids)

    def _contents(self) -> Contents:
        return self._index.contents(self.generation)


class ElasticGenerations:
    """`ports.index.IndexGenerations`."""

    def __init__(self, index: ElasticsearchIndex) -> None:
        self._index = index

    def reading(self) -> ElasticGeneration | None:
        """See the port."""
        found = [one for one in self._index.generations.all() if one.reads]
        return ElasticGeneration(self._index, found[-1]) if found else None

    def building(self) -> ElasticGeneration:
        """See the port. One begun in another form, or left behind by a still older attempt, is dropped."""
        generations = self._index.generations
        begun = [one for one in generations.all() if one.writes and not one.reads]
        usable = [one for one in begun if generations.format(one) == FORMAT][-1:]
        for one in begun:
            if one not in usable:
                generations.drop(one)
        return ElasticGeneration(self._index, usable[0] if usable else generations.create(reads=False))

    def promote(self, built: IndexGeneration) -> None:
        """See the port."""
        found = next((one for one in self._index.generations.all() if one.name == built.name), None)
        if found is None:
            raise NotFoundError(f"the index {built.name} is gone", remedy="run `minutier reindex` again")
        self._index.generations.promote(found)

    def drop_former(self) -> list[str]:
        """See the port."""
        former = [one for one in self._index.generations.all() if not one.reads and not one.writes]
        for one in former:
            self._index.generations.drop(one)
        return [one.name for one in former]
