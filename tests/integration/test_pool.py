"""Children that hang, crash, eat memory or babble end themselves only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archiver.adapters.extraction.child_process import STDERR_KEPT
from archiver.adapters.extraction.pool import CHILD_COMMAND, ChildPool
from archiver.domain.extraction import Died, Event, ExtractionTask, Finished, Found, Limits, Outcome, Started, Unreachable
from archiver.errors import UnreachableError
from tests.support.faults import MEMBER, SECOND

FAULTS = (*CHILD_COMMAND, "--engine", "tests.support.faults:run")
LIMITS = Limits(seconds=1.0, memory_bytes=200 * 1024**2)

Open = Callable[..., ChildPool]


@pytest.fixture
def pool_of(tmp_path: Path) -> Iterator[Open]:
    """Makes pools of fault children, and closes them."""
    pools = []

    def make(size: int = 1, limits: Limits = LIMITS, command: tuple[str, ...] = FAULTS) -> ChildPool:
        pools.append(ChildPool(size, limits, command, scratch=tmp_path / "scratch"))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()
    assert list((tmp_path / "scratch").glob("*")) == []


def tasks(*names: str, **more: object) -> list[ExtractionTask]:
    return [ExtractionTask(f"{number}-{name}", Path("/nowhere"), name, 1, **more) for number, name in enumerate(names)]  # type: ignore[arg-type]


def read_all(pool: ChildPool, chunk: list[ExtractionTask], seconds: float = 30.0) -> list[Event]:
    pool.submit(chunk)
    events: list[Event] = []
    until = time.monotonic() + seconds
    while pool.pending():
        assert time.monotonic() < until, events
        events += pool.poll(1.0)
    return events


def ends(events: list[Event]) -> dict[str, str]:
    """Name of each task and how it ended."""
    return {
        event.document_id.split("-", 1)[1]: "finished" if isinstance(event, Finished) else event.cause
        for event in events
        if isinstance(event, Finished | Died)
    }


def test_all_are_read_in_order(pool_of: Open) -> None:
    chunk = tasks(*(f"document {n}" for n in range(100)))
    events = read_all(pool_of(), chunk)
    assert [event.document_id for event in events if isinstance(event, Finished)] == [task.document_id for task in chunk]
    assert [type(event) for event in events[:3]] == [Started, Found, Finished]
    assert isinstance(events[1], Found)
    assert events[1].extraction.text == "read document 0"


def test_several_children_share_the_work(pool_of: Open) -> None:
    chunk = tasks(*(f"document {n}" for n in range(200)))
    events = read_all(pool_of(3), chunk)
    assert sorted(e.document_id for e in events if isinstance(e, Finished)) == sorted(t.document_id for t in chunk)
    assert len(events) == 600


@pytest.mark.parametrize(
    ("fault", "cause", "word"),
    [
        ("hang", Outcome.TIMEOUT, "no progress for 1 s"),
        ("segfault", Outcome.CRASHED, "SIGSEGV"),
        ("eat", Outcome.TOO_LARGE, "bytes of memory"),
        ("gulp", Outcome.TOO_LARGE, "out of memory"),
        ("exit", Outcome.CRASHED, "code 7"),
        ("raise", Outcome.CRASHED, "a library's own trouble"),
        ("ended", Outcome.TIMEOUT, "a server's process ended"),
        ("recurse", Outcome.CRASHED, "RecursionError"),
        ("close", Outcome.CRASHED, "SIGKILL"),
        ("garbage", Outcome.CRASHED, "not a message"),
        ("endless", Outcome.CRASHED, "was announced"),
        ("half", Outcome.CRASHED, "code 1"),
        ("litter", Outcome.CRASHED, "code 1"),
        ("stranger", Outcome.CRASHED, "not being read"),
    ],
)
def test_one_bad_document_and_its_neighbours(pool_of: Open, fault: str, cause: Outcome, word: str) -> None:
    events = read_all(pool_of(), tasks("a", "b", fault, "c", "d"))
    assert ends(events) == {"a": "finished", "b": "finished", fault: cause, "c": "finished", "d": "finished"}
    (died,) = [event for event in events if isinstance(event, Died)]
    assert died.locator == ()
    assert word in died.detail
    found = [event.document_id for event in events if isinstance(event, Found)]
    assert sorted(found) == ["0-a", "1-b", "3-c", "4-d"]


def test_a_document_whose_server_is_out_of_reach_comes_back_with_nothing_held_against_it(pool_of: Open) -> None:
    events = read_all(pool_of(), tasks("a", "unreachable", "b"))
    assert ends(events) == {"a": "finished", "b": "finished"}
    assert [e for e in events if isinstance(e, Unreachable)] == [Unreachable("1-unreachable", "a server does not answer")]


@pytest.mark.parametrize("fault", ["print", "flood"])
def test_noise_does_no_harm(pool_of: Open, fault: str) -> None:
    assert ends(read_all(pool_of(), tasks("a", fault, "b"))) == {"a": "finished", fault: "finished", "b": "finished"}


def test_noise_is_kept_in_bounds(pool_of: Open) -> None:
    pool = pool_of()
    read_all(pool, tasks("flood"))
    assert len(pool._children[0].process._stderr) == STDERR_KEPT


def test_last_words_are_told_and_safe_to_show(pool_of: Open) -> None:
    (died,) = [event for event in read_all(pool_of(), tasks("before:exit")) if isinstance(event, Died)]
    assert "code 7" in died.detail
    events = read_all(pool_of(command=(*CHILD_COMMAND, "--engine", "tests.support.faults:run")), tasks("flood", "segfault"))
    assert all("\x1b" not in event.detail for event in events if isinstance(event, Died))


def test_who_dies_before_it_says_anything_is_known_too(pool_of: Open) -> None:
    assert ends(read_all(pool_of(), tasks("a", "before:segfault", "b"))) == {
        "a": "finished",
        "before:segfault": "crashed",
        "b": "finished",
    }


@pytest.mark.parametrize(("where", "locator"), [("inside", SECOND), ("between", ())])
def test_the_member_being_read_is_named(pool_of: Open, where: str, locator: object) -> None:
    events = read_all(pool_of(), tasks(f"members:{where}", "b"))
    (died,) = [event for event in events if isinstance(event, Died)]
    assert died.locator == locator
    members = [event.locator for event in events if isinstance(event, Found) and event.locator]
    assert members == ([MEMBER] if where == "inside" else [MEMBER, SECOND])


def test_poison_reaches_the_child(pool_of: Open) -> None:
    events = read_all(pool_of(), tasks("members:inside", poison=(SECOND,)))
    assert ends(events) == {"members:inside": "finished"}
    assert [event.locator for event in events if isinstance(event, Started)] == [(), MEMBER]


def test_members_renew_the_deadline(pool_of: Open) -> None:
    events = read_all(pool_of(limits=Limits(seconds=0.6)), tasks("members:slow"))
    assert ends(events) == {"members:slow": "finished"}


def test_the_whole_original_has_a_bound(pool_of: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.adapters.extraction.reading_child.WHOLE_ORIGINAL", 0.8)
    events = read_all(pool_of(limits=Limits(seconds=0.6)), tasks("members:slow"))
    assert ends(events) == {"members:slow": Outcome.TIMEOUT}


def test_a_caller_that_is_away_does_not_cost_a_child_its_life(pool_of: Open) -> None:
    pool = pool_of(limits=Limits(seconds=0.5))
    pool.submit(tasks("a", "large:3000000", "b"))
    time.sleep(1.5)
    assert ends(read_all(pool, [])) == {"a": "finished", "large:3000000": "finished", "b": "finished"}


def test_a_hanging_child_holds_up_nobody_else(pool_of: Open) -> None:
    pool = pool_of(2, Limits(seconds=3.0))
    pool.submit(tasks("hang", *(f"d{n}" for n in range(100))))
    done = 0
    while done < 80:
        events = pool.poll(1.0)
        assert not any(isinstance(event, Died) for event in events)
        done += sum(isinstance(event, Finished) for event in events)
    assert ends(read_all(pool, [])).get("hang") == Outcome.TIMEOUT


def test_a_huge_result_comes_through(pool_of: Open) -> None:
    events = read_all(pool_of(2), tasks("large:20000000", *(f"d{n}" for n in range(20))))
    (large,) = [event for event in events if isinstance(event, Found) and event.size > 100]
    assert len(large.extraction.text) == 20_000_000


def test_children_are_renewed(pool_of: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.adapters.extraction.reading_child.TASKS_OF_A_LIFE", 5)
    events = read_all(pool_of(2), tasks(*(f"d{n}" for n in range(33))))
    assert len(ends(events)) == 33


def test_children_get_ready_before_there_is_work(pool_of: Open) -> None:
    pool = pool_of(2)
    pool.warm()
    until = time.monotonic() + 30
    while not all(child.ready for child in pool._children):
        assert time.monotonic() < until
        assert pool.poll(0) == []
        time.sleep(0.02)
    ready = list(pool._children)
    assert len(ends(read_all(pool, tasks("a", "b", "c")))) == 3
    assert pool._children == ready


def test_poll_returns_when_nothing_is_pending(pool_of: Open) -> None:
    pool = pool_of()
    assert pool.poll(60) == []
    pool.close()
    pool.close()


def test_poll_waits_no_longer_than_asked(pool_of: Open) -> None:
    pool = pool_of(limits=Limits(seconds=60))
    pool.submit(tasks("hang"))
    while not pool.poll(0.2):
        pass
    assert pool.poll(0.05) == []
    assert pool.pending() == 1


def test_children_that_cannot_start_are_an_error(pool_of: Open) -> None:
    pool = pool_of(command=(*CHILD_COMMAND, "--engine", "tests.support.faults:no_such_engine"))
    pool.submit(tasks("a"))
    with pytest.raises(UnreachableError, match="no_such_engine"):
        pool.poll(60.0)
    assert pool.pending() == 1


def test_what_a_child_knows(pool_of: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "tesseract").touch(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("MINUTIER_OBJECTS_URL", "s3://user:secret@host")
    monkeypatch.setenv("MINUTIER_READERS", "off")
    monkeypatch.chdir(tmp_path)
    pool = pool_of(command=(*CHILD_COMMAND, "--engine", "tests.support.faults:environment"))
    task = ExtractionTask("id", Path("relative/file"), "caf\udce9.txt", 3, ("pässword\udcff",), (MEMBER,))
    (found,) = [event for event in read_all(pool, [task]) if isinstance(event, Found)]
    text = found.extraction.text
    assert "secret" not in text
    assert str(tools) not in text
    assert "'MINUTIER_READERS': 'off'" in text
    assert repr(LIMITS) in text
    told = ExtractionTask("id", tmp_path / "relative/file", "caf\udce9.txt", 3, ("pässword\udcff",), (MEMBER,))
    assert repr(told) in text


def test_children_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time, pathlib\n"
        "from tests.integration.test_pool import FAULTS, LIMITS, tasks\n"
        "from archiver.adapters.extraction.pool import ChildPool\n"
        f"pool = ChildPool(2, LIMITS, FAULTS, scratch=pathlib.Path({str(tmp_path)!r}))\n"
        "pool.submit(tasks('hang', 'hang', 'a'))\n"
        "while not pool.poll(1): pass\n"
        "print(*(child.process._process.pid for child in pool._children), flush=True)\n"
        "time.sleep(60)\n"
    )
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=root) as parent:
        assert parent.stdout is not None
        children = [int(word) for word in parent.stdout.readline().split()]
        assert len(children) == 2
        parent.send_signal(signal.SIGKILL)
    until = time.monotonic() + 10
    while any(_runs(child) for child in children):
        assert time.monotonic() < until, "children outlive their parent"
        time.sleep(0.02)
    assert list(tmp_path.glob("minutier-child-*"))
    ChildPool(1, LIMITS, FAULTS, scratch=tmp_path).close()
    assert list(tmp_path.glob("minutier-child-*")) == []


def _runs(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_scratch_of_the_living_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / f"minutier-child-{os.getpid()}-1-aa"
    mine.mkdir()
    ChildPool(1, LIMITS, FAULTS, scratch=tmp_path).close()
    assert mine.exists()
    shutil.rmtree(mine)
