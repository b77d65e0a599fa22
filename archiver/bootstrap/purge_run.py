"""A purge from its first chunk to its certificate, however it is started."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archiver.ports.retention_rows import Purge, PurgeState
from archiver.services.purge.destroy import Stray
from archiver.services.purge.run import UNFINISHED, Counts
from retention.plan import ItemState

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive
    from archiver.bootstrap.purging import Purging


@dataclass(frozen=True, slots=True)
class Wishes:
    """How it is to end.

    Attributes:
        rewrite: the catalogue's files are written anew, so that they lose what deleted rows left.
        accept_failures: it is certified although something could not be destroyed.
    """

    rewrite: bool = True
    accept_failures: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of it: done and certified, unless `failed` items stand in the way of that."""

    purge: Purge
    failed: int = 0

    @property
    def certified(self) -> bool:
        """Whether there is a certificate of what it is now."""
        return self.purge.state is PurgeState.DONE


def nothing_left(archive: Archive, purge: Purge) -> bool:
    """Whether it is done, with nothing in it that another run could still destroy."""
    return purge.state is PurgeState.DONE and not archive.catalog.class_counts(purge.id, states=UNFINISHED)


def run_whole(
    archive: Archive,
    purging: Purging,
    purge: Purge,
    wishes: Wishes,
    *,
    tick: Callable[[Counts], None],
    stray: Callable[[Stray], None],
    note: Callable[[str], None],
) -> Ended:
    """Destroy, look, certify. Stopped or killed, it is run again and goes on where it was. Of one purge one run at a time, which
    is for the caller to see to.

    Args:
        tick: told after each chunk; may raise to stop.
        stray: told of each version that this archive did not write and that went with a document.
        note: told of each step after the destruction, and of what stands in the way.

    Raises:
        RefusedError, NotPermittedError, IntegrityError, UnreachableError: as `RunPurge.run` and `FinishPurge.run`.
    """
    if nothing_left(archive, purge):
        return Ended(purge)
    with purging.spreading(stray, tick, note) as service:
        purge, _ = service.run(purge)
    failed = sum(one.documents for one in archive.catalog.class_counts(purge.id, states=(ItemState.FAILED,)))
    if failed and not wishes.accept_failures:
        return Ended(purge, failed)
    done, _ = purging.finishing(note, rewrite=wishes.rewrite).run(purge)
    return Ended(done, failed)
