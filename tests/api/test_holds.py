"""Holds over HTTP: of what a caller may see and of nothing else, told of to nobody whom it does not concern."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from archiver.errors import UnreachableError
from archiver.services.holds import Holds
from tests.support.api import bearer, make_key, served
from tests.support.two_sides import BATCH, MARKER, TwoSides, two_sides

WISH = {"matter": "2027-014", "reason": "Litige", "owner": "anna"}


class Sides:
    """Two callers, each seeing one side."""

    def __init__(self, both: TwoSides, client: TestClient) -> None:
        self.both, self.client = both, client
        self.headers = {
            name: bearer(make_key(both.archive, name, groups=(group,), scopes="hold,read"))
            for name, group in (("finance", "finance"), ("board", "board"))
        }

    def get(self, path: str, who: str = "finance", code: int = 200) -> Any:
        answer = self.client.get(f"/v1/{path}", headers=self.headers[who])
        assert answer.status_code == code, answer.text
        return answer.json()

    def post(self, path: str, body: object, who: str = "finance", code: int = 200) -> Any:
        answer = self.client.post(f"/v1/{path}", json=body, headers=self.headers[who])
        assert answer.status_code == code, answer.text
        return answer.json()

    def place(self, who: str = "finance", code: int = 201, *, selection: object, **more: object) -> Any:
        return self.post("holds", WISH | {"selection": selection} | more, who, code)

    def held(self, hold: str) -> set[str]:
        """What the archive's owner finds held by it: names with their side."""
        rows = self.both.archive.run("--json", "hold", "show", hold, "--documents").rows[1:]
        names = {one: name for name, one in self.both.ids.items()}
        return {names[row["id"]] for row in rows}


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[Sides]:
    with two_sides("embedded", tmp_path) as both, served(both.archive) as client:
        yield Sides(both, client)


LEASES = {f"leases/{name}" for name in ("one.txt", "two.txt", "box.zip", "short.txt", "legal.txt", "visa.txt")}


@pytest.mark.parametrize("kind", ["embedded", "servers"])
def test_a_hold_is_placed_added_to_and_released(kind: str, tmp_path: Path) -> None:
    with two_sides(kind, tmp_path) as both, served(both.archive) as client:
        sides = Sides(both, client)
        placed = sides.place(selection={"ids": [both.ids["leases/one.txt"]]}, id="h", review="2001-01-01")
        assert (placed["placed"], placed["new"], placed["hold"]["documents"], placed["hold"]["overdue"]) == (1, True, 1, True)
        assert placed["hold"]["placed_by"] == "key:finance"
        added = sides.post(
            "holds/h/documents", {"selection": {"ids": [both.ids["leases/two.txt"], both.members["inner.txt@leases"]]}}
        )
        assert (added["placed"], added["members"], added["new"], added["hold"]["documents"]) == (2, 1, False, 3)
        assert added["troubles"] == [
            {"id": both.members["inner.txt@leases"], "what": "member", "about": both.ids["leases/box.zip"]}
        ]
        assert sides.held("h") == {"leases/one.txt", "leases/two.txt", "leases/box.zip"}
        part = sides.post("holds/h/release", {"reason": "part", "selection": {"ids": [both.ids["leases/two.txt"]]}})
        assert (part["let_go"], part["ended"], part["hold"]["documents"]) == (1, False, 2)
        whole = sides.post("holds/h/release", {"reason": "over"})
        assert (whole["let_go"], whole["ended"], whole["hold"]["released_by"]) == (2, True, "key:finance")
        assert sides.held("h") == set()
        both.archive.run("verify")


def test_the_same_wish_again_adds_to_the_hold_and_another_one_is_refused(sides: Sides) -> None:
    selection = {"collection": "leases"}
    assert sides.place(selection=selection, id="h")["placed"] == 6
    again = sides.place(selection=selection, id="h", code=200)
    assert (again["placed"], again["held_before"], again["new"]) == (0, 6, False)
    assert sides.place(selection=selection, id="h", matter="another", code=400)["code"] == "usage"
    sides.post("holds/h/release", {"reason": "over"})
    assert sides.place(selection=selection, id="h", code=409)["code"] == "refused"


