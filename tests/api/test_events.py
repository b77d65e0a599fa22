"""Events over HTTP: recorded for what a caller may see, and what waits told of it alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from archiver.api import events
from tests.support.api import bearer, make_key, served
from tests.support.two_sides import BATCH, MARKER, TwoSides, two_sides

EVENT = {"event": "lease_end", "date": "2020-06-30"}


class Recorder:
    """A caller that sees one side."""

    def __init__(self, both: TwoSides, client: TestClient, group: str = "finance") -> None:
        self.both, self.client = both, client
        self._headers = bearer(make_key(both.archive, group, groups=(group,), scopes="event"))

    def get(self, path: str, code: int = 200) -> Any:
        answer = self.client.get(f"/v1/{path}", headers=self._headers)
        assert answer.status_code == code, answer.text
        return answer.json()

    def record(self, selection: object, code: int = 200, **more: object) -> Any:
        answer = self.client.post("/v1/events", json=EVENT | {"selection": selection} | more, headers=self._headers)
        assert answer.status_code == code, answer.text
        return answer.json()

    def told(self, name: str) -> list[dict[str, Any]]:
        """What the archive's owner finds recorded of a document."""
        return self.both.archive.run("--json", "event", "list", self.both.ids[name]).rows


@pytest.fixture
def finance(tmp_path: Path) -> Iterator[Recorder]:
    with two_sides("embedded", tmp_path) as both, served(both.archive) as client:
        yield Recorder(both, client)


@pytest.mark.parametrize("kind", ["embedded", "servers"])
def test_an_event_is_recorded_and_its_document_is_due(kind: str, tmp_path: Path) -> None:
    with two_sides(kind, tmp_path) as both, served(both.archive) as client:
        finance = Recorder(both, client)
        one, box = both.ids["leases/one.txt"], both.ids["leases/box.zip"]
        answer = finance.record({"ids": [one, both.members["inner.txt@leases"]]})
        assert (answer["recorded"], answer["dated"], answer["members"]) == (2, 2, 1)
        for document in (one, box):
            told = finance.get(f"documents/{document}/events")
            assert [(event["event"], event["date"]) for event in told["events"]] == [("lease_end", "2020-06-30")]
            assert both.archive.run("--json", "explain", document).rows[0]["retain_until"] == "2021-06-30"
        member = finance.get(f"documents/{both.members['other.txt@leases']}/events")
        assert (member["original"], len(member["events"])) == (box, 1)
        both.archive.run("verify")


def test_the_later_day_counts_and_the_same_day_is_no_news(finance: Recorder) -> None:
    one = finance.both.ids["leases/one.txt"]
    finance.record({"ids": [one]})
    again = finance.record({"ids": [one]})
    assert (again["recorded"], again["recorded_before"]) == (0, 1)
    earlier = finance.record({"ids": [one]}, date="2019-01-01")
    assert (earlier["later_day_kept"], earlier["troubles"]) == (1, [{"id": one, "what": "later-day-kept", "about": "2020-06-30"}])


@pytest.mark.parametrize("selection", [{"query": MARKER}, {"batch": BATCH}, {"collection": "leases"}])
def test_nothing_is_recorded_of_what_the_caller_may_not_see(finance: Recorder, selection: object) -> None:
    assert finance.record(selection)["recorded"] == 6
    assert finance.told("leases/one.txt")
    assert not finance.told("secret/one.txt")


@pytest.mark.parametrize("kind", ["embedded", "servers"])
def test_an_id_that_may_not_be_seen_is_absent_like_one_that_does_not_exist(kind: str, tmp_path: Path) -> None:
    with two_sides(kind, tmp_path) as both, served(both.archive) as client:
        finance = Recorder(both, client)
        secret, none = both.ids["secret/one.txt"], str(uuid4())
        answer = finance.record({"ids": [both.ids["leases/one.txt"], secret, none]})
        assert (answer["recorded"], answer["absent"]) == (1, 2)
        assert not finance.told("secret/one.txt")
        problems = [finance.record({"ids": [one]}, code=404) for one in (secret, none)]
        assert problems[0] == problems[1]
        assert finance.get(f"documents/{secret}/events", code=404) == finance.get(f"documents/{none}/events", code=404)


def test_an_event_that_no_class_waits_for_is_refused_unless_it_is_meant(finance: Recorder) -> None:
    refused = finance.record({"collection": "leases"}, event="leese_end", code=400)
    assert "lease_end" in refused["remedy"]
    assert finance.record({"collection": "leases"}, event="leese_end", anyway=True)["recorded"] == 6


def test_what_waits_is_told_of_what_may_be_seen(finance: Recorder) -> None:
    names = {one: name for name, one in finance.both.ids.items()}

    def waiting(query: str = "") -> set[str]:
        return {names[one["id"]] for one in finance.get(f"events/missing{query}")["documents"]}

    leases = {"leases/one.txt", "leases/two.txt", "leases/box.zip"}
    assert waiting() == leases == waiting("?class=LEASE")
    assert waiting("?class=SHORT") == set()
    assert waiting("?older_than=P1D") == set()
    finance.record({"ids": [finance.both.ids["leases/one.txt"]]})
    assert waiting() == leases - {"leases/one.txt"}
    assert finance.get("events/missing?older_than=soon", code=400)["code"] == "period-invalid"


def test_what_waits_comes_in_pages_that_end(finance: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LOOKED_AT", 2)
    found: list[str] = []
    answer = finance.get("events/missing")
    pages = 1
    while answer["next_cursor"]:
        found += [one["id"] for one in answer["documents"]]
        cursor = answer["next_cursor"]
        answer = finance.get(f"events/missing?cursor={cursor}")
        pages += 1
    found += [one["id"] for one in answer["documents"]]
    assert sorted(found) == sorted(finance.both.ids[f"leases/{name}"] for name in ("one.txt", "two.txt", "box.zip"))
    assert pages > 3
    board = Recorder(finance.both, finance.client, "board")
    assert board.get(f"events/missing?cursor={cursor}", code=400)["code"] == "usage"


def test_an_event_is_recorded_while_others_write(finance: Recorder) -> None:
    from archiver.bootstrap.archive import Archive

    with Archive(finance.both.archive.home, writable=True):
        assert finance.record({"collection": "leases"})["recorded"] == 6


@pytest.mark.parametrize("wrong", [{"date": "30/06/2020"}, {"event": ""}, {"selection": {}}, {"extra": 1}])
def test_what_is_of_another_form_is_refused(finance: Recorder, wrong: dict[str, object]) -> None:
    body = {"selection": {"collection": "leases"}} | wrong
    assert finance.record(body.pop("selection"), code=400, **body)["code"] == "usage"


def test_days_are_told_as_they_were_said(finance: Recorder) -> None:
    answer = finance.record({"collection": "leases"})
    assert date.fromisoformat(answer["date"]) == date(2020, 6, 30)
    assert answer["event"] == "lease_end"
