"""Several importers and workers on one catalogue: whoever is first wins, nothing is lost, and numbers show up in their order."""

from __future__ import annotations

import multiprocessing
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from archiver.adapters.catalog.postgres import create_catalog, open_catalog
from archiver.adapters.catalog.sql import SqlCatalog
from archiver.adapters.jobs.rows import SqlJobs
from archiver.domain.batch import Line, LineState
from archiver.domain.ledger import ARCHIVED, LedgerEvent
from archiver.errors import LockedError
from archiver.ports.catalog import IntakeGroup, Seen
from archiver.ports.jobs import Kind
from tests.contracts.catalog_suite import batch, content
from tests.support.documents import AT, archived, member, received
from tests.support.postgres import database
from tests.support.servers import server_url


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with database(server_url("postgres")) as address:
        create_catalog(address).close()
        yield address


@pytest.fixture
def catalog(url: str) -> Iterator[SqlCatalog]:
    found = open_catalog(url, jobs=True)
    yield found
    found.close()


def at_once(*works: Callable[[], Any]) -> list[Any]:
    start = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        start.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


def group_of(batch_id: str, names: list[str], number: int = 1) -> IntakeGroup:
    """What an import that saw none of these before wants to write."""
    documents = [received(name, name.encode(), batch_id=batch_id) for name in names]
    lines = [(batch_id, Line(number + n, one.source, LineState.NEW, one.id)) for n, one in enumerate(documents)]
    seen = [Seen("default", one.source, one.size, 1, 1, 1, one.id) for one in documents]
    return IntakeGroup(lines, documents, [content(one) for one in documents], seen)


def states(settled: list[tuple[str, Line]]) -> list[str]:
    return [line.state.value for _, line in settled]


def test_of_two_imports_of_one_file_one_archives_it(catalog: SqlCatalog) -> None:
    for turn in range(8):
        names = [f"same-{turn}-{n}" for n in range(30)]
        for name in (f"left-{turn}", f"right-{turn}"):
            catalog.create_batch(batch(name))
        groups = [group_of(f"left-{turn}", names), group_of(f"right-{turn}", names[::-1])]
        left, right = at_once(*(lambda group=group: catalog.commit_intake(group) for group in groups))
        of = {line.source: [line.state.value] for _, line in left}
        for _, line in right:
            of[line.source].append(line.state.value)
        assert all(sorted(pair) == ["already", "new"] for pair in of.values()), of
        for name, settled in ((f"left-{turn}", left), (f"right-{turn}", right)):
            assert [line for _, line in sorted(settled, key=lambda one: one[1].number)] == sorted(
                (one for found in catalog.known_lines(name, [line.source for _, line in settled]).values() for one in found),
                key=lambda line: line.number,
            )


def test_of_two_imports_of_the_same_bytes_one_is_the_duplicate(catalog: SqlCatalog) -> None:
    for turn in range(20):
        pair = []
        for side in ("left", "right"):
            group = group_of("bytes", [f"{side}-{turn}"])
            same = replace(group.documents[0], sha256=f"{turn:064x}")
            pair.append(replace(group, documents=[same], contents=[content(same)]))
        outcomes = at_once(*(lambda one=one: catalog.commit_intake(one) for one in pair))
        assert sorted(states(outcomes[0]) + states(outcomes[1])) == ["duplicate", "new"]


def test_a_step_that_is_repeated_comes_out_the_same(catalog: SqlCatalog) -> None:
    catalog.create_batch(batch("repeated"))
    group = group_of("repeated", ["r1", "r2"])
    assert states(catalog.commit_intake(group)) == states(catalog.commit_intake(group)) == ["new", "new"]


def test_bytes_that_were_lost_and_stored_again_lie_where_they_were_stored_last(catalog: SqlCatalog) -> None:
    group = group_of("lost", ["lost"])
    catalog.commit_intake(group)
    (before,) = group.contents
    again = replace(before, ref=replace(before.ref, version="2"))
    key = (again.collection, again.retention_class, again.sha256)
    other = replace(group_of("lost", ["found"]), contents=[again], restored={key})
    other = replace(other, documents=[replace(other.documents[0], sha256=again.sha256)])
    assert states(catalog.commit_intake(other)) == ["new"]
    assert catalog.contents([key]) == {key: again}


def test_lines_are_counted_right_when_two_write_them(catalog: SqlCatalog) -> None:
    catalog.create_batch(batch("counted"))
    pages = [[Line(n, f"/{n}") for n in range(at, at + 40)] for at in range(0, 200, 20)]
    halves = [pages, pages[::-1], pages[::2]]
    at_once(*(lambda half=half: [catalog.add_lines("counted", page) for page in half] for half in halves))
    assert catalog.batch("counted").lines == catalog.tally("counted").lines == 220


