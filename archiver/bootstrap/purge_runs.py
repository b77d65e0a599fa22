"""Purges that a serving process runs beside its answers: one at a time, stopped cleanly with it, and told of meanwhile."""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.bootstrap.purge_run import Ended, Wishes, nothing_left, run_whole
from archiver.bootstrap.purging import Purging
from archiver.bootstrap.writing import opened_for_writing
from archiver.errors import InterruptedRunError, LockedError, MinutierError
from archiver.ports.retention_rows import Purge
from archiver.services.purge.conditions import PurgeConditions
from retention.errors import RetentionError

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive
    from archiver.services.purge.destroy import Stray

_log = logging.getLogger("minutier.purges")


class RunState(StrEnum):
    """`ended`: with a certificate; `incomplete`: something could not be destroyed; `stopped` and `failed` may be run again."""

    RUNNING = "running"
    ENDED = "ended"
    INCOMPLETE = "incomplete"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Run:
    """A run of this process.

    Attributes:
        step: what it is doing, in a few words.
        code, problem: why it failed: the error's stable code, and a sentence.
    """

    purge_id: str
    state: RunState = RunState.RUNNING
    step: str = "destroying"
    code: str = ""
    problem: str = ""


class PurgeRuns:
    """Safe from several threads.

    Args:
        home: the archive's folder; each run opens the archive anew, and holds its write lock to the end.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._change = threading.Lock()
        self._stop = threading.Event()
        self._runs: dict[str, Run] = {}
        self._thread: threading.Thread | None = None

    def start(self, purge_id: str, wishes: Wishes) -> Run:
        """Begin to run an approved purge, or go on with it. Whatever can be refused at once is refused here.

        Raises:
            NotFoundError: there is no such purge.
            LockedError: one is being run by this process or another, or somebody else writes; nothing was begun.
            RefusedError, NotPermittedError: see `PurgeConditions.require`.
        """
        with self._change:
            if self._stop.is_set() or (self._thread is not None and self._thread.is_alive()):
                raise LockedError("this server is running a purge already", remedy="wait until it has ended")
            with ExitStack() as opening:
                archive = opening.enter_context(opened_for_writing(self._home))
                opening.enter_context(archive.catalog.exclusive(f"purge {purge_id}"))
                purge = archive.catalog.purge(purge_id)
                if nothing_left(archive, purge):
                    return Run(purge_id, RunState.ENDED, "")
                PurgeConditions(archive.catalog, archive.clock).require(purge)
                held = opening.pop_all()
            self._runs[purge_id] = Run(purge_id)
            self._thread = threading.Thread(target=self._run, args=(held, archive, purge, wishes), name=f"purge {purge_id}")
            self._thread.start()
            return self._runs[purge_id]

    def of(self, purge_id: str) -> Run | None:
        """The last run of this purge by this process; None for none."""
        return self._runs.get(purge_id)

    def close(self) -> None:
        """Stop at the end of the chunk in hand, and wait for that. Safe to repeat."""
        with self._change:
            self._stop.set()
            thread = self._thread
        if thread is not None:
            thread.join()

    # -- in the thread ------------------------------------------------------------------------------------------
    def _run(self, held: ExitStack, archive: Archive, purge: Purge, wishes: Wishes) -> None:
        before = self._runs[purge.id]
        try:
            with held:
                ended = run_whole(
                    archive,
                    Purging(archive),
                    purge,
                    wishes,
                    tick=lambda _: self._go_on(),
                    stray=_stray,
                    note=lambda words: self._step(purge, words),
                )
            after = _told(before, ended)
        except InterruptedRunError:
            after = replace(before, state=RunState.STOPPED, step="")
        except (MinutierError, RetentionError) as error:
            _log.error("purge %s could not go on: %s", purge.id, error)
            after = replace(before, state=RunState.FAILED, step="", code=error.code, problem=str(error))
        except BaseException:
            _log.exception("purge %s failed", purge.id)
            self._runs[purge.id] = replace(before, state=RunState.FAILED, step="", code="error", problem="see the server's log")
            raise
        self._runs[purge.id] = after

    def _go_on(self) -> None:
        """Unless the server ends."""
        if self._stop.is_set():
            raise InterruptedRunError("the server ends", remedy="run the purge again, which goes on where it was")

    def _step(self, purge: Purge, words: str) -> None:
        self._go_on()
        self._runs[purge.id] = replace(self._runs[purge.id], step=words)


def _told(run: Run, ended: Ended) -> Run:
    if ended.certified and not ended.failed:
        return replace(run, state=RunState.ENDED, step="")
    return replace(run, state=RunState.INCOMPLETE, step="", problem=f"{ended.failed:,} items could not be destroyed")


def _stray(found: Stray) -> None:
    _log.warning("not written by this archive, and removed with document %s: %s", found.document_id, found.place)
