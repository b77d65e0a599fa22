"""Purges of an open archive: their services, put together from its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

from archiver.bootstrap.leftovers import leftovers, remove
from archiver.domain.identity import archive_identity
from archiver.errors import UnreachableError
from archiver.ports.jobs import Kind
from archiver.services.index_documents import catch_up
from archiver.services.leases import Leases
from archiver.services.newest_history import require_newest
from archiver.services.policies import policy_in_force
from archiver.services.policy_now import PolicyNow
from archiver.services.purge.approval import ApprovePurge
from archiver.services.purge.certificate import CertifyPurge
from archiver.services.purge.chunk import PurgeChunk
from archiver.services.purge.destroy import Destroy, Stray
from archiver.services.purge.files import PurgeFiles
from archiver.services.purge.finish import FinishPurge
from archiver.services.purge.plan import PlanPurge, Progress
from archiver.services.purge.probe import Probe, ProbePurge
from archiver.services.purge.run import Counts, RunPurge
from archiver.services.purge.spread import SpreadPurge

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive

BEYOND = (
    "copies outside this archive: backups, exports, snapshots of disks or volumes, what was downloaded or printed",
    "blocks of a disk that a file system has freed and not yet overwritten",
    "what imports were told, which is kept with their batches and lines: folders, single files, lists and metadata, "
    "reasons given with --again, and lines that were refused afterwards",
    "ids and digests of the destroyed documents, which are kept in tombstones, in the plan and in the ledger's erasable payloads",
)
"""What no program of an archive can reach; a certificate says so."""

PLANNING = "purge plan"
"""The lock of the catalogue under which plans are made: what one that was cut off left is removed by the next one."""


class Purging:
    """The services of one archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.files = PurgeFiles(archive.objects)

    @property
    def archive_id(self) -> str:
        """What certificates call this archive."""
        return self._archive.archive_id or archive_identity(self._archive.keys.identifier_key())

    def planning(self, tick: Callable[[Progress], None]) -> PlanPurge:
        """Makes plans under the policy in force."""
        newest = self._archive.catalog.newest_policy()
        digest = bytes.fromhex(newest.sha256) if newest else bytes(32)
        policy = policy_in_force(self._archive.catalog)
        return PlanPurge(self._archive.catalog, self.files, policy, digest, self.archive_id, tick)

    def approving(self) -> ApprovePurge:
        """Approves plans, after a head that says what had happened until then."""
        archive = self._archive
        archive.ledger.sequence()
        archive.ledger.seal()
        policy = policy_in_force(archive.catalog)
        return ApprovePurge(archive.catalog, archive.ledger_rows, self.files, policy, archive.timestamps)

    def destroying(self, stray: Callable[[Stray], None]) -> Destroy:
        """Destroys items of a running purge."""
        archive = self._archive
        policy = PolicyNow(archive.catalog)  # not one that is trusted for a while: within the turn nothing else may be in force
        return Destroy(archive.catalog, archive.objects, policy, archive.clock, self._unindex(), self._turn(), stray)

    def running(self, stray: Callable[[Stray], None], tick: Callable[[Counts], None]) -> RunPurge:
        """Runs purges.

        Raises:
            IntegrityError: the catalogue is older than the object store.
        """
        archive = self._archive
        require_newest(archive.ledger_rows, archive.objects)
        return RunPurge(archive.catalog, self.destroying(stray), archive.clock, tick)

    @contextmanager
    def spreading(
        self, stray: Callable[[Stray], None], tick: Callable[[Counts], None], note: Callable[[str], None]
    ) -> Iterator[RunPurge | SpreadPurge]:
        """Runs purges, together with workers where there is a broker. `note`: told once when the broker is out of reach."""
        archive = self._archive
        here = self.running(stray, tick)
        if not archive.settings.broker_url:
            yield here
            return
        leases = Leases(archive.jobs, lease=timedelta(seconds=archive.settings.lease_seconds))
        try:
            chunk = PurgeChunk(archive.catalog, archive.jobs, here.destroy, here.conditions, leases)
            yield SpreadPurge(here, archive.jobs, chunk, self._announce(note), tick)
        finally:
            leases.close()

    def _announce(self, note: Callable[[str], None]) -> Callable[[], object]:
        """Workers are told as long as the broker answers; without it this process goes on alone."""
        archive, told = self._archive, False

        def announce() -> None:
            nonlocal told
            try:
                archive.announcer.announce(Kind.PURGE)
                told = False
            except UnreachableError as error:
                if not told:
                    note(f"workers are not told of it: {error}")
                told = True

        return announce

    def finishing(self, step: Callable[[str], None], *, rewrite: bool) -> FinishPurge:
        """Ends purges."""
        archive = self._archive
        scratch = archive.home / "scratch"
        scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        program = f"minutier {version('minutier')}"
        stores = (archive.catalog, archive.objects)
        return FinishPurge(
            catalog=archive.catalog,
            scrubbing=archive.catalog,
            index=archive.index,
            texts=archive.texts,
            ledger=archive.ledger,
            files=self.files,
            certify=CertifyPurge(*stores, archive.ledger_rows, archive.keys, program, archive.timestamps),
            probe=ProbePurge(*stores, archive.index, archive.ledger_rows),
            clock=archive.clock,
            catch_up=self._catch_up,
            scratch=scratch,
            beyond=BEYOND,
            leftovers=self._leftovers,
            rewrite=rewrite,
            step=step,
        )

    def _turn(self) -> Callable[[], AbstractContextManager[None]]:
        return self._archive.retention_turn

    def _unindex(self) -> Callable[[Mapping[str, int]], None]:
        """Where workers index, entries leave the index at once; else at the end, with everything the index has not seen yet."""
        archive = self._archive
        if not archive.settings.broker_url:
            return lambda _: None

        def remove_now(sequences: Mapping[str, int]) -> None:
            archive.index.remove(list(sequences), version=max(sequences.values(), default=0))
            archive.jobs.finish(Kind.INDEX, sequences)

        return remove_now

    def _catch_up(self) -> None:
        if not self._archive.settings.broker_url:
            catch_up(self._archive.catalog, self._archive.index, self._archive.texts)

    def _leftovers(self, probe: Probe) -> None:
        found = leftovers(self._archive.home)
        still = remove(found)
        how = f"{len(found)} found on this host beside the stores, {len(found) - len(still)} of them removed"
        ours = [one for one in still if one.ours]
        probe.note("temporary files", how, f"{len(ours)} remain that are nobody's", sound=not ours)
        probe.not_covered += sorted({one.what for one in still if not one.ours})
