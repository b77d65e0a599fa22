"""A Tika server that dies while it reads: whoever made it is told, and nobody else has a loss of it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archiver.adapters.extraction.pool import CHILD_COMMAND, ChildPool
from archiver.domain.extraction import Died, Event, ExtractionTask, Finished, Found, Limits, Outcome, Unreachable
from tests.support.heavy_files import large_to_hold, long_to_read
from tests.support.own_server import OwnServer, own_server

TIKA_ONLY = (*CHILD_COMMAND, "--engine", "archiver.adapters.extraction.tika_only:run")
LIMITS = Limits(seconds=8.0)
Open = Callable[..., ChildPool]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    """One with little memory."""
    with own_server("tika", tmp_path_factory.mktemp("tika"), TIKA_HEAP="320m") as started:
        yield started


@pytest.fixture
def pool_of(tmp_path: Path) -> Iterator[Open]:
    """Makes pools whose children ask a Tika server, and closes them."""
    pools = []

    def make(url: str, size: int = 3, patience: float = 60.0) -> ChildPool:
        pools.append(ChildPool(size, LIMITS, TIKA_ONLY, scratch=tmp_path / "scratch", tika_url=url, tika_patience=patience))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def letters(folder: Path, count: int) -> list[ExtractionTask]:
    """Small documents, each with a word of its own."""
    tasks = []
    for number in range(count):
        path = folder / f"letter{number}.rtf"
        path.write_text(f"{{\\rtf1\\ansi\\pard word{number} of letter\\par}}")
        tasks.append(task(path))
    return tasks


def pages_of_words(folder: Path, count: int) -> list[ExtractionTask]:
    """Documents that take a moment, so that some are being read at any time."""
    return [task(long_to_read(folder / f"beside{number}.pdf", 1, 5_000, f"beside{number}x")) for number in range(count)]


def task(path: Path) -> ExtractionTask:
    return ExtractionTask(path.name, path, path.name, path.stat().st_size)


def read_all(pool: ChildPool, tasks: list[ExtractionTask], seconds: float = 150.0) -> list[Event]:
    pool.submit(tasks)
    events: list[Event] = []
    until = time.monotonic() + seconds
    while pool.pending():
        assert time.monotonic() < until, events
        events += pool.poll(0.5)
    return events


def texts(events: list[Event]) -> dict[str, str]:
    """Text by document of what was read whole, once."""
    found = [event for event in events if isinstance(event, Found)]
    assert all(event.extraction.outcome is Outcome.COMPLETE for event in found), found
    assert len({event.document_id for event in found}) == len(found)
    return {event.document_id: event.extraction.text.strip() for event in found}


def losses(events: list[Event]) -> dict[str, Outcome]:
    return {event.document_id: event.cause for event in events if isinstance(event, Died)}


def expected(tasks: list[ExtractionTask]) -> dict[str, str]:
    return {task.document_id: f"word{number} of letter" for number, task in enumerate(tasks)}


def test_who_takes_too_long_times_out_and_its_neighbours_come_out_right(server: OwnServer, pool_of: Open, tmp_path: Path) -> None:
    slow = task(long_to_read(tmp_path / "slow.pdf"))
    beside = pages_of_words(tmp_path, 4)
    small = letters(tmp_path, 20)
    events = read_all(pool_of(server.url), [*beside[:2], slow, *beside[2:], *small])
    assert losses(events) == {"slow.pdf": Outcome.TIMEOUT}
    assert not [event for event in events if isinstance(event, Unreachable)]
    found = texts(events)
    assert all(f"beside{n}x4999" in found.pop(task.document_id) for n, task in enumerate(beside))
    assert found == expected(small)


def test_who_ends_the_process_even_when_read_alone_has_crashed(server: OwnServer, pool_of: Open, tmp_path: Path) -> None:
    small = letters(tmp_path, 20)
    events = read_all(pool_of(server.url), [*small[:5], task(large_to_hold(tmp_path / "large.txt")), *small[5:]])
    assert losses(events) == {"large.txt": Outcome.CRASHED}
    (died,) = [event for event in events if isinstance(event, Died)]
    assert "read alone" in died.detail
    assert texts(events) == expected(small)


def test_a_server_that_is_killed_and_comes_back_costs_no_document(server: OwnServer, pool_of: Open, tmp_path: Path) -> None:
    beside = pages_of_words(tmp_path, 4)
    small = letters(tmp_path, 60)
    pool = pool_of(server.url)
    pool.submit(beside)
    time.sleep(1.0)

    def crash_and_restart() -> None:
        server.crash()
        time.sleep(2.0)
        server.start()

    restart = threading.Thread(target=crash_and_restart)
    restart.start()
    events = read_all(pool, small)
    restart.join()
    assert [type(event) for event in events if isinstance(event, Died | Unreachable)] == []
    found = texts(events)
    assert all(f"beside{n}x4999" in found.pop(task.document_id) for n, task in enumerate(beside))
    assert found == expected(small)


def test_documents_come_back_when_the_server_stays_away(pool_of: Open, tmp_path: Path) -> None:
    """In a bounded time, which is that of the server and not of each of them; what needs no server is read."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        pool = pool_of(f"http://user:secret@127.0.0.1:{nobody.getsockname()[1]}", size=1, patience=2.0)
        small = letters(tmp_path, 30)
        began = time.monotonic()
        events = read_all(pool, small, 30.0)
    assert time.monotonic() - began < 15
    gone = [event for event in events if isinstance(event, Unreachable)]
    assert [event.document_id for event in gone] == [task.document_id for task in small]
    assert all("does not answer" in event.detail and "secret" not in event.detail for event in gone)
    assert not [event for event in events if isinstance(event, Found | Finished | Died)]
