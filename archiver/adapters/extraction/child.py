"""The program of a child: reads tasks from stdin, answers with events, and may be killed at any moment.

    python -m archiver.adapters.extraction.child [--engine MODULE:CALLABLE] PARENT_PID

The engine is called as `engine(task, limits)` and yields events; a module's `warm()`, where there is one, is called first.
Where the parent names a Tika server, the engine also gets `by_tika`, which asks it.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import importlib
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType

from archiver.adapters.extraction.frames import (
    Alive,
    Failed,
    FrameBuffer,
    Hello,
    Setup,
    decode_setup,
    decode_task,
    encode_message,
)
from archiver.adapters.extraction.source import EndedError
from archiver.domain.extraction import Event, ExtractionTask, Found, Limits, Outcome, Started, Unreachable
from archiver.errors import UnreachableError

Engine = Callable[..., Iterator[Event]]

DEFAULT_ENGINE = "archiver.adapters.extraction.engine:run"
LONGEST_TASK = 64 * 1024 * 1024
"""Bytes: a task with very many members to leave out, and all the passwords."""

_PR_SET_PDEATHSIG = 1
_READ = 64 * 1024
_HELD_BACK = 256 * 1024
_BEYOND_LIMIT = 512 * 1024 * 1024
"""Bytes the system allows beyond the limit that the parent watches: for a leap too quick for watching."""


class Answers:
    """Frames to the parent, gathered so that most documents cost one write.

    What tells a killed child's guilt is never held back: that reading starts, and that a member is done.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._held = bytearray()

    def send(self, event: Event) -> None:
        """Queue, and write when it matters."""
        self._held += encode_message(event)
        member = isinstance(event, Found) and bool(event.locator)
        if member or isinstance(event, Started) or len(self._held) > _HELD_BACK:
            self.flush()

    def say(self, message: Hello | Alive | Failed | Unreachable) -> None:
        """Write at once."""
        self._held += encode_message(message)
        self.flush()

    def flush(self) -> None:
        """Write all."""
        held, self._held = self._held, bytearray()
        rest = memoryview(held)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]


def main(arguments: list[str] | None = None) -> int:
    """Serve until stdin ends."""
    options = _options(arguments)
    _die_with(options.parent)
    tasks, answers = _protected_pipes()
    payloads = _payloads(tasks, answers)
    setup = decode_setup(next(payloads))
    limits = setup.limits
    _limit_memory(limits)
    module, engine = _engine(options.engine)
    if setup.tika_url:
        engine = _asking_the_server(engine, setup, answers)
    getattr(module, "warm", lambda: None)()
    answers.say(Hello())
    for payload in payloads:
        if not _serve(decode_task(payload), limits, engine, answers):
            break
    answers.flush()
    return 0


def _serve(task: ExtractionTask, limits: Limits, engine: Engine, answers: Answers) -> bool:
    """Read one document; False when this process is not fit for another.

    That it starts is said here, before any code that could die of it; an engine that says so too is not repeated.
    """
    started = Started(task.document_id, ())
    try:
        answers.send(started)
        for event in engine(task, limits):
            if event != started:
                answers.send(event)
    except BrokenPipeError:
        return False
    except UnreachableError as error:
        answers.say(Unreachable(task.document_id, str(error)))
    except EndedError as error:
        answers.say(Failed(task.document_id, error.cause, error.detail))
    except MemoryError as error:
        answers.say(Failed(task.document_id, Outcome.TOO_LARGE, f"out of memory: {error}"[:400]))
        return False
    except Exception:  # noqa: BLE001  # the edge of the child: whatever a library raises is this document's outcome
        answers.say(Failed(task.document_id, Outcome.CRASHED, _last_frames()))
    return True


def _last_frames() -> str:
    return traceback.format_exc(limit=-3)[-800:]


def _payloads(descriptor: int, answers: Answers) -> Iterator[bytes]:
    """Payloads from the parent; everything said is written before waiting for more."""
    frames = FrameBuffer(LONGEST_TASK)
    while True:
        yield from frames.payloads()
        answers.flush()
        data = os.read(descriptor, _READ)
        if not data:
            return
        frames.feed(data)


def _protected_pipes() -> tuple[int, Answers]:
    """Take the two pipes for ourselves: native libraries print, and some read. Their stdout is stderr from here."""
    tasks, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return tasks, Answers(answers)


def _die_with(parent: int) -> None:
    """Have the system kill this process when its parent is gone, however that ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def _limit_memory(limits: Limits) -> None:
    """A second fence behind the parent's watch. Not on addresses: a native Tika reserves tens of gigabytes of them."""
    allowed = limits.memory_bytes + _BEYOND_LIMIT
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, allowed))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _engine(name: str) -> tuple[ModuleType, Engine]:
    module_name, _, attribute = name.partition(":")
    module = importlib.import_module(module_name)
    engine: Engine = getattr(module, attribute)
    return module, engine


def _asking_the_server(engine: Engine, setup: Setup, answers: Answers) -> Engine:
    """The engine with the Tika server's lane in place of the Tika compiled in."""
    from archiver.adapters.extraction.tika_server import tika_server

    server = tika_server(setup, lambda: answers.say(Alive()))
    return partial(engine, by_tika=server.read)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="archiver.adapters.extraction.child", description="Reads documents for a parent process."
    )
    parser.add_argument("--engine", default=DEFAULT_ENGINE, help="module:callable that reads one document")
    parser.add_argument("parent", type=int, help="process id of the parent")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
