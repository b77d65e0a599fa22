"""A purge on servers, spread over worker processes: the same as without them, whatever happens to one."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from archiver.bootstrap.archive import Archive
from archiver.bootstrap.purging import Purging
from archiver.ports.jobs import Kind
from archiver.services.purge.spread import SpreadPurge
from tests.support import purges
from tests.support.command import Minutier
from tests.support.on_servers import archive_on_servers, eventually, workers

EACH = 40
COLLECTIONS = ("workers", "deadly", "stopped", "left")
DEADLY = 4_321
"""Bytes of the document of which a worker dies."""


def _nobody(_: object) -> None:
    """Not told."""


class Served:
    """An archive on servers with a collection for each test."""

    def __init__(self, archive: Minutier, folder: Path) -> None:
        self.archive, self.folder = archive, folder
        samples = [("stays.txt", b"stays", "KEEP", "")]
        with workers(archive, "--processes", "1"):
            purges.make(archive, folder, samples, init=False)
            for collection in COLLECTIONS:
                self._take_in(collection)
            eventually(lambda: self.rows("SELECT count(*) FROM jobs") == [(0,)])

    def _take_in(self, collection: str) -> None:
        lines = []
        for number in range(EACH):
            path = self.folder / f"{collection}-{number:03}.txt"
            size = DEADLY if collection == "deadly" and number == 7 else 100 + number
            path.write_bytes(f"{collection} {number} ".encode().ljust(size, b"."))
            lines.append(json.dumps({"path": str(path), "class": "SHORT", "day": purges.DUE, "collection": collection}))
        manifest = self.folder / f"{collection}.jsonl"
        manifest.write_text("\n".join(lines) + "\n")
        self.archive.run("import", "--manifest", manifest)

    def planned(self, collection: str) -> str:
        """An approved plan of that collection."""
        planned = self.archive.run("--json", "purge", "plan", "--collection", collection, "--key", self.folder / "anna.key")
        purge = str(planned.rows[0]["purge"])
        self.archive.run("purge", "approve", purge, "--key", self.folder / "bruno.key", "--empties", "SHORT")
        return purge

    def begun(self, purge: str) -> None:
        """What a `purge run` leaves that is killed as soon as it has begun."""
        with ExitStack() as stack:
            archive = stack.enter_context(Archive(self.archive.home, writable=True, beside=True))
            service = stack.enter_context(Purging(archive).spreading(_nobody, _nobody, _nobody))
            assert isinstance(service, SpreadPurge)
            running = service.here.begin(archive.catalog.purge(purge))
            archive.jobs.put(Kind.PURGE, list(service._tasks(running)), part_of=purge)

    def states(self, purge: str) -> Counter[str]:
        found = self.rows(f"SELECT state, count(*) FROM purge_items WHERE purge_id = '{purge}' GROUP BY state")
        return Counter({str(state): int(str(number)) for state, number in found})

    def left(self, purge: str) -> int:
        return int(str(self.rows(f"SELECT count(*) FROM jobs WHERE kind = 'purge' AND batch_id = '{purge}'")[0][0]))

    def disposed(self, purge: str) -> Counter[str]:
        """How often each document of the purge was entered as destroyed."""
        query = (
            "SELECT l.document_id FROM ledger_leaves l JOIN purge_items p ON p.document_id = l.document_id"
            f" WHERE l.kind = 'disposed' AND p.purge_id = '{purge}'"
        )
        return Counter(str(row[0]) for row in self.rows(query))

    def rows(self, query: str) -> list[tuple[object, ...]]:
        engine = create_engine(self.archive.environment["MINUTIER_CATALOG_URL"])
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(text(query))]
        engine.dispose()
        return found

    def certified(self, purge: str) -> None:
        """Run to its end, with a certificate that can be checked, and everything entered once."""
        self.archive.run("purge", "run", purge)
        file = self.folder / f"{purge}.json"
        self.archive.run("purge", "certificate", purge, "--out", file)
        assert "signer unknown" in self.archive.run("certificate", "verify", file, code=1).out
        assert self.states(purge) == Counter(executed=EACH)
        assert sorted(self.disposed(purge).values()) == [1] * EACH


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("served")
    with archive_on_servers(root / "archive", MINUTIER_LEASE_SECONDS="2") as archive, pytest.MonkeyPatch.context() as patch:
        for name, value in archive.environment.items():
            if name.startswith("MINUTIER_"):
                patch.setenv(name, value)
        yield Served(archive, root)


def test_workers_finish_what_a_killed_run_has_begun_and_keep_the_timetable(served: Served):
    purge = served.planned("workers")
    served.begun(purge)
    with workers(served.archive, "--processes", "2"):
        eventually(lambda: served.states(purge) == Counter(executed=EACH) and not served.left(purge))
        assert served.rows(f"SELECT state FROM purges WHERE id = '{purge}'") == [("running",)]
        served.certified(purge)
        marks = "SELECT count(*) FROM archive WHERE key LIKE 'timetable %' AND value LIKE '%\"failed\": false%'"
        eventually(lambda: int(str(served.rows(marks)[0][0])) >= 9, 90)
    log = (served.folder / "work.log").read_text()
    assert log.count("minutier.timetable: fixity:") == 1
    assert "timetable failed" not in log


def test_an_original_that_kills_its_workers_is_set_aside(served: Served):
    purge = served.planned("deadly")
    served.begun(purge)
    program = ("--program", "tests.support.deadly_purger")
    with workers(served.archive, "--processes", "2", "--threads", "1", *program, DEADLY_SIZE=str(DEADLY)):
        eventually(lambda: not served.left(purge), 120)
    states = served.states(purge)
    assert states["failed"] >= 1  # those that were in hand beside it three times may be set aside with it
    assert states["executed"] + states["failed"] == EACH
    items = served.archive.run("--json", "purge", "show", purge, "--items").rows
    assert {row["why"] for row in items if row["state"] == "failed"} == {"not finished"}
    served.certified(purge)  # the next run takes them up again


def test_a_run_that_is_stopped_withdraws_what_nobody_holds_and_goes_on_later(served: Served):
    purge = served.planned("stopped")
    first = str(served.rows(f"SELECT document_id FROM purge_items WHERE purge_id = '{purge}' AND position = 0")[0][0])
    served.begun(purge)
    with Archive(served.archive.home, writable=True, beside=True) as archive:
        held = archive.jobs.claim(Kind.PURGE, [first], owner="elsewhere", lease=timedelta(hours=1))
        assert len(held) == 1
        run = served.archive.start("purge", "run", purge)
        eventually(lambda: served.left(purge) == 1)
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=60)
        assert run.returncode == 130, said
        assert f"purge run {purge}".encode() in said
        assert served.left(purge) == 1  # its holder is at it
        archive.jobs.release(Kind.PURGE, [first], owner="elsewhere", wait=timedelta(0))
        assert archive.jobs.withdraw(Kind.PURGE, purge) == 0
    served.certified(purge)


def test_without_a_broker_that_answers_the_run_goes_on_alone(served: Served):
    purge = served.planned("left")
    alone = Minutier(served.archive.home, **_with_silent_broker(served.archive.environment))
    ran = alone.run("purge", "run", purge)
    assert "workers are not told of it" in ran.err
    assert served.states(purge) == Counter(executed=EACH)


def _with_silent_broker(environment: dict[str, str]) -> dict[str, str]:
    ours = {name: value for name, value in environment.items() if name.startswith("MINUTIER_")}
    return ours | {"MINUTIER_BROKER_URL": "amqp://guest:guest@127.0.0.1:9/"}
