"""Running a purge from the command line: how it goes, stopping it cleanly, and what came of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from archiver.cli.context import Context, counted
from archiver.cli.purge_answers import answer
from archiver.cli.run_import import Stop
from archiver.domain.display import safe
from archiver.errors import InterruptedRunError

if TYPE_CHECKING:
    from archiver.bootstrap import Archive
    from archiver.bootstrap.purge_run import Ended
    from archiver.bootstrap.purging import Purging
    from archiver.ports.retention_rows import Purge
    from archiver.services.purge.destroy import Stray
    from archiver.services.purge.run import Counts

_EVERY = 2.0
FAILED = 3


def run_purge(context: Context, archive: Archive, purging: Purging, purge: Purge, rewrite: bool, accept_failures: bool) -> None:
    """Destroy, look, certify.

    Raises:
        InterruptedRunError: it was asked to stop; what is in hand was finished.
        SystemExit: with 3 when something could not be destroyed.
    """
    from archiver.bootstrap.purge_run import Wishes, run_whole

    def stray(found: Stray) -> None:
        context.note(safe(f"not written by this archive, and removed with document {found.document_id}: {found.place}"))

    with Stop() as stop:
        ticks = _Ticks(context, purge.id, stop)
        wishes = Wishes(rewrite, accept_failures)
        ended = run_whole(archive, purging, purge, wishes, tick=ticks.tick, stray=stray, note=ticks.step)
    _answer(context, archive, ended, accept_failures)
    if ended.failed:
        sys.exit(FAILED)


class _Ticks:
    """After each chunk and each step: whether to stop, and how far it is."""

    def __init__(self, context: Context, purge_id: str, stop: Callable[[], bool]) -> None:
        self._context, self._purge_id, self._stop, self._last = context, purge_id, stop, 0.0

    def tick(self, counts: Counts) -> None:
        """Raises InterruptedRunError: it is to stop."""
        self._look()
        if time.monotonic() - self._last >= _EVERY:
            self._last = time.monotonic()
            self._context.note(_so_far(counts))

    def step(self, words: str) -> None:
        """Raises InterruptedRunError: it is to stop."""
        self._look()
        self._context.note(words)

    def _look(self) -> None:
        if self._stop():
            raise InterruptedRunError(
                f"purge {self._purge_id} is stopped", remedy=f"`minutier purge run {self._purge_id}` goes on"
            )


def _answer(context: Context, archive: Archive, ended: Ended, accept_failures: bool) -> None:
    done = ended.purge
    answer(context, archive, done)
    if ended.failed and not accept_failures:
        context.note(
            f"{counted(ended.failed, 'item')} could not be destroyed: `minutier purge show {done.id} --items` says why; run it "
            "again, or certify it as it is with --accept-failures"
        )
        return
    context.note(safe(f"Its certificate: minutier purge certificate {done.id} --out FILE --pdf FILE"))


def _so_far(counts: Counts) -> str:
    from retention.plan import ItemState

    executed, withheld = counts.by_state[ItemState.EXECUTED], counts.by_state[ItemState.WITHHELD]
    done = f"destroyed {executed:,}, withheld {withheld:,}, {counts.bytes:,} bytes"
    return (
        done
        if counts.left is None
        else f"{done} by this process; left for it and the workers: {counted(counts.left, 'original')}"
    )