def test_numbers_show_up_in_their_order(catalog: SqlCatalog, url: str) -> None:
    """A reader that goes on from the highest number it saw misses no document, however writers overlap."""
    begin, done = catalog.top_sequence(), threading.Event()
    wanted: set[tuple[str, str]] = set()

    def write(writer: int) -> None:
        own, chance = open_catalog(url, jobs=True), random.Random(writer)
        for turn in range(25):
            names = [f"order-{writer}-{turn}-{n}" for n in range(chance.randint(1, 40))]
            own.commit_intake(IntakeGroup(documents=[received(name) for name in names]))
            events = [LedgerEvent(ARCHIVED, received(name).id, AT, {}) for name in names]
            own.commit_archived([archived(name) for name in chance.sample(names, len(names))], events)
            wanted.update((name, "archived") for name in names)
        own.close()

    def follow() -> dict[str, int]:
        own, seen, after = open_catalog(url), dict[str, int](), begin
        while True:
            last = done.is_set()
            for document in own.changed_since(after):
                assert document.sequence > after
                after = document.sequence
                seen[document.name] = document.sequence
            if last:
                break
        own.close()
        return seen

    with ThreadPoolExecutor(5) as threads:
        followers = [threads.submit(follow) for _ in range(2)]
        writers = [threads.submit(write, n) for n in range(3)]
        try:
            for one in writers:
                one.result()
        finally:
            done.set()
        for follower in followers:
            seen = follower.result()
            found = {one.name: one.sequence for one in catalog.changed_since(begin)}
            assert seen == found
            assert {(name, "archived") for name in found} == wanted
            assert len(set(found.values())) == len(found)


def _work(url: str, worker: int, names: list[str]) -> int:
    """A process that takes in, claims, commits and tells the index, as workers do."""
    from datetime import timedelta

    catalog, chance = open_catalog(url, jobs=True), random.Random(worker)
    jobs, owner, lease = SqlJobs(catalog.engine), f"worker {worker}", timedelta(minutes=5)
    done = 0
    for _ in range(12):
        chosen = chance.sample(names, 30)
        catalog.commit_intake(group_of(f"p{worker}", chosen, number=1 + 30 * done))
        for kind in Kind:
            due = [one.document_id for one in jobs.due(kind, 40, resend=timedelta(0))]
            claims = [one.document_id for one in jobs.claim(kind, due, owner=owner, lease=lease)]
            jobs.renew(owner, lease=lease)
            rows = catalog.documents(claims)
            if kind is Kind.EXTRACT:
                read = [archived(one.name, batch_id=one.batch_id, sha256=one.sha256) for one in rows.values()]
                inside = [member(one, 1) for one in read[:5]]
                catalog.commit_archived([*read, *inside], [], claimed_by=owner)
            else:
                jobs.finish(kind, {one.id: one.sequence for one in rows.values()})
        done += 1
    catalog.close()
    return done


def test_processes_that_do_everything_at_once_lose_nothing(url: str, catalog: SqlCatalog) -> None:
    names = [f"process-{n}" for n in range(80)]
    context = multiprocessing.get_context("spawn")
    with context.Pool(3) as pool:
        assert pool.starmap(_work, [(url, n, names) for n in range(3)], chunksize=1) == [12, 12, 12]
    jobs = SqlJobs(catalog.engine)
    documents = [one for one in catalog.select() if one.name.startswith("process-") and one.root_id is None]
    assert {one.name for one in documents} == set(names)
    waiting = {one.id for one in documents if one.state == "received"}
    assert waiting == {one.id for one in documents} & _waiting(jobs, Kind.EXTRACT)
    untold = _waiting(jobs, Kind.INDEX)
    assert jobs.indexed_up_to() < min(
        [one.sequence for one in catalog.select() if one.id in untold], default=catalog.top_sequence() + 1
    )


def _waiting(jobs: SqlJobs, kind: Kind) -> set[str]:
    from sqlalchemy import text

    from archiver.adapters.catalog.engine import read

    with read(jobs._engine) as connection:
        return set(connection.execute(text("SELECT document_id FROM jobs WHERE kind = :kind"), {"kind": kind.value}).scalars())


def test_what_may_run_once_names_who_runs_it(catalog: SqlCatalog, url: str) -> None:
    other = open_catalog(url)
    with catalog.exclusive("seal"):
        with pytest.raises(LockedError, match=r"minutier seal, process \d+ on .* since"), other.exclusive("seal"):
            pass
        with other.exclusive("write"):
            pass
    with other.exclusive("seal"):
        pass
    other.close()


def test_a_mark_is_written_once_and_another_only_grows(catalog: SqlCatalog) -> None:
    kept = at_once(*(lambda n=n: catalog.keep_mark("who", str(n)) for n in range(6)))
    assert len(set(kept)) == 1
    assert catalog.get_mark("who") == kept[0]
    at_once(*(lambda n=n: catalog.raise_mark("high", f"{n:03}") for n in (5, 9, 2, 7)))
    assert catalog.get_mark("high") == catalog.raise_mark("high", "001") == "009"


def test_paths_longer_than_an_index_takes(catalog: SqlCatalog) -> None:
    chance = random.Random(7)
    sources = ["/" + "".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789é\udce9\\", k=4_000)) for _ in range(3)]
    sources.append(sources[0][:-1] + "x")
    seen = [Seen("default", source, n, 0, 0, 0, "x") for n, source in enumerate(sources)]
    catalog.create_batch(batch("long"))
    catalog.add_lines("long", [Line(n, source) for n, source in enumerate(sources)])
    catalog.commit_intake(IntakeGroup(seen=seen))
    assert catalog.seen("default", sources) == {one.source: one for one in seen}
    assert {source: [line.number for line in lines] for source, lines in catalog.known_lines("long", sources).items()} == {
        source: [n] for n, source in enumerate(sources)
    }