@pytest.mark.parametrize(
    "selection", [{"query": MARKER}, {"batch": BATCH}, {"collection": "leases"}, {"query": MARKER, "collection": "leases"}]
)
def test_a_selection_is_only_of_what_the_caller_may_see(sides: Sides, selection: object) -> None:
    sides.place(selection=selection, id="h")
    assert sides.held("h") == LEASES


@pytest.mark.parametrize("kind", ["embedded", "servers"])
def test_what_may_not_be_seen_is_absent_like_what_does_not_exist(kind: str, tmp_path: Path) -> None:
    with two_sides(kind, tmp_path) as both, served(both.archive) as client:
        sides = Sides(both, client)
        secret, member, none = both.ids["secret/one.txt"], both.members["inner.txt@secret"], str(uuid4())
        placed = sides.place(selection={"ids": [secret, both.ids["leases/one.txt"], none, member, "no id"]}, id="h")
        assert (placed["placed"], placed["absent"], placed["hold"]["documents"]) == (1, 4, 1)
        assert {one["id"]: one["what"] for one in placed["troubles"]} == dict.fromkeys([secret, none, member, "no id"], "absent")
        assert sides.held("h") == {"leases/one.txt"}
        for wrong in ({"ids": [secret]}, {"ids": [none]}, {"collection": "secret"}, {"collection": "no such"}, {"batch": "none"}):
            problems = sides.place(selection=wrong, id="x", code=404)
            assert (problems["code"], problems["detail"]) == ("not-found", "there is no such document")
        assert "x" not in [row["hold"] for row in both.archive.run("--json", "hold", "list").rows]


def test_a_hold_on_what_a_caller_may_not_see_does_not_exist_for_it(sides: Sides) -> None:
    sides.place("board", selection={"collection": "secret"}, id="theirs")
    assert sides.get("holds") == {"holds": []}
    unknown = sides.get("holds/none", code=404)
    assert sides.get("holds/theirs", code=404) == unknown
    for path, body in (("documents", {"selection": {"collection": "leases"}}), ("release", {"reason": "no"})):
        assert sides.post(f"holds/theirs/{path}", body, code=404)["detail"] == unknown["detail"]
    taken = sides.place(selection={"collection": "leases"}, id="theirs", code=409)
    assert taken["code"] == "already-exists"
    assert "2027-014" not in str(taken)
    assert [one["id"] for one in sides.get("holds", "board")["holds"]] == ["theirs"]


def test_counts_and_ends_are_of_what_the_caller_may_see(sides: Sides) -> None:
    both = sides.both
    ids = [both.ids["leases/one.txt"], both.ids["secret/one.txt"], both.ids["secret/two.txt"]]
    both.archive.run("hold", "place", "--id", "wide", "--matter", "m", "--reason", "r", "--owner", "o", *ids)
    assert sides.get("holds/wide")["documents"] == 1
    assert sides.get("holds/wide", "board")["documents"] == 2
    assert sides.post("holds/wide/release", {"reason": "over"}, code=403)["code"] == "not-permitted"
    assert sides.held("wide") == {"leases/one.txt", "secret/one.txt", "secret/two.txt"}
    released = sides.post("holds/wide/release", {"reason": "over", "selection": {"ids": ids}})
    assert (released["let_go"], released["absent"], released["ended"]) == (1, 2, False)
    assert sides.held("wide") == {"secret/one.txt", "secret/two.txt"}
    assert sides.get("holds") == {"holds": []}, "it holds nothing of theirs any more"
    assert sides.post("holds/wide/release", {"reason": "over"}, "board")["ended"] is True


