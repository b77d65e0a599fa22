"""`minutier audit`: what somebody named by --as was shown, found again wherever its entries lie."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.support.command import Minutier

CARD = "4111 1111 1111 1111"
ANNA = ("--as", "Anna Lévy", "--group", "finance")
BEN = ("--as", "Ben", "--group", "finance")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Minutier:
    folder = tmp_path_factory.mktemp("audit")
    for name in ("bail", "vente"):
        (folder / f"{name}.txt").write_text(f"contrat de {name}")
    minutier = Minutier(folder / "archive")
    minutier.run("init")
    minutier.run("import", folder / "bail.txt", folder / "vente.txt", "--grant", "group:finance")
    ids = {Path(path).stem: one for path, one in minutier.ids().items()}
    minutier.run(*ANNA, "search", "contrat", CARD)
    minutier.run(*ANNA, "show", ids["bail"])
    minutier.run("timetable", "--only", "ledger")  # sealed
    minutier.run(*BEN, "get", ids["bail"], "-o", folder / "out.txt")
    minutier.run(*ANNA, "explain", ids["vente"])
    return minutier


@pytest.fixture(scope="module")
def ids(made: Minutier) -> dict[str, str]:
    return {Path(path).stem: one for path, one in made.ids().items()}


def entries(minutier: Minutier, *question: str) -> list[dict[str, object]]:
    return [row for row in minutier.run("--json", "audit", *question).rows if "act" in row]


def test_of_a_document_oldest_first_sealed_or_not(made: Minutier, ids: dict[str, str]) -> None:
    found = entries(made, "--document", ids["bail"][:13])
    assert [(row["act"], row["name"]) for row in found][:2] == [("viewed", "Anna Lévy"), ("downloaded", "Ben")]
    assert {row["act"] for row in found[2:]} == {"audited"}, "and that somebody asked"
    assert all(row["document"] == ids["bail"] for row in found)
    assert [row["entry"] for row in found] == sorted(row["entry"] for row in found)


def test_of_a_person_by_name_or_pseudonym(made: Minutier, ids: dict[str, str]) -> None:
    found = entries(made, "--principal", "Anna Lévy")
    assert [row["act"] for row in found] == ["searched", "viewed", "viewed"]
    assert entries(made, "--principal", str(found[0]["by"])) == found
    assert [row["act"] for row in entries(made, "--principal", "Anna Lévy", "--document", ids["vente"])] == ["viewed"]
    assert entries(made, "--principal", "Nobody") == []


def test_a_search_tells_what_was_asked_and_how_much_was_found(made: Minutier, ids: dict[str, str]) -> None:
    searched = entries(made, "--principal", "Anna Lévy")[0]
    assert searched["query"] == "contrat **** **** **** 1111"
    assert searched["found"] == 0
    assert searched["found_sha256"] == hashlib.sha256(b"").hexdigest()


def test_since_and_until(made: Minutier) -> None:
    assert len(entries(made, "--since", "2020-01-01")) >= 4
    assert entries(made, "--since", "2020-01-01", "--until", "2020-12-31") == []
    assert entries(made, "--since", "2999-01-01") == []


def test_for_people(made: Minutier, ids: dict[str, str]) -> None:
    ran = made.run("audit", "--document", ids["bail"])
    assert "viewed      Anna Lévy" in ran.out
    assert "entries" in ran.err


def test_what_the_owner_reads_is_not_logged(made: Minutier, ids: dict[str, str]) -> None:
    before = len(entries(made, "--since", "2020-01-01"))
    made.run("show", ids["bail"])
    made.run("search", "contrat")
    assert len(entries(made, "--since", "2020-01-01")) == before + 1, "only that it was asked for"


def test_something_must_be_asked_for(made: Minutier) -> None:
    assert "--document" in made.run("audit", code=2).err
    assert "no date" in made.run("audit", "--since", "yesterday", code=2).err


def test_a_log_that_cannot_be_written_means_no_answer(made: Minutier, ids: dict[str, str]) -> None:
    import sqlite3

    with sqlite3.connect(made.home / "catalog.sqlite") as raw:
        raw.execute("ALTER TABLE ledger_outbox RENAME TO elsewhere")
    raw.close()
    try:
        for question in (("show", ids["bail"]), ("search", "contrat"), ("get", ids["bail"], "-o", "-"), ("export",)):
            ran = made.run(*ANNA, *question, code=75)
            assert ran.out == ""
            assert "nothing is shown" in ran.err
    finally:
        with sqlite3.connect(made.home / "catalog.sqlite") as raw:
            raw.execute("ALTER TABLE elsewhere RENAME TO ledger_outbox")
        raw.close()


def test_it_is_sound(made: Minutier) -> None:
    checked = made.run("--json", "verify").rows[0]["checked"]
    assert checked["access ledger entries"] >= 3
