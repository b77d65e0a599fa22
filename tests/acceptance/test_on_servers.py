"""The same archive on real servers with workers: the same outcomes as in a folder, whatever happens to a worker."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import SAMPLES, Minutier
from tests.support.on_servers import archive_on_servers, eventually, worker_processes, workers

COMPARED = ("class", "collection", "size", "sha256", "media_type", "language", "outcome", "title", "author", "text")
QUESTIONS = (
    "bail commercial",
    '"late payment"',
    "résil*",
    "facture -hôtel",
    "outcome:encrypted",
    "kind:pdf date:2024",
    "dégât des eaux",
)


def exported(minutier: Minutier) -> dict[str, dict[str, Any]]:
    """Path -> what the archive tells of a document, its text included. Of a damaged file the Tika server names the root cause,
    the one compiled in the outermost: that there is a reason is compared, not its words."""
    rows = minutier.run("export", "--text").rows
    return {row["path"]: {name: row.get(name) for name in COMPARED} | {"has reason": bool(row.get("reason"))} for row in rows}


def differences(one: dict[str, dict[str, Any]], other: dict[str, dict[str, Any]]) -> dict[str, dict[str, tuple[Any, Any]]]:
    """Path -> name -> both values, where they are not the same."""
    assert set(one) == set(other)
    found = {
        path: {name: (one[path][name], other[path][name]) for name in one[path] if one[path][name] != other[path][name]}
        for path in one
    }
    return {Path(path).name: values for path, values in found.items() if values}


def answers(minutier: Minutier) -> dict[str, tuple[list[str], Any]]:
    """Question -> paths of the hits in order, and the facets."""
    found = {}
    for question in QUESTIONS:
        rows = minutier.run("--json", "search", "--limit", "50", question).rows
        hits = [row["path"] for row in rows if "path" in row]
        found[question] = (sorted(hits), [row for row in rows if "path" not in row])
    return found


def entries_by_document(minutier: Minutier) -> Counter[str]:
    """How often each document was entered in the custody ledger as archived."""
    from sqlalchemy import create_engine, text

    engine = create_engine(minutier.environment["MINUTIER_CATALOG_URL"])
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT document_id FROM ledger_leaves WHERE kind = 'archived'"))
        found = Counter(row.document_id for row in rows)
    engine.dispose()
    return found


def assert_whole(minutier: Minutier, batch: str) -> None:
    """Every line has its outcome, every document is archived, entered and indexed once, and everything is as it was written."""
    report = minutier.run("batch", "report", batch, "--format", "json").rows
    assert report[-1]["whole"]
    assert not [row for row in report[:-1] if row["outcome"] == "waiting"]
    ids = set(minutier.ids().values())
    entered = entries_by_document(minutier)
    assert set(entered) == ids
    assert set(entered.values()) == {1}
    found = minutier.run("--json", "search", "--limit", "1", "*").rows
    assert f'"total": {len(ids)}' in json.dumps(found)
    assert "Everything is as it was written" in minutier.run("verify").out


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Minutier:
    minutier = Minutier(tmp_path_factory.mktemp("embedded") / "archive")
    minutier.run("init")
    minutier.run("import", SAMPLES, "--batch", "samples", code=None)
    return minutier


@pytest.mark.parametrize("broker", ["rabbitmq", "redis", ""])
def test_outcomes_texts_and_answers_are_those_of_an_archive_in_a_folder(embedded: Minutier, tmp_path: Path, broker: str) -> None:
    with archive_on_servers(tmp_path / "host", broker=broker) as minutier:
        if broker:
            with workers(minutier, "--processes", "2"):
                minutier.run("import", SAMPLES, "--batch", "samples", code=None)
        else:
            minutier.run("import", SAMPLES, "--batch", "samples", code=None)
        assert differences(exported(embedded), exported(minutier)) == {}
        assert answers(minutier) == answers(embedded)
        assert_whole(minutier, "samples")


def many(folder: Path, count: int = 300) -> Path:
    """Small files of many kinds, some of them copies."""
    folder.mkdir()
    for number in range(count):
        place = folder / f"{number % 7}"
        place.mkdir(exist_ok=True)
        if number % 5:
            (place / f"note {number}.txt").write_text(f"Note {number} sur le chauffage, chambre {number % 40}.\n" * 20)
        else:
            (place / f"page {number}.html").write_text(f"<html><body><p>Page {number} about heating</p></body></html>")
    return folder


def test_workers_killed_again_and_again(tmp_path: Path) -> None:
    with archive_on_servers(tmp_path / "host") as minutier, workers(minutier, "--processes", "2") as supervisor:
        process = minutier.start("import", str(many(tmp_path / "files")), "--batch", "killed")
        killed = 0
        until = time.monotonic() + 20
        while process.poll() is None and killed < 4 and time.monotonic() < until:
            time.sleep(1.5)
            for worker in worker_processes(supervisor.pid)[:1]:
                os.kill(worker, signal.SIGKILL)
                killed += 1
        _, err = process.communicate(timeout=180)
        assert process.returncode == 0, err.decode()
        assert killed
        assert_whole(minutier, "killed")


def test_a_document_that_kills_its_worker_is_quarantined_and_takes_nothing_with_it(tmp_path: Path) -> None:
    files = many(tmp_path / "files", 40)
    (files / "deadly.txt").write_text("this one kills")
    with archive_on_servers(tmp_path / "host") as minutier:
        options = ("--processes", "1", "--threads", "1", "--program", "tests.support.deadly_worker")
        with workers(minutier, *options, MINUTIER_LEASE_SECONDS="3"):
            minutier.run("import", files, "--batch", "deadly", code=3)
        report = minutier.run("batch", "report", "deadly", "--format", "json").rows
        by_name = {Path(row["source"]).name: row for row in report[:-1]}
        assert by_name["deadly.txt"]["outcome"] == "quarantined"
        assert "workers ended" in by_name["deadly.txt"]["reason"]
        others = {row["outcome"] for name, row in by_name.items() if name != "deadly.txt"}
        assert others <= {"archived", "duplicate"}
        assert_whole(minutier, "deadly")


def test_sigterm_finishes_what_is_in_hand(tmp_path: Path) -> None:
    with archive_on_servers(tmp_path / "host") as minutier:
        with workers(minutier, "--processes", "1") as supervisor:
            process = minutier.start("import", str(many(tmp_path / "files", 600)), "--batch", "drained")
            eventually(lambda: any(row["outcome"] != "waiting" for row in lines_of(minutier, "drained")), every=0.05)
            supervisor.send_signal(signal.SIGTERM)
            assert supervisor.wait(60) == 0
        assert process.poll() is None, "the importer waits for workers; or it had ended before: give it more files"
        assert not _deaths(minutier)
        with workers(minutier, "--processes", "1"):
            _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err.decode()
        assert_whole(minutier, "drained")


def test_several_importers_take_a_part_each(tmp_path: Path) -> None:
    files = many(tmp_path / "files")
    with archive_on_servers(tmp_path / "host") as minutier, workers(minutier, "--processes", "1"):
        other = Minutier(tmp_path / "other host", **{k: v for k, v in minutier.environment.items() if k.startswith("MINUTIER_")})
        started = [
            host.start("import", str(files), "--batch", f"part-{part}", "--shard", f"{part}/2")
            for part, host in ((1, minutier), (2, other))
        ]
        for process in started:
            _, err = process.communicate(timeout=180)
            assert process.returncode == 0, err.decode()
        lines = [row for part in (1, 2) for row in lines_of(minutier, f"part-{part}")]
        assert len(lines) == len({row["source"] for row in lines}) == 300
        assert_whole(minutier, "part-1")
        assert_whole(minutier, "part-2")


def test_an_import_never_runs_further_ahead_than_its_bound(tmp_path: Path) -> None:
    files = many(tmp_path / "files", 600)
    with archive_on_servers(tmp_path / "host", MINUTIER_AHEAD_DOCUMENTS="200") as minutier:
        process = minutier.start("import", str(files), "--batch", "ahead")
        eventually(lambda: len(lines_of(minutier, "ahead")) >= 128)
        time.sleep(4)
        waiting = len(lines_of(minutier, "ahead"))
        assert 128 <= waiting <= 200 + 128, waiting
        with workers(minutier, "--processes", "2"):
            _, err = process.communicate(timeout=180)
        assert process.returncode == 0, err.decode()
        assert_whole(minutier, "ahead")


def test_duplicated_reordered_and_foreign_messages_change_nothing(tmp_path: Path) -> None:
    from archiver.adapters.jobs.queues import Queues
    from archiver.bootstrap import Archive
    from archiver.ports.jobs import Kind

    files = many(tmp_path / "files", 60)
    with archive_on_servers(tmp_path / "host") as minutier:
        with workers(minutier, "--processes", "2"):
            minutier.run("import", files, "--batch", "first", code=None)
            before = exported(minutier)
            ids = sorted(minutier.ids().values(), reverse=True)
            variables = {k: v for k, v in minutier.environment.items() if k.startswith("MINUTIER_")}
            with pytest.MonkeyPatch.context() as patch:
                for name, value in variables.items():
                    patch.setenv(name, value)
                with Archive(minutier.home) as archive:
                    queues = Queues(archive.settings.broker_url, archive.archive_id)
                    for _ in range(3):
                        for kind in Kind:
                            queues.send(kind, ids)
                            queues.send(kind, ["00000000-0000-8000-8000-000000000000"])
                    eventually(lambda: not queues.waiting(Kind.EXTRACT) and not queues.waiting(Kind.INDEX))
                    queues.close()
            time.sleep(2)
        assert exported(minutier) == before
        assert_whole(minutier, "first")


def lines_of(minutier: Minutier, batch: str) -> list[dict[str, Any]]:
    done = minutier.run("batch", "report", batch, "--format", "json", code=None)
    return done.rows[:-1] if done.code == 0 else []


def _deaths(minutier: Minutier) -> int:
    from sqlalchemy import create_engine, text

    engine = create_engine(minutier.environment["MINUTIER_CATALOG_URL"])
    with engine.connect() as connection:
        found = connection.execute(text("SELECT coalesce(sum(deaths), 0) FROM jobs")).scalar_one()
    engine.dispose()
    return int(found)