def test_what_arrives_later_is_held_only_by_whom_the_collection_is_open_to(sides: Sides, tmp_path: Path) -> None:
    both = sides.both
    for name in ("secret", "no-such-collection"):
        refused = sides.place(selection={"collection": name}, and_later=True, id="later", code=403)
        assert refused["code"] == "not-permitted"
    assert sides.place(selection={"query": MARKER}, and_later=True, code=400)["code"] == "usage"
    sides.place(selection={"collection": "leases"}, and_later=True, id="later")
    new = tmp_path / "new.txt"
    new.write_text("arrives later")
    both.archive.run("import", new, "--collection", "leases")
    assert sides.get("holds/later")["documents"] == 7


def test_lists_say_which_are_open_and_which_are_overdue(sides: Sides) -> None:
    sides.place(selection={"collection": "leases"}, id="late", review="2001-01-01")
    sides.place(selection={"collection": "leases"}, id="over")
    sides.post("holds/over/release", {"reason": "over"})
    shown = {name: [one["id"] for one in sides.get(f"holds{name}")["holds"]] for name in ("", "?open=true", "?overdue=true")}
    assert {key: set(value) for key, value in shown.items()} == {
        "": {"late", "over"},
        "?open=true": {"late"},
        "?overdue=true": {"late"},
    }


def test_only_a_key_for_holds_may(sides: Sides) -> None:
    reader = bearer(make_key(sides.both.archive, "reader", groups=("finance",), scopes="search,read,event,admin"))
    for answer in (
        sides.client.get("/v1/holds", headers=reader),
        sides.client.post("/v1/holds", json=WISH | {"selection": {"collection": "leases"}}, headers=reader),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "not-permitted")


@pytest.mark.parametrize(
    "body",
    [
        {"selection": {}},
        {"selection": {"ids": []}},
        {"selection": {"ids": ["x"], "batch": "b"}},
        {"selection": {"collection": "leases"}, "id": "../up"},
        {"selection": {"collection": "leases"}, "owner": ""},
        {"selection": {"collection": "leases"}, "surprise": 1},
        {"selection": {"ids": ["0" * 101]}},
    ],
)
def test_a_wish_of_another_form_is_refused(sides: Sides, body: dict[str, object]) -> None:
    assert sides.post("holds", WISH | body, code=400)["code"] == "usage"


def test_held_is_held_whoever_writes(sides: Sides) -> None:
    """A hold is accepted while the archive's write lock is somebody else's."""
    from archiver.bootstrap.archive import Archive

    with Archive(sides.both.archive.home, writable=True):
        assert sides.place(selection={"collection": "leases"}, id="h")["placed"] == 6
    assert sides.held("h") == LEASES


def test_a_hold_that_is_asked_for_twice_under_one_key_is_placed_once(sides: Sides) -> None:
    def sent(body: object, key: str = "once") -> Any:
        headers = sides.headers["finance"] | {"Idempotency-Key": key}
        return sides.client.post("/v1/holds", json=body, headers=headers)

    wish = WISH | {"selection": {"collection": "leases"}}
    first, again = sent(wish), sent(wish)
    assert (first.status_code, again.status_code, again.headers["Idempotent-Replayed"]) == (201, 201, "true")
    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    assert sent(wish | {"matter": "another"}).status_code == 422
    assert sent(wish, "twice").json()["hold"]["id"] != first.json()["hold"]["id"]
    assert len(sides.get("holds")["holds"]) == 2


def test_a_placing_that_was_cut_off_is_gone_on_with_under_its_key(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    wish = WISH | {"selection": {"collection": "leases"}}
    headers = sides.headers["finance"] | {"Idempotency-Key": "cut"}
    with monkeypatch.context() as patched:
        patched.setattr(Holds, "place", _cut_off)
        assert sides.client.post("/v1/holds", json=wish, headers=headers).status_code == 503
    answer = sides.client.post("/v1/holds", json=wish, headers=headers)
    assert answer.json()["placed"] == 6
    assert len(sides.get("holds")["holds"]) == 1


def _cut_off(*_: object) -> None:
    raise UnreachableError("the store went away")
