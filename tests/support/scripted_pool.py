"""A pool whose children are a script: what each document's reading says, by file name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from archiver.domain.extraction import Died, Event, Extraction, ExtractionTask, Finished, Found, Locator, Outcome, Started, Step
from tests.support.documents import extraction

Script = Callable[[ExtractionTask], Iterator[Event]]


class ScriptedPool:
    """`ports.extraction.ExtractionPool`; answers at the next `poll`, one task at a time, and remembers what it was given."""

    def __init__(self, **scripts: Script) -> None:
        self.scripts = scripts
        self.tasks: list[ExtractionTask] = []
        self._waiting: list[ExtractionTask] = []
        self.extra: list[Event] = []

    def submit(self, chunk: Sequence[ExtractionTask]) -> None:
        self.tasks += chunk
        self._waiting += chunk

    def poll(self, seconds: float) -> list[Event]:
        events, self.extra = self.extra, []
        if self._waiting:
            task = self._waiting.pop(0)
            script = self.scripts.get(task.name.partition(".")[0], read)
            events += list(script(task))
        return events

    def pending(self) -> int:
        return len(self._waiting)

    def close(self) -> None:
        self._waiting.clear()


def read(task: ExtractionTask) -> Iterator[Event]:
    """The bytes are text."""
    yield Started(task.document_id, ())
    yield found(task, extraction(task.path.read_text("utf-8", "replace")))
    yield Finished(task.document_id)


def found(task: ExtractionTask, what: Extraction, locator: Locator = (), expected: int = 0, failed: int = 0) -> Found:
    return Found(task.document_id, locator, task.size, "c" * 64 if locator else "", "", what, expected, failed)


def box(*names: str) -> Script:
    """A zip of members; those that are poison are left out and say so."""

    def script(task: ExtractionTask) -> Iterator[Event]:
        for index, name in enumerate(names):
            locator = (Step("zip", index, name),)
            lost = locator in task.poison
            yield found(task, extraction(name, outcome=Outcome.CRASHED, reason="left out") if lost else extraction(name), locator)
        yield found(task, extraction(""), expected=len(names))
        yield Finished(task.document_id)

    return script


def dies(cause: Outcome = Outcome.CRASHED, locator: Locator = (), times: int = 10**9, then: Script = read) -> Script:
    """Ends its child so often, unless the member that does it is left out; then reads."""
    left = times

    def script(task: ExtractionTask) -> Iterator[Event]:
        nonlocal left
        left -= 1
        if left < 0 or (locator and locator in task.poison):
            yield from then(task)
        else:
            yield Died(task.document_id, locator, cause, f"died ({cause})")

    return script
