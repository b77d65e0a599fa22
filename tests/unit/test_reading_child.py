"""Who is to blame when a child ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.adapters.extraction.frames import Hello, encode_message
from archiver.adapters.extraction.reading_child import Job, ReadingChild
from archiver.domain.extraction import Extraction, ExtractionTask, Finished, Found, Limits, Outcome, Started, Step


class SilentProcess:
    """Stands for a ChildProcess: takes what it is sent."""

    memory = 0

    def send(self, data: bytes) -> None:
        pass

    def anonymous_bytes(self) -> int:
        return self.memory


@pytest.fixture
def process() -> SilentProcess:
    return SilentProcess()


@pytest.fixture
def child(process: SilentProcess) -> ReadingChild:
    child = ReadingChild(process, Limits(seconds=10, memory_bytes=1000))  # type: ignore[arg-type]
    child.hear(encode_message(Hello()))
    return child


def job(name: str, size: int = 1) -> Job:
    return Job(ExtractionTask(name, Path("/x"), name, size))


def test_nobody_is_blamed_for_the_end_of_an_idle_child(child: ReadingChild) -> None:
    assert child.verdict("ended") == (None, ())


def test_what_was_not_begun_goes_to_others(child: ReadingChild) -> None:
    first, second = job("a"), job("b")
    child.give(first)
    child.give(second)
    child.hear(encode_message(Started("a", ())))
    died, rest = child.verdict("ended by SIGSEGV")
    assert died is not None
    assert (died.document_id, died.cause, rest) == ("a", Outcome.CRASHED, (second,))


def test_first_in_line_is_suspected_after_three_ends(process: SilentProcess) -> None:
    waiting = [job("a"), job("b")]
    for _ in range(2):
        child = ReadingChild(process, Limits())  # type: ignore[arg-type]
        child.hear(encode_message(Hello()))
        for each in waiting:
            child.give(each)
        assert child.verdict("ended") == (None, tuple(waiting))
    child.give(waiting[0])
    died, _ = ReadingChild.verdict(child, "ended")
    assert died is not None
    assert died.document_id == "a"


def test_children_that_never_got_ready_make_nobody_suspect(process: SilentProcess) -> None:
    waiting = job("a")
    for _ in range(10):
        child = ReadingChild(process, Limits())  # type: ignore[arg-type]
        child.give(waiting)
        assert child.verdict("ended") == (None, (waiting,))


def test_messages_in_pieces(child: ReadingChild) -> None:
    child.give(job("a"))
    said = [Started("a", ()), Found("a", (), 1, "0", "", Extraction(Outcome.COMPLETE, "x", text="é" * 99)), Finished("a")]
    heard = []
    for byte in b"".join(map(encode_message, said)):
        heard += child.hear(bytes([byte]))
    assert heard == said
    assert child.load() == 0


def test_a_container_is_suspect_again_once_its_member_is_read(child: ReadingChild) -> None:
    outer, inner = (Step("zip", 0, "a"),), (Step("zip", 0, "a"), Step("zip", 3, "b"))
    child.give(job("a"))
    for locator in ((), outer, inner):
        child.hear(encode_message(Started("a", locator)))
    child.hear(encode_message(Found("a", inner, 1, "0", "", Extraction(Outcome.COMPLETE, "x"))))
    died, _ = child.verdict("ended")
    assert died is not None
    assert died.locator == outer


def test_limits(child: ReadingChild, process: SilentProcess) -> None:
    import time

    now = time.monotonic()
    assert not child.overstepped(now + 1000)
    child.give(job("a"))
    assert not child.overstepped(now + 9)
    assert child.overstepped(now + 1000)
    process.memory = 1001
    assert child.overstepped(now)
    died, _ = child.verdict("ended by SIGKILL")
    assert died is not None
    assert died.cause is Outcome.TOO_LARGE


def test_large_originals_wait_outside(child: ReadingChild) -> None:
    big = job("big", 100 * 1024**2)
    assert child.has_room(big)
    child.give(big)
    child.give(big)
    assert not child.has_room(job("small"))


def test_old_children_get_no_more_work_and_go_when_idle(child: ReadingChild, process: SilentProcess) -> None:
    child.give(job("a"))
    process.memory = 501
    child.overstepped(0)
    assert not child.has_room(job("b"))
    assert not child.is_spent()
    child.hear(encode_message(Started("a", ())) + encode_message(Finished("a")))
    assert child.is_spent()


@pytest.mark.parametrize(
    "noise", [b"\x00\x00\x00\x01\xc1", b"\x00\x00\x00\x02\x91\x63", b"\xff\xff\xff\xff", b"\x00\x00\x00\x04\x93\x02\xa1x"]
)
def test_nonsense_breaks_it(child: ReadingChild, noise: bytes) -> None:
    child.give(job("a"))
    assert child.hear(noise) == []
    assert child.broken
