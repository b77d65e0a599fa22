"""An engine for children that misbehaves on demand: the task's name says how. `slow_start` and others are engines too."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable, Iterator

from archiver.adapters.extraction.frames import encode_message
from archiver.adapters.extraction.source import EndedError
from archiver.domain.extraction import Event, Extraction, ExtractionTask, Finished, Found, Limits, Outcome, Started, Step
from archiver.errors import UnreachableError

MEMBER = (Step("zip", 0, "first\udce9.txt"),)
SECOND = (Step("zip", 1, "second.txt"),)


def run(task: ExtractionTask, limits: Limits) -> Iterator[Event]:
    """Does what `task.name` says, as `word` or `word:argument`; reads well when it says nothing special."""
    word, _, argument = task.name.partition(":")
    if word == "before":
        _FAULTS[argument](task)
    yield Started(task.document_id, ())
    if word == "members":
        yield from _members(task, argument)
    elif word == "large":
        yield found(task, "é" * int(argument))
        yield Finished(task.document_id)
        return
    elif word in _FAULTS:
        _FAULTS[word](task)
    elif word == "stranger":
        yield Started("somebody else", ())
    yield found(task, f"read {task.name}".encode("utf-8", "replace").decode())
    yield Finished(task.document_id)


def found(task: ExtractionTask, text: str, locator: tuple[Step, ...] = ()) -> Found:
    return Found(task.document_id, locator, len(text), "0" * 64, "", Extraction(Outcome.COMPLETE, "text/plain", text=text))


def _members(task: ExtractionTask, argument: str) -> Iterator[Event]:
    """`inside`: dies in the second member; `between`: after it; `slow`: each takes a while."""
    for locator in (MEMBER, SECOND):
        if locator in task.poison:
            continue
        yield Started(task.document_id, locator)
        if argument == "slow":
            time.sleep(0.4)
        if argument == "inside" and locator == SECOND:
            _segfault(task)
        yield found(task, "member", locator)
    if argument == "between":
        _segfault(task)


def _hang(_: ExtractionTask) -> None:
    while True:
        time.sleep(60)


def _segfault(_: ExtractionTask) -> None:
    ctypes.string_at(0)


def _eat(_: ExtractionTask) -> None:
    eaten = []
    while True:
        eaten.append(b"\x01" * (8 * 1024 * 1024))
        time.sleep(0.02)


def _gulp(_: ExtractionTask) -> None:
    b"\x01" * (16 * 1024**3)


def _exit(_: ExtractionTask) -> None:
    os._exit(7)


def _print(_: ExtractionTask) -> None:
    os.write(1, b"\xff\xff\xff\xffprinted by a native library\n")
    sys.stdout.write("printed by Python")
    sys.stdout.flush()
    assert sys.stdin.read() == ""


def _flood(_: ExtractionTask) -> None:
    for _ in range(64):
        os.write(2, b"\x1b[31mnoise " * 10_000)


def _raise(_: ExtractionTask) -> None:
    raise ValueError("a library's own trouble")


def _unreachable(_: ExtractionTask) -> None:
    raise UnreachableError("a server does not answer")


def _ended(_: ExtractionTask) -> None:
    raise EndedError(Outcome.TIMEOUT, "a server's process ended")


def _recurse(task: ExtractionTask) -> None:
    _recurse(task)


def _protocol_descriptor() -> int:
    """Where answers go: the only pipe for writing besides stderr."""
    pipes = {fd: os.readlink(f"/proc/self/fd/{fd}") for fd in range(3, 64) if os.path.exists(f"/proc/self/fd/{fd}")}
    noise = os.readlink("/proc/self/fd/2")
    return next(
        fd
        for fd, target in pipes.items()
        if target.startswith("pipe:") and target != noise and os.get_blocking(fd) and _writable(fd)
    )


def _writable(descriptor: int) -> bool:
    import fcntl

    return bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_WRONLY)


def _close(task: ExtractionTask) -> None:
    os.close(_protocol_descriptor())
    _hang(task)


def _garbage(task: ExtractionTask) -> None:
    os.write(_protocol_descriptor(), b"\x00\x00\x00\x05hello")
    _hang(task)


def _endless(task: ExtractionTask) -> None:
    os.write(_protocol_descriptor(), b"\xff\xff\xff\xff" + b"x" * 1000)
    _hang(task)


def _half(task: ExtractionTask) -> None:
    """Says half a sentence, then dies."""
    os.write(_protocol_descriptor(), encode_message(found(task, "x" * 1000))[:500])
    os._exit(1)


def _litter(_: ExtractionTask) -> None:
    with open(os.path.join(os.environ["TMPDIR"], "left behind"), "w") as file:
        file.write("x")
    os._exit(1)


_FAULTS: dict[str, Callable[[ExtractionTask], None]] = {
    "hang": _hang,
    "segfault": _segfault,
    "eat": _eat,
    "gulp": _gulp,
    "exit": _exit,
    "print": _print,
    "flood": _flood,
    "raise": _raise,
    "unreachable": _unreachable,
    "ended": _ended,
    "recurse": _recurse,
    "close": _close,
    "garbage": _garbage,
    "endless": _endless,
    "half": _half,
    "litter": _litter,
}


def environment(task: ExtractionTask, limits: Limits) -> Iterator[Event]:
    """Answers with its environment and its limits, as text."""
    yield Started(task.document_id, ())
    yield found(task, f"{dict(os.environ)!r}\n{limits!r}\n{os.getcwd()}\n{task!r}")
    yield Finished(task.document_id)
