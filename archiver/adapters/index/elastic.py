"""The index on Elasticsearch 9."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from typing import TypeVar

import elasticsearch

from archiver.adapters.index import answers, elastic_health, elastic_layout
from archiver.adapters.index.elastic_address import address_of
from archiver.adapters.index.elastic_answers import Question, ask
from archiver.adapters.index.elastic_bulk import chunks
from archiver.adapters.index.elastic_client import PATIENCE, REINDEX, connect
from archiver.adapters.index.elastic_contents import Contents
from archiver.adapters.index.elastic_document import Documents, Operation
from archiver.adapters.index.elastic_erasure import ElasticErasure
from archiver.adapters.index.elastic_generations import Generation, Generations
from archiver.adapters.index.highlighting import highlighted
from archiver.adapters.index.sort_keys import id_number
from archiver.domain.access import Scope
from archiver.domain.query import SearchRequest
from archiver.errors import IntegrityError, NotFoundError, NotPermittedError
from archiver.ports.index import EntriesOf, Expunged, IndexEntry, IndexPage, ServedIndex, nothing_to_tell

T = TypeVar("T")


class ElasticsearchIndex:
    """`ports.index.Index` over Elasticsearch. Safe for several threads and for any number of processes at once.

    What `add` and `remove` were given is durable when they return, and searchable within a second or so; `commit` makes it
    searchable at once. An index that was never made is empty; the first write makes it.

    Args:
        url: see `elastic_address.address_of`. Nothing is sent before it is needed.
        writable: whether this process may write.
        patience: seconds an answer may take.
    """

    def __init__(self, url: str, *, writable: bool, patience: float = PATIENCE) -> None:
        self._address = address_of(url)
        self._writable, self._patience = writable, patience
        self._documents = Documents()

    @cached_property
    def client(self) -> elasticsearch.Elasticsearch:
        """The connection."""
        return connect(self._address, patience=self._patience)

    @cached_property
    def generations(self) -> Generations:
        """The indices behind the aliases."""
        return Generations(self.client, self._address)

    def add(self, entries: Iterable[IndexEntry]) -> None:
        """See the port. Memory does not grow with the number of entries."""
        self._require_writable()
        for chunk in self.operations(entries):
            for generation in self.generations.written():
                self._send(generation, chunk)

    def remove(self, document_ids: Iterable[str], *, version: int = 0) -> None:
        """See the port. Every generation is told, also one kept from before a reindex."""
        self._require_writable()
        ids = list(dict.fromkeys(document_ids))
        for one in ids:
            id_number(one)
        for generation in self.generations.all() if ids else ():
            self.contents(generation).remove(ids, version)

    def expunge(self, entries_of: EntriesOf, *, alive: Callable[[], None] = nothing_to_tell) -> list[Expunged]:
        """See the port. The server makes its files again by itself: `entries_of` is not asked. May wait half a minute for it."""
        self._require_writable()
        erasures = {one: ElasticErasure(self.client, self._address, one) for one in self.generations.all()}
        for one, erasure in erasures.items():
            self._unless_dropped(one, erasure.begin)
        found = [self._unless_dropped(one, partial(erasure.end, alive)) for one, erasure in erasures.items()]
        return [done for done in found if done is not None]

    def remains(self, document_ids: Sequence[str]) -> set[str]:
        """See the port."""
        return {one for generation in self.generations.all() for one in self.contents(generation).states_of(document_ids)}

    def commit(self, sequence: int) -> None:
        """See the port. A sequence below the one remembered is not kept."""
        self._require_writable()
        for generation in self.generations.written():
            contents = self.contents(generation)
            contents.refresh()
            if generation.reads:
                contents.remember(sequence)

    def sequence(self) -> int:
        """See the port."""
        reading = self._reading()
        return self.contents(reading).sequence() if reading else 0

    def search(self, request: SearchRequest, scope: Scope) -> IndexPage:
        """See the port.

        Raises:
            UnreachableError: the cluster, or a part of the index, does not answer.
        """
        answers.check(request)
        node = answers.parsed(request.text)
        if not scope.everything and not scope.groups:
            return answers.nothing(request)
        question = Question(self._address, request, scope)
        try:
            return ask(self.client, self._address, question, node)
        except NotFoundError:
            if self._reading() is None:
                return answers.nothing(request)
            raise

    def highlight(self, request: SearchRequest, text: str, fragments: int = 2) -> tuple[str, ...]:
        """See the port."""
        return highlighted(answers.parsed(request.text), text, fragments)

    def document_ids(self) -> Iterator[tuple[str, int]]:
        """See the port. What is committed is in it."""
        reading = self._reading()
        if reading is not None:
            yield from ((state.document_id, state.version) for state in self.contents(reading).states())

    def begin_bulk(self) -> None:
        """Prepare for very many writes: seldom refreshed, copied at the end. Safe to repeat; several at once agree."""
        self._require_writable()
        self.generations.set(elastic_layout.bulk())

    def end_bulk(self) -> None:
        """Back to daily use. Also mends what a crash after `begin_bulk` left; whoever else writes goes on, a little slower."""
        self._require_writable()
        self.generations.set(elastic_layout.usual(self._address))

    def facts(self) -> ServedIndex:
        """What serves the index, for `doctor`."""
        return elastic_health.facts(self.client, self._address)

    def discard(self) -> None:
        """Delete every generation. Safe to repeat; the next write begins an empty index."""
        self._require_writable()
        for generation in self.generations.all():
            self.generations.drop(generation)

    def close(self) -> None:
        """See the port. Nothing is lost."""
        if "client" in self.__dict__:
            self.client.close()

    def contents(self, generation: Generation) -> Contents:
        """What a generation holds."""
        return Contents(self.client, self._address, generation)

    def operations(self, entries: Iterable[IndexEntry]) -> Iterator[list[Operation]]:
        """The writes of entries, in chunks."""
        return chunks(map(self._documents.operation, entries))

    def _send(self, generation: Generation, chunk: list[Operation]) -> None:
        """A generation that was dropped meanwhile need not be told."""
        try:
            self.contents(generation).send(chunk)
        except NotFoundError:
            if generation in self.generations.written():
                raise

    def _unless_dropped(self, generation: Generation, work: Callable[[], T]) -> T | None:
        """None for a generation that was dropped meanwhile, its files with it."""
        try:
            return work()
        except NotFoundError:
            if generation.name in {one.name for one in self.generations.all()}:
                raise
            return None

    def _reading(self) -> Generation | None:
        """The generation that answers; None when there never was one.

        Raises:
            IntegrityError: there are indices, and none of them is read.
        """
        every = self.generations.all()
        found = [generation for generation in every if generation.reads]
        if every and len(found) != 1:
            raise IntegrityError(
                f"the alias {self._address.read} at {self._address} names {len(found)} indices instead of one", remedy=REINDEX
            )
        return found[0] if found else None

    def _require_writable(self) -> None:
        if not self._writable:
            raise NotPermittedError("the index was opened for reading only", remedy="open the archive for writing")
