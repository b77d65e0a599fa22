"""What the parent knows of one child: what it was given, what it is reading, and whether it may go on."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from archiver.adapters.extraction.child_process import ChildProcess
from archiver.adapters.extraction.frames import (
    Alive,
    Failed,
    FrameBuffer,
    Hello,
    Message,
    decode_message,
    encode_task,
    longest_message,
)
from archiver.domain.extraction import (
    Died,
    Event,
    ExtractionTask,
    Finished,
    Found,
    Limits,
    Locator,
    Outcome,
    Started,
    Unreachable,
)
from archiver.errors import IntegrityError

TASKS_AHEAD = 16
BYTES_AHEAD = 4 * 1024 * 1024
"""What may wait in a child beyond the two tasks that keep it busy."""
TASKS_OF_A_LIFE = 10_000
WHOLE_ORIGINAL = 20
"""Times `Limits.seconds` for an original with all its members."""
START_SECONDS = 120.0
_BYSTANDER = 3


@dataclass(slots=True, eq=False)
class Job:
    """A task on its way. `bystander`: how often its child ended before it was begun."""

    task: ExtractionTask
    bystander: int = 0


class ReadingChild:
    """One child and its jobs, in the order they were given, which is the order they are read in.

    Args:
        grace: seconds it may be silent beyond `limits.seconds`, to tell itself that its time is up.
    """

    def __init__(self, process: ChildProcess, limits: Limits, grace: float = 0.0) -> None:
        self.process, self._limits = process, limits
        self.ready, self.broken = False, ""
        self._silence = limits.seconds + grace
        self._frames = FrameBuffer(longest_message(limits))
        self._jobs: deque[Job] = deque()
        self._bytes = self._done = 0
        self._reading: list[Locator] = []
        self._cause = Outcome.CRASHED
        self._why = ""
        self._old = False
        self._heard_at = self._begun_at = time.monotonic()

    @property
    def condemned(self) -> bool:
        """Whether it is ended by us, for passing a limit."""
        return bool(self._why)

    def load(self) -> int:
        """Jobs it has."""
        return len(self._jobs)

    def has_room(self, job: Job) -> bool:
        """Whether `job` may wait in it: large originals wait in the parent, where any child can take them."""
        if self._old or self._done + len(self._jobs) >= TASKS_OF_A_LIFE:
            return False
        return len(self._jobs) < 2 or (len(self._jobs) < TASKS_AHEAD and self._bytes + job.task.size <= BYTES_AHEAD)

    def is_spent(self) -> bool:
        """Whether it has lived long enough and holds nothing."""
        return not self._jobs and (self._old or self._done >= TASKS_OF_A_LIFE)

    def give(self, job: Job) -> None:
        """Queue one job; `process.flush` sends it."""
        if not self._jobs:
            self._heard_at = time.monotonic()
        self._jobs.append(job)
        self._bytes += job.task.size
        self.process.send(encode_task(job.task))

    def hear(self, data: bytes) -> list[Event]:
        """Events in `data`, which may end in the middle of one. Sets `broken` when they make no sense."""
        self._heard_at = time.monotonic()
        self._frames.feed(data)
        events: list[Event] = []
        try:
            for payload in self._frames.payloads():
                events += self._understood(decode_message(payload))
        except IntegrityError as error:
            self.broken = str(error)
        return events

    def overstepped(self, now: float) -> bool:
        """Whether a limit is passed, noting which one for the verdict. Notes old age too."""
        silent = now - self._heard_at
        memory = self.process.anonymous_bytes()
        self._old = self._old or memory > self._limits.memory_bytes // 2
        if memory > self._limits.memory_bytes:
            return self._condemn(Outcome.TOO_LARGE, f"more than {self._limits.memory_bytes} bytes of memory")
        if not self.ready:
            return silent > START_SECONDS and self._condemn(Outcome.TIMEOUT, f"not ready after {START_SECONDS:g} s")
        if self._jobs and silent > self._silence:
            return self._condemn(Outcome.TIMEOUT, f"no progress for {self._limits.seconds:g} s")
        whole = WHOLE_ORIGINAL * self._limits.seconds
        if self._reading and now - self._begun_at > whole:
            return self._condemn(Outcome.TIMEOUT, f"not read through after {whole:g} s")
        return False

    def verdict(self, ending: str) -> tuple[Died | None, Sequence[Job]]:
        """After its end: who is to blame, if anybody, and which jobs others shall take."""
        if not self._jobs:
            return None, ()
        why = self._why or self.broken
        detail = f"{why} (the reading process {ending})" if why else f"the reading process {ending}"
        first = self._jobs[0]
        if self._reading:
            return self._died(first, self._reading[-1], detail)
        if self.ready:
            first.bystander += 1
        if first.bystander < _BYSTANDER and not (self.ready and self.condemned):
            return None, tuple(self._jobs)
        return self._died(first, (), detail)

    def _died(self, job: Job, locator: Locator, detail: str) -> tuple[Died, Sequence[Job]]:
        self._jobs.popleft()
        return Died(job.task.document_id, locator, self._cause, detail), tuple(self._jobs)

    def _condemn(self, cause: Outcome, why: str) -> bool:
        self._cause, self._why = cause, why
        return True

    def _understood(self, message: Message) -> list[Event]:
        if isinstance(message, Hello):
            self.ready = True
            return []
        if isinstance(message, Alive):
            return []
        if not self._jobs or message.document_id != self._jobs[0].task.document_id:
            raise IntegrityError("a message about a document that is not being read")
        match message:
            case Started(_, locator):
                self._begin(locator)
            case Found(_, locator):
                self._end(locator)
            case Finished() | Unreachable():
                self._finish()
            case Failed(document_id, cause, detail):
                locator = self._reading[-1] if self._reading else ()
                self._finish()
                return [Died(document_id, locator, cause, detail)]
            case Died():
                raise IntegrityError("a child can't report its own death")
        return [message]

    def _begin(self, locator: Locator) -> None:
        if not self._reading:
            self._begun_at = time.monotonic()
        self._reading.append(locator)

    def _end(self, locator: Locator) -> None:
        """What is read is no longer under suspicion; its container is again."""
        if self._reading and self._reading[-1] == locator and locator:
            self._reading.pop()

    def _finish(self) -> None:
        job = self._jobs.popleft()
        self._bytes -= job.task.size
        self._done += 1
        self._reading.clear()
