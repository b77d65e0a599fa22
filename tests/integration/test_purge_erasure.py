"""What was destroyed is in no file any more: words, names, metadata, names of members. What stays is still there to be found."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.command import Minutier
from tests.support.purges import DUE, MARKER, STAYS, make, zipped
from tests.support.traces import has, traces

INNER = "pterodactylus"
"""In the name of a member."""
MEMBER = "ichthyosaurus"
"""In the words of a member."""
META = "plesiosaurus"
"""In the metadata."""
GONE = (MARKER, INNER, MEMBER, META)
SAMPLES = (
    (f"{MARKER}.txt", f"about the {MARKER}".encode(), "SHORT", DUE),
    (f"{MARKER}.zip", zipped(**{INNER: f"about the {MEMBER}"}), "SHORT", DUE),
    ("later.txt", f"{STAYS} stays".encode(), "SHORT", "soon"),
    ("stays.txt", f"the {STAYS} stays".encode(), "KEEP", ""),
)


def purged(minutier: Minutier, folder: Path) -> str:
    """An archive in which everything that has one of the words was destroyed; the purge."""
    make(minutier, folder, SAMPLES)
    (folder / f"{MARKER}-2.txt").write_text("imported by its name")
    declared = ("--meta", f"day={DUE}", "--meta", f"about={META}")
    minutier.run("import", folder / f"{MARKER}-2.txt", "--class", "SHORT", *declared)
    minutier.run("--json", "search", MARKER)
    (planned,) = minutier.run("--json", "purge", "plan", "--key", folder / "anna.key").rows
    assert planned["documents"] == 4
    purge = str(planned["purge"])
    minutier.run("purge", "approve", purge, "--key", folder / "bruno.key")
    minutier.run("purge", "run", purge)
    for word in GONE:
        found = minutier.run("--json", "search", word, code=None).rows
        assert not [row for row in found if row.get("id")], word
    assert [row for row in minutier.run("--json", "search", STAYS).rows if row.get("id")]
    assert not has(minutier.run("purge", "certificate", purge).out.encode(), *GONE)
    assert not has(minutier.run("export").out.encode(), *GONE)
    minutier.run("verify")
    return purge


def test_no_file_of_the_archive_has_a_word_of_it(tmp_path: Path) -> None:
    minutier = Minutier(tmp_path / "archive")
    purged(minutier, tmp_path)
    assert traces(minutier.home, *GONE) == []
    assert traces(minutier.home, STAYS), "else this test would see nothing"


def test_a_path_that_named_it_is_forgotten_and_what_others_need_stays(tmp_path: Path) -> None:
    minutier = Minutier(tmp_path / "archive")
    purged(minutier, tmp_path)
    (tmp_path / f"{MARKER}-3.txt").write_text("one that goes")
    (tmp_path / f"{STAYS}-3.txt").write_text("one that stays")
    both = [tmp_path / f"{name}-3.txt" for name in (MARKER, STAYS)]
    minutier.run("import", *both, "--class", "SHORT", "--meta", f"day={DUE}", "--batch", "two")
    held = next(row["id"] for row in minutier.run("export").rows if row["path"] == str(both[1]))
    minutier.run("hold", "place", "--matter", "M", "--reason", "R", "--owner", "O", held)
    (planned,) = minutier.run("--json", "purge", "plan", "--key", tmp_path / "anna.key").rows
    minutier.run("purge", "approve", planned["purge"], "--key", tmp_path / "bruno.key")
    minutier.run("purge", "run", planned["purge"])
    with closing(sqlite3.connect(minutier.home / "catalog.sqlite")) as connection:
        ((spec,),) = connection.execute("SELECT spec FROM batches WHERE id = 'two'").fetchall()
    assert not has(spec.encode(), MARKER)
    assert has(spec.encode(), STAYS)
    assert json.loads(spec)["declared"] == {"day": DUE}


def test_before_a_purge_its_words_are_seen(tmp_path: Path) -> None:
    """The other half of the test above: the same look finds each of the words while the documents are there."""
    minutier = Minutier(tmp_path / "archive")
    make(minutier, tmp_path, SAMPLES)
    for word in (MARKER, INNER, MEMBER):
        assert traces(minutier.home, word), word
