"""A bounded set of killable children that read documents.

Tasks wait here and go to the children a few at a time, so that a child that hangs holds up only those few; what a dead
child had not begun goes back to the head of the queue and is not held against it.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from archiver.adapters.extraction.child_process import ChildProcess
from archiver.adapters.extraction.frames import Setup, encode_setup
from archiver.adapters.extraction.reading_child import Job, ReadingChild
from archiver.domain.extraction import Died, Event, ExtractionTask, Finished, Limits, Unreachable
from archiver.errors import UnreachableError

PATIENCE = 60.0
CHILD_COMMAND = (sys.executable, "-P", "-m", "archiver.adapters.extraction.child")

_WATCH_SECONDS = 0.1
_GRACE_SECONDS = 0.25
_FAILED_STARTS = 3
_SERVER_GRACE = 15.0
"""Seconds for a child to find out whether its document took too long, or the server that reads it hangs."""
_SCRATCH = "minutier-child"


class ChildPool:
    """ExtractionPool over processes. Made and used by one thread, which must outlive it: children die with that thread.

    Args:
        size: children at most; started when there is work for them, or by `warm`.
        limits: what one original may spend. `seconds` is without a sign of progress; the whole original gets 20 times that.
        child_command: program and arguments; the parent's process id is added.
        scratch: folder for temporary files; by default the system's. Those of runs that were killed are removed.
        tika_url: a Tika server that the children ask; "" for the Tika compiled in.
        tika_patience: seconds it may be away before tasks that need it come back as `Unreachable`. Its process is back about
            7 after a document ended it.
    """

    def __init__(
        self,
        size: int,
        limits: Limits,
        child_command: Sequence[str] = CHILD_COMMAND,
        *,
        scratch: Path | None = None,
        tika_url: str = "",
        tika_patience: float = PATIENCE,
    ) -> None:
        self._size, self._limits = max(1, size), limits
        self._command = (*child_command, str(os.getpid()))
        self._scratch = (scratch or Path(tempfile.gettempdir())).absolute()
        self._setup = Setup(limits, tika_url, tika_patience, os.fsencode(self._scratch))
        self._selector = selectors.DefaultSelector()
        self._children: list[ReadingChild] = []
        self._waiting: deque[Job] = deque()
        self._events: list[Event] = []
        self._pending = self._started = self._failed_starts = 0
        self._watched_at = 0.0
        _remove_leftovers(self._scratch)

    def submit(self, chunk: Sequence[ExtractionTask]) -> None:
        """See the port."""
        self._waiting.extend(Job(task) for task in chunk)
        self._pending += len(chunk)
        self._hand_out()

    def poll(self, seconds: float) -> list[Event]:
        """See the port. Returns at once when nothing is pending.

        Raises:
            UnreachableError: children can't be started, or end before they are ready.
        """
        until = time.monotonic() + seconds
        while self._pending and not self._events:
            left = until - time.monotonic()
            self._turn(max(0.0, min(left, _WATCH_SECONDS)))
            if left <= 0:
                break
        else:
            self._turn(0.0)
        events, self._events = self._events, []
        self._pending -= sum(isinstance(event, Finished | Died | Unreachable) for event in events)
        return events

    def pending(self) -> int:
        """See the port."""
        return self._pending

    def warm(self) -> None:
        """Start all children now: they import while the caller does something else."""
        while len(self._children) < self._size:
            self._start()

    def close(self) -> None:
        """See the port."""
        for child in list(self._children):
            self._remove(child)
        self._selector.close()
        self._waiting.clear()
        self._pending = 0

    def _turn(self, seconds: float) -> None:
        """Hand out, listen once to each child that has something to say, and watch limits."""
        self._hand_out()
        for key, mask in self._selector.select(seconds):
            child: ReadingChild = key.data
            if child not in self._children:
                continue
            if key.fd == child.process.errors:
                self._hear_errors(child)
            elif mask & selectors.EVENT_WRITE:
                self._send(child)
            else:
                self._listen(child)
        self._watch()
        self._hand_out()

    def _hand_out(self) -> None:
        fed = {}
        while self._waiting and (child := self._next_child(self._waiting[0])) is not None:
            child.give(self._waiting.popleft())
            fed[id(child)] = child
        for child in fed.values():
            self._send(child)

    def _next_child(self, job: Job) -> ReadingChild | None:
        """The least busy child with room; a new one when all have something to do and there may be more."""
        child = min((child for child in self._children if child.has_room(job)), key=ReadingChild.load, default=None)
        if (child is None or child.load()) and len(self._children) < self._size:
            return self._start()
        return child

    def _start(self) -> ReadingChild:
        self._started += 1
        folder = self._scratch / f"{_SCRATCH}-{os.getpid()}-{self._started}-{os.urandom(4).hex()}"
        grace = _SERVER_GRACE if self._setup.tika_url else 0.0
        child = ReadingChild(ChildProcess(self._command, folder), self._limits, grace)
        child.process.send(encode_setup(self._setup))
        self._children.append(child)
        for descriptor in (child.process.output, child.process.errors):
            self._selector.register(descriptor, selectors.EVENT_READ, child)
        self._send(child)
        return child

    def _send(self, child: ReadingChild) -> None:
        child.process.flush()
        registered = child.process.input in self._selector.get_map()
        if child.process.unsent and not registered:
            self._selector.register(child.process.input, selectors.EVENT_WRITE, child)
        elif registered and not child.process.unsent:
            self._selector.unregister(child.process.input)

    def _hear_errors(self, child: ReadingChild) -> None:
        if not child.process.read_errors():
            self._selector.unregister(child.process.errors)

    def _listen(self, child: ReadingChild) -> None:
        data = child.process.read()
        if data is None:
            return
        self._events += child.hear(data)
        if child.ready:
            self._failed_starts = 0
        if not data or child.broken:
            self._bury(child)
        elif child.is_spent():
            self._remove(child)

    def _watch(self) -> None:
        """End children that are past a limit; those spent with old age go when idle."""
        now = time.monotonic()
        if now - self._watched_at < _WATCH_SECONDS:
            return
        self._watched_at = now
        for child in list(self._children):
            if child.overstepped(now):
                child.process.kill()
                self._drain(child)
                self._bury(child)
            elif child.is_spent():
                self._remove(child)

    def _drain(self, child: ReadingChild) -> None:
        """What a killed child had said before still counts."""
        while data := child.process.read():
            self._events += child.hear(data)

    def _bury(self, child: ReadingChild) -> None:
        """Report what the child was reading, give the rest to others."""
        ending = self._remove(child, _GRACE_SECONDS if not child.condemned else 0.0)
        if not child.ready:
            self._failed_starts += 1
        died, rest = child.verdict(ending)
        if died is not None:
            self._events.append(died)
        self._waiting.extendleft(reversed(rest))
        if self._failed_starts >= _FAILED_STARTS:
            self._failed_starts = 0
            raise UnreachableError(f"extraction children end before they are ready: {ending}", remedy="run `minutier doctor`")

    def _remove(self, child: ReadingChild, grace: float = 0.0) -> str:
        self._children.remove(child)
        for descriptor in (child.process.output, child.process.errors, child.process.input):
            with contextlib.suppress(KeyError):
                self._selector.unregister(descriptor)
        return child.process.end(grace)


def left_behind(folder: Path) -> list[Path]:
    """Scratch folders whose process is gone: it was killed together with its children."""
    found = [(left, left.name.removeprefix(f"{_SCRATCH}-").split("-")[0]) for left in sorted(folder.glob(f"{_SCRATCH}-*"))]
    return [left for left, owner in found if owner.isdigit() and not _is_alive(int(owner))]


def _remove_leftovers(folder: Path) -> None:
    for left in left_behind(folder):
        shutil.rmtree(left, ignore_errors=True)


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
