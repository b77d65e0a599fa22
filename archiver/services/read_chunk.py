"""Reading by workers: one announced chunk from claim to commit.

Claims are counted before the work starts. A worker that is killed leaves claims that run out; each of its documents is then
announced alone, and one that outlives three workers is quarantined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from archiver.domain.document import Document, State
from archiver.domain.extraction import Extraction, Outcome
from archiver.errors import IntegrityError, LostClaimError, MinutierError, NotFoundError, UnreachableError
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.extraction import ExtractionPool
from archiver.ports.index import Index
from archiver.ports.jobs import Claim, Jobs, Kind
from archiver.ports.objects import ObjectStore
from archiver.services.commit import Commit
from archiver.services.extend_terms import ExtendTerms
from archiver.services.extract import Extract, Result
from archiver.services.index_chunk import DirectIndex, LaterIndex
from archiver.services.leases import Leases, take_on
from archiver.services.placement import Placement
from archiver.services.policies import policy_in_force, version_in_force
from archiver.services.retention_turn import Turn, no_turn
from archiver.services.texts import Texts

DEATHS = 3
"""Workers a document may end before it is given up."""
WAIT, LONG_WAIT = timedelta(seconds=5), timedelta(seconds=60)
"""Before a document is announced again that met a part out of reach, and one that was refused."""
HOPELESS = 2 * DEATHS
"""Deaths after which not even giving it up has worked: it is left as received, which `verify` and the report tell."""


@dataclass(frozen=True, slots=True)
class WorkParts:
    """What a worker works with. Everything is shared by its threads but the pool.

    Attributes:
        serves_index: False leaves indexing to other workers.
    """

    catalog: Catalog
    jobs: Jobs
    objects: ObjectStore
    index: Index
    clock: Clock
    placement: Placement
    texts: Texts
    identifier_key: bytes
    leases: Leases
    serves_index: bool = True
    turn: Turn = no_turn


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a chunk: documents committed (members too), originals by outcome, given up, and given back."""

    committed: int = 0
    outcomes: tuple[tuple[str, int], ...] = ()
    quarantined: int = 0
    postponed: int = 0
    indexed: int = 0
    deaths: int = 0


class ReadChunk:
    """Reads announced documents. Safe to run twice, late and out of order.

    Args:
        pool: children of the calling thread.
        stopping: asked between two steps; the rest is given back then.
    """

    def __init__(self, parts: WorkParts, pool: ExtractionPool, *, stopping: Callable[[], bool] = lambda: False) -> None:
        self._parts, self._pool, self._stopping = parts, pool, stopping

    def run(self, document_ids: Sequence[str]) -> Done:
        """Raises:
        UnreachableError: a part is out of reach; what was not done was given back.
        """
        parts = self._parts
        with parts.leases.owner() as owner:
            claims = take_on(parts.jobs, Kind.EXTRACT, document_ids, owner=owner, lease=parts.leases.lease)
            try:
                done = self._read(claims, owner)
            except IntegrityError:
                raise  # one of these documents may be the reason: like a death, it is told when the claims run out
            except (UnreachableError, LostClaimError):
                self._give_back(claims, owner, WAIT)
                raise
            except MinutierError:  # a part refuses, or is set up wrongly: no document's fault
                self._give_back(claims, owner, LONG_WAIT)
                raise
            if done.postponed:
                self._give_back(claims, owner, WAIT)
            return done

    def _follow_policy(self, judged_by: int) -> None:
        """A policy that came into force between judging and committing may have been carried out without these documents."""
        parts = self._parts
        if version_in_force(parts.catalog) != judged_by:
            ExtendTerms(parts.catalog, parts.objects, parts.clock, turn=parts.turn).run(policy_in_force(parts.catalog))

    def _read(self, claims: Sequence[Claim], owner: str) -> Done:
        parts = self._parts
        documents = parts.catalog.documents([claim.document_id for claim in claims])
        waiting = [(claim, documents[claim.document_id]) for claim in claims if claim.document_id in documents]
        settled: dict[str, int] = {one.id: one.sequence for _, one in waiting if one.state is not State.RECEIVED}
        if settled:  # committed before, by somebody whose claim nobody missed
            parts.jobs.finish(Kind.EXTRACT, settled)
        waiting = [(claim, document) for claim, document in waiting if document.state is State.RECEIVED]
        index = (DirectIndex if parts.serves_index else LaterIndex)(parts.index, parts.jobs, owner, parts.leases.lease)
        commit = Commit(parts.catalog, parts.objects, index, parts.clock, parts.placement, claimed_by=owner, turn=parts.turn)
        extract = Extract(
            parts.catalog,
            parts.objects,
            self._pool,
            parts.identifier_key,
            commit,
            reuse=lambda documents: parts.texts.of_same_bytes(parts.catalog, documents),
        )
        try:
            return self._work_off(waiting, commit, extract, index)
        finally:
            extract.abandon()

    def _work_off(self, waiting: Sequence[tuple[Claim, Document]], commit: Commit, extract: Extract, index: DirectIndex) -> Done:
        self._settle_lost([document for claim, document in waiting if claim.deaths > HOPELESS])
        hopeless = [document for claim, document in waiting if DEATHS <= claim.deaths <= HOPELESS]
        for document in hopeless:
            commit.add(_given_up(document))
        extract.offer([document for claim, document in waiting if claim.deaths < DEATHS], read_before=True)
        while extract.busy and not self._stopping():
            extract.pump(0.2)
        commit.flush()
        if commit.committed:
            self._follow_policy(commit.policy_version)
        # What is there and damaged keeps its claim: the next tries may get it whole, and after three it is given up.
        self._settle_lost([document for document in extract.lost if self._is_gone(document)])
        if extract.unreachable:
            raise UnreachableError(extract.unreachable)
        return Done(
            commit.committed,
            tuple(commit.outcomes.items()),
            len(hopeless),
            len(extract.postponed) + extract.busy,
            index.indexed,
            sum(claim.deaths > 0 for claim, _ in waiting),
        )

    def _give_back(self, claims: Sequence[Claim], owner: str, wait: timedelta) -> None:
        """What was done has no row any more; what was not is announced again later, with nothing held against it."""
        self._parts.jobs.release(Kind.EXTRACT, [claim.document_id for claim in claims], owner=owner, wait=wait)

    def _is_gone(self, document: Document) -> bool:
        key = (document.collection, document.retention_class, document.sha256)
        content = self._parts.catalog.contents([key]).get(key)
        try:
            return content is None or not self._parts.objects.head(content.ref)
        except NotFoundError:
            return True

    def _settle_lost(self, lost: Sequence[Document]) -> None:
        """No work can be done on them. They stay received, and `verify` tells."""
        if lost:
            self._parts.jobs.finish(Kind.EXTRACT, {document.id: document.sequence for document in lost})


def _given_up(document: Document) -> Result:
    reason = f"{DEATHS} workers ended while they read it; it is not tried again"
    extraction = Extraction(Outcome.CRASHED, "application/octet-stream", reason=reason)
    return Result(replace(document, state=State.QUARANTINED), extraction)
