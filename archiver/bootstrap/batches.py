"""How an import stands, as far as it can be told from here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archiver.domain.batch import Batch, BatchState

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive


def batch_standing(archive: Archive, batch: Batch) -> str:
    """`finished`, `running`, or `stopped`: nobody is at it now, whatever its row says."""
    if batch.state is BatchState.FINISHED:
        return batch.state.value
    running = batch.state is BatchState.RUNNING and archive.importing(batch.id)
    return "running" if running else "stopped"
