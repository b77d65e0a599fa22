"""`minutier hold`, `event` and `review` as a user and as a program run them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command import Minutier

POLICY = """
collections:
  c: {class: E, grants: {read: [group:hr]}}
  d: {class: R}
classes:
  E: {title: e, period: P1Y, from: event.end, basis: law, lock: governance, then: destroy}
  R: {title: r, period: PT0S, from: received, basis: law, lock: none, then: review}
"""
WORDS = ("--matter", "2027-014\x1b[31m", "--reason", "inquiry", "--owner", "Anna")


@pytest.fixture(scope="module")
def minutier(tmp_path_factory: pytest.TempPathFactory) -> Minutier:
    folder = tmp_path_factory.mktemp("holds")
    (folder / "policy.yaml").write_text(POLICY)
    for name in "cd":
        (folder / name).mkdir()
        for number in range(2):
            (folder / name / f"{number}.txt").write_text(f"word {name}{number}")
    archive = Minutier(folder / "archive")
    archive.run("init")
    archive.run("policy", "apply", folder / "policy.yaml")
    for name in "cd":
        archive.run("import", folder / name, "--collection", name)
    return archive


def _ids(minutier: Minutier, collection: str) -> list[str]:
    return sorted(row["id"] for row in minutier.run("export", "--collection", collection).rows)


def test_what_a_search_printed_is_a_selection(minutier: Minutier) -> None:
    found = minutier.run("--json", "search", "word", "--collection", "c").out
    (row,) = minutier.run("--json", "hold", "place", *WORDS, "--id", "listed", "--file", "-", stdin=found.encode()).rows
    assert (row["hold"], row["new"], row["placed"], row["holds"]) == ("listed", True, 2, 2)
    (row,) = minutier.run("--json", "hold", "place", "--id", "listed", "--query", "word", "--collection", "d").rows
    assert (row["new"], row["placed"], row["holds"]) == (False, 2, 4)
    shown = minutier.run("hold", "show", "listed", "--documents").out
    assert "\x1b" not in shown
    assert sum(one in shown for one in _ids(minutier, "c") + _ids(minutier, "d")) == 4


def test_who_may_not_see_holds_reads_kept(minutier: Minutier) -> None:
    one = _ids(minutier, "c")[0]
    minutier.run("hold", "place", *WORDS, "--id", "secret", one)
    (row,) = minutier.run("--json", "explain", one).rows
    assert "secret" in row["holds"]
    assert any("held by matter 2027-014" in sentence for sentence in row["reasons"])
    for command in ("explain", "show"):
        asked = minutier.run("--json", "--as", "bob", "--group", "hr", command, one).out
        assert "2027-014" not in asked
        assert "secret" not in asked
        assert "inquiry" not in asked
    (row,) = minutier.run("--json", "--as", "bob", "--group", "hr", "explain", one).rows
    assert row["holds"] is None
    assert "kept" in row["reasons"]


def test_ids_that_are_not_there(minutier: Minutier, tmp_path: Path) -> None:
    minutier.run("hold", "place", *WORDS, "0" * 36, code=1)
    (tmp_path / "ids").write_text("0" * 36 + "\n")
    rows = minutier.run("--json", "hold", "place", *WORDS, "--file", tmp_path / "ids", code=3).rows
    assert rows[0] == {"id": "0" * 36, "problem": "absent"}
    assert rows[1]["absent"] == 1
    (tmp_path / "words").write_text("no id\n")
    assert "line 1 is no document id" in minutier.run("hold", "place", *WORDS, "--file", tmp_path / "words", code=2).err


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["hold", "place", *WORDS], 2, "say which documents, in one way"),
        (["hold", "place", *WORDS, "--batch", "b", "--collection", "c"], 2, "say which documents, in one way"),
        (["hold", "place", *WORDS, "--batch", "none"], 1, "none"),
        (["hold", "place", "--matter", "m", "--collection", "c"], 2, "a hold has a reason"),
        (["hold", "place", *WORDS, "--and-later", "--query", "x"], 2, "--and-later is about a collection"),
        (["hold", "place", *WORDS, "--review", "31/01/2028", "--collection", "c"], 2, "is no date"),
        (["hold", "release", "nothing", "--reason", "r"], 1, "there is no hold nothing"),
        (["event", "record", "edn", "--date", "2026-01-01", "--collection", "c"], 2, "did you mean end?"),
        (["review", "decide", "keep", "--reason", "r", "--collection", "d"], 2, "`keep` takes --until DATE"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_what_is_refused_says_what_to_write(minutier: Minutier, arguments: list[str], code: int, told: str) -> None:
    ran = minutier.run(*arguments, code=code)
    assert told in ran.err
    assert ran.out == ""


def test_events_and_reviews_for_programs(minutier: Minutier) -> None:
    rows = minutier.run("--json", "event", "missing").rows
    assert [row["event"] for row in rows] == ["end", "end", "end"]
    assert rows[-1] == {"class": "E", "event": "end", "documents": 2}
    (row,) = minutier.run("--json", "event", "record", "end", "--date", "2026-01-31", "--collection", "c").rows
    assert (row["recorded"], row["dated"]) == (2, 2)
    one = _ids(minutier, "c")[0]
    (row,) = minutier.run("--json", "event", "list", one).rows
    assert (row["event"], row["day"]) == ("end", "2026-01-31")
    (row,) = minutier.run("--json", "explain", one).rows
    assert row["retain_until"] == "2027-01-31"
    waiting = minutier.run("--json", "review", "list").rows
    assert all(row["class"] == "R" for row in waiting)
    ran = minutier.run("review", "decide", "destroy", "--reason", "no use", one, code=5)
    assert "it is not due" in ran.out
    (row,) = minutier.run("--json", "review", "decide", "destroy", "--reason", "no use", "--collection", "d").rows
    assert row["decided"] == 2
    assert json.loads(minutier.run("--json", "verify").out.splitlines()[-1])
