"""Making the index again on a server, beside the one that answers, and proving it before searches go to it.

Order is what makes it whole without a pause. From `building` on, live writes go to both indices; only then is the catalogue
read. So a state committed before is read from the catalogue, and one committed after is told to both by whoever committed it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from archiver.domain.document import Document, State
from archiver.errors import IntegrityError
from archiver.ports.catalog import Catalog
from archiver.ports.index import IndexedState, IndexGeneration, IndexGenerations
from archiver.services.index_documents import catch_up, entry_of, stored
from archiver.services.pages import pages
from archiver.services.texts import Texts

_PAGE = 1_000
_ROUNDS = 5
_SHOWN = 5
_UNINDEXED = (State.RECEIVED, State.DISPOSED)


@dataclass(slots=True)
class Rebuilt:
    """What a rebuilt index was compared with, and how that ended.

    Attributes:
        name: the new index. former: the one that answered before, "" for none.
        indexed: documents written in this run; compared: documents found equal to the catalogue.
        agreed: of these, documents the former index held in the same state, word for word.
        mended: documents the former index lacked, or held in an older state.
        leftover: documents the former index held and the catalogue does not.
        differing: documents both hold in the same version and yet not with the same words, fields or grants.
        examples: some of their ids.
    """

    name: str
    former: str = ""
    indexed: int = 0
    compared: int = 0
    agreed: int = 0
    mended: int = 0
    leftover: int = 0
    differing: int = 0
    examples: list[str] = field(default_factory=list)


class RebuildIndex:
    """`reindex` on a server. Cut off anywhere, the next run goes on where it was; searches see the old index until the end."""

    def __init__(self, catalog: Catalog, texts: Texts, generations: IndexGenerations) -> None:
        self._catalog, self._texts, self._generations = catalog, texts, generations

    def run(self, *, accept_differences: bool = False, progress: Callable[[int], None] = lambda _: None) -> Rebuilt:
        """Build, prove, move.

        Args:
            accept_differences: move although the two indices do not agree on documents in the same version.
            progress: told now and then how many documents were indexed.

        Raises:
            IntegrityError: the new index does not hold what the catalogue says, or not what the former one held.
                The former one goes on answering.
        """
        former, new = self._generations.reading(), self._generations.building()
        result = Rebuilt(new.name, former.name if former else "")
        result.indexed = catch_up(self._catalog, new, self._texts, progress)
        new.commit(new.sequence())
        self._prove_catalogue(new, former, result)
        self._prove_nothing_else(new, former, result)
        if result.differing and not accept_differences:
            raise IntegrityError(
                f"{new.name} and {former.name if former else ''} hold {result.differing:,} documents in the same version with"
                f" different contents: {', '.join(result.examples)}",
                remedy="find out which is right (`minutier verify`); `minutier reindex --accept-differences` takes the new one",
            )
        self._generations.promote(new)
        return result

    def _prove_catalogue(self, new: IndexGeneration, former: IndexGeneration | None, result: Rebuilt) -> None:
        """Every document of the catalogue is in the new index as it is, and as it was in the former one."""
        for page in pages(self._catalog.changed_since(0), _PAGE):
            ours: dict[str, Document] = {one.id: one for one in page if one.state not in _UNINDEXED}
            settled = self._settled(new, ours)
            result.compared += len(settled)
            if former is not None:
                _compare(settled, former.states_of(list(settled)), result)

    def _settled(self, new: IndexGeneration, wanted: dict[str, Document]) -> dict[str, IndexedState]:
        """The states of documents in the new index once they agree with the catalogue, which goes on changing meanwhile.

        Raises:
            IntegrityError: some do not, however often they are brought up to date.
        """
        settled: dict[str, IndexedState] = {}
        for _ in range(_ROUNDS):
            states = new.states_of(list(wanted))
            settled |= {one: states[one] for one, document in wanted.items() if _holds(states.get(one), document)}
            wanted = self._now(one for one in wanted if one not in settled)
            if not wanted:
                return settled
            new.add(entry_of(one, stored(self._texts, one), one.sequence) for one in wanted.values())
        raise IntegrityError(
            f"{len(wanted):,} documents are not in {new.name} as the catalogue has them: {', '.join(list(wanted)[:_SHOWN])}",
            remedy="run `minutier reindex` again; the former index goes on answering",
        )

    def _prove_nothing_else(self, new: IndexGeneration, former: IndexGeneration | None, result: Rebuilt) -> None:
        """The new index holds no document that the catalogue does not. What the former one held is counted."""
        extra = next(self._unknown(new.states()), None)
        if extra is not None:
            raise IntegrityError(
                f"{new.name} holds documents that the catalogue does not, one of them {extra}",
                remedy="run `minutier verify`; the former index goes on answering",
            )
        result.leftover = sum(1 for _ in self._unknown(former.states())) if former is not None else 0

    def _unknown(self, states: Iterable[IndexedState]) -> Iterator[str]:
        for page in pages((state.document_id for state in states), _PAGE):
            known = self._now(page)
            yield from (one for one in page if one not in known)

    def _now(self, document_ids: Iterable[str]) -> dict[str, Document]:
        """Those of these that belong in an index, as the catalogue has them now."""
        found = self._catalog.documents(list(document_ids))
        return {one: document for one, document in found.items() if document.state not in _UNINDEXED}


def _holds(state: IndexedState | None, document: Document) -> bool:
    return (
        state is not None
        and state.version == document.sequence
        and state.grants == frozenset(document.grants)
        and state.denies == frozenset(document.denies)
    )


def _compare(new: dict[str, IndexedState], former: dict[str, IndexedState], result: Rebuilt) -> None:
    for one, state in new.items():
        before = former.get(one)
        if before == state:
            result.agreed += 1
        elif before is None or before.version != state.version:
            result.mended += 1
        else:
            result.differing += 1
            result.examples += [one] if len(result.examples) < _SHOWN else []
