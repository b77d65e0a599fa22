"""Running a purge from the command line: how it goes, stopping it cleanly, and what came of it."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from archiver.cli.context import Context, counted
from archiver.cli.purge_answers import answer
from archiver.cli.run_import import Stop
from archiver.domain.display import safe
from archiver.errors import InterruptedRunError

if TYPE_CHECKING:
    from archiver.bootstrap import Archive
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
    from archiver.ports.retention_rows import PurgeState
    from archiver.services.purge.run import UNFINISHED
    from retention.plan import ItemState

    if purge.state is PurgeState.DONE and not archive.catalog.class_counts(purge.id, states=UNFINISHED):
        _answer_done(context, archive, purge)
        return
    last = 0.0
    with Stop() as stop:

        def tick(counts: Counts) -> None:
            nonlocal last
            if stop():
                raise InterruptedRunError(f"purge {purge.id} is stopped", remedy=f"`minutier purge run {purge.id}` goes on")
            if time.monotonic() - last >= _EVERY:
                last = time.monotonic()
                context.note(_so_far(counts))

        def stray(found: Stray) -> None:
            context.note(safe(f"not written by this archive, and removed with document {found.document_id}: {found.place}"))

        with purging.spreading(stray, tick, context.note) as service:
            purge, _ = service.run(purge)
    failed = sum(one.documents for one in archive.catalog.class_counts(purge.id, states=(ItemState.FAILED,)))
    if failed and not accept_failures:
        answer(context, archive, purge)
        context.note(
            f"{counted(failed, 'item')} could not be destroyed: `minutier purge show {purge.id} --items` says why; run it again, "
            "or certify it as it is with --accept-failures"
        )
        sys.exit(FAILED)
    done, _ = purging.finishing(context.note, rewrite=rewrite).run(purge)
    _answer_done(context, archive, done)
    if failed:
        sys.exit(FAILED)


def _answer_done(context: Context, archive: Archive, done: Purge) -> None:
    answer(context, archive, done)
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
