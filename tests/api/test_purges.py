"""Purges over HTTP: planned by one, approved by a signature made elsewhere, run in the background, certified."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from archiver.adapters.keys.personal import PersonalKey
from archiver.bootstrap.archive import Archive
from archiver.bootstrap.purging import Purging
from archiver.errors import RefusedError
from archiver.services.purge import run
from archiver.services.purge.approval import Visa
from archiver.services.purge.signed_elsewhere import GOOD_FOR, ApproveElsewhere
from retention.statements import Approval
from tests.support.api import bearer, make_key, served
from tests.support.command import Minutier
from tests.support.purges import opened
from tests.support.two_sides import TwoSides, two_sides

ALL = ["SHORT", "LEGAL", "VISA"]
VISA = {"authority": "Archives départementales", "reference": "2026/114", "date": "2026-03-02"}
SECONDS = 60


class Office:
    """Those who plan, those who approve, and those who only read."""

    def __init__(self, both: TwoSides, client: TestClient) -> None:
        self.both, self.client = both, client
        scopes = {
            "planner": "purge.plan",
            "approver": "purge.approve",
            "both": "purge.plan,purge.approve",
            "reader": "search,read",
        }
        self.headers = {who: bearer(make_key(both.archive, who, groups=(), scopes=given)) for who, given in scopes.items()}

    def get(self, path: str, who: str = "planner", code: int = 200) -> Any:
        answer = self.client.get(f"/v1/purges{path}", headers=self.headers[who])
        assert answer.status_code == code, answer.text
        return answer.json()

    def post(self, path: str, body: object = None, who: str = "planner", code: int = 200) -> Any:
        answer = self.client.post(f"/v1/purges{path}", json=body, headers=self.headers[who])
        assert answer.status_code == code, answer.text
        return answer.json()

    def plan(self, who: str = "planner", **wanted: object) -> str:
        return str(self.post("", wanted, who, 201)["purge"]["id"])

    def draft(self, purge: str, person: str = "bruno", who: str = "approver", code: int = 200, **more: object) -> Any:
        key = PersonalKey.load(self.both.key(person), lambda: b"")
        body = {"key": key.key_id, "empties": ALL, "visa": VISA} | more
        return self.post(f"/{purge}/approvals/draft", body, who, code)

    def signed(self, statement: str, person: str = "bruno") -> dict[str, str]:
        key = PersonalKey.load(self.both.key(person), lambda: b"")
        return {"statement": statement, "signature": key.sign(statement.encode("ascii")).hex()}

    def approve(self, purge: str, person: str = "bruno", who: str = "approver", **more: object) -> Any:
        return self.post(
            f"/{purge}/approvals", self.signed(self.draft(purge, person, who, **more)["statement"], person), who, 201
        )

    def ended(self, purge: str) -> Any:
        """The purge, once its run has ended."""
        until = time.monotonic() + SECONDS
        while (found := self.get(f"/{purge}"))["run"]["state"] == "running":
            assert time.monotonic() < until, found
            time.sleep(0.05)
        return found


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with two_sides("embedded", tmp_path) as both, served(both.archive) as client:
        yield Office(both, client)


@pytest.mark.parametrize("kind", ["embedded", "servers"])
def test_a_purge_from_its_plan_to_a_certificate_that_is_checked_elsewhere(kind: str, tmp_path: Path) -> None:
    with two_sides(kind, tmp_path) as both, served(both.archive) as client:
        office = Office(both, client)
        planned = office.post("", {"name": "p1"}, code=201)["purge"]
        assert (planned["id"], planned["documents"], planned["author"], planned["signed"]) == ("p1", 6, "key:planner", False)
        assert {one["class"]: one["documents"] for one in planned["classes"]} == dict.fromkeys(ALL, 2)
        assert office.post("/p1/run", code=409)["code"] == "refused"
        statement = office.draft("p1")["statement"]
        (tmp_path / "statement").write_text(statement)
        elsewhere = Minutier(tmp_path / "no archive here")
        made = elsewhere.run("--json", "key", "sign", both.key("bruno"), "--statement", tmp_path / "statement", "--yes").rows[0]
        before, finance = both.archive.ids(), bearer(make_key(both.archive, "finance", groups="finance", scopes="read"))
        seen = {one for one in before.values() if client.get(f"/v1/documents/{one}", headers=finance).status_code == 200}
        approved = office.post("/p1/approvals", {"statement": made["statement"], "signature": made["signature"]}, "approver", 201)
        assert approved["state"] == "approved"
        assert (approved["approvals"][0]["approver"], approved["approvals"][0]["authenticated"]) == ("bruno", True)
        assert office.get("/p1/certificate", code=404)["code"] == "not-found"
        begun = client.post("/v1/purges/p1/run", headers=office.headers["planner"])
        assert (begun.status_code, begun.headers["Location"]) == (202, "/v1/purges/p1")
        done = office.ended("p1")
        assert (done["state"], done["run"]["state"], done["items"]) == ("done", "ended", {"executed": 6}), done
        _require_certified(office, tmp_path)
        there = both.archive.ids()
        assert {one.split("/")[-1] for one in there if "!/" not in one} == {"one.txt", "two.txt", "box.zip"}
        gone = set(before.values()) - set(there.values())
        told = {one: client.get(f"/v1/documents/{one}", headers=finance).json()["code"] for one in gone}
        assert told == {one: "destroyed" if one in seen else "not-found" for one in gone}
        assert set(told.values()) == {"destroyed", "not-found"}
        assert office.post("/p1/run", code=202)["state"] == "ended", "what is done may be run again, and changes nothing"
        assert office.ended("p1")["state"] == "done"
        both.archive.run("verify")


def _require_certified(office: Office, folder: Path) -> None:
    answer = office.client.get("/v1/purges/p1/certificate", headers=office.headers["planner"])
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="purge-p1.json"'
    (folder / "certificate.json").write_bytes(answer.content)
    archive = office.both.archive
    archive.run("key", "export", folder / "archive.pub")
    checked = archive.run("--json", "certificate", "verify", folder / "certificate.json", "--key", folder / "archive.pub").rows[0]
    assert (checked["sound"], checked["signer_known"], checked["documents"]) == (True, True, 6)
    body = answer.text
    assert not any(word in body for word in ("bruno", "key:planner", "départementales", "quetzalcoatlus", "short.txt"))
    pdf = office.client.get("/v1/purges/p1/certificate", headers=office.headers["planner"] | {"Accept": "application/pdf"})
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")


# -- by four eyes -----------------------------------------------------------------------------------------------
def test_who_planned_does_not_approve_whoever_signed(office: Office) -> None:
    purge = office.plan("both")
    assert office.draft(purge, who="both", code=403)["code"] == "not-permitted"
    statement = office.draft(purge)["statement"]
    assert office.post(f"/{purge}/approvals", office.signed(statement), "both", 403)["code"] == "not-permitted"
    assert office.get(f"/{purge}")["state"] == "planned"
    office.post(f"/{purge}/approvals", office.signed(statement), "approver", 201)


def test_a_person_who_planned_at_the_command_line_does_not_approve_over_http(office: Office) -> None:
    purge = office.both.archive.run("--json", "purge", "plan", "--key", office.both.key("anna")).rows[0]["purge"]
    assert office.draft(purge, "anna", code=403)["code"] == "not-permitted"
    assert office.approve(purge, "bruno")["state"] == "approved"


def test_a_key_enrolled_for_the_planning_caller_does_not_approve(office: Office) -> None:
    archive, folder = office.both.archive, office.both.archive.home.parent
    archive.run("key", "new", folder / "same.key", "--no-passphrase")
    archive.run("key", "enroll", "key:planner", folder / "same.key.pub")
    key = PersonalKey.load(folder / "same.key", lambda: b"").key_id
    refused = office.post(f"/{office.plan()}/approvals/draft", {"key": key, "empties": ALL, "visa": VISA}, "approver", 403)
    assert refused["code"] == "not-permitted"


def test_a_signature_is_by_the_key_it_was_drawn_up_for_over_every_letter(office: Office) -> None:
    purge = office.plan()
    statement = office.draft(purge)["statement"]
    for wrong in (
        office.signed(statement, "anna"),
        office.signed(statement) | {"signature": "00" * 64},
        {"statement": statement, "signature": office.signed(statement + " ")["signature"]},
    ):
        assert office.post(f"/{purge}/approvals", wrong, "approver", 403)["code"] == "not-permitted"
    assert office.get(f"/{purge}")["approvals"] == []


def test_nobody_words_an_approval_of_their_own(office: Office) -> None:
    purge, other = office.plan(), office.plan()
    statement = office.draft(purge)["statement"]
    said = Approval.parse(statement)
    longer = statement.replace(f"expires {said.expires.year}", f"expires {said.expires.year + 1}")
    later = statement.replace(f"head {said.head_size} ", f"head {said.head_size + 1} ")
    for own in (longer, later, statement.replace(purge, other)):
        assert own != statement
        assert office.post(f"/{purge}/approvals", office.signed(own), "approver", 409)["code"] == "refused"
    assert office.post(f"/{other}/approvals", office.signed(statement), "approver", 409)["code"] == "refused"
    assert office.post(f"/{purge}/approvals", office.signed("minutier purge approval v1\n"), "approver", 400)["code"] == "usage"
    plan = office.get(f"/{purge}")["plan"]
    assert office.post(f"/{purge}/approvals", office.signed(plan), "approver", 400)["code"] == "usage"


def test_a_draft_serves_once_and_only_the_newest(office: Office) -> None:
    purge = office.plan()
    first, second = office.draft(purge)["statement"], office.draft(purge)["statement"]
    assert office.post(f"/{purge}/approvals", office.signed(first), "approver", 409)["code"] == "refused"
    office.post(f"/{purge}/approvals", office.signed(second), "approver", 201)
    assert office.post(f"/{purge}/approvals", office.signed(second), "approver", 409)["code"] == "refused"
    assert len(office.get(f"/{purge}")["approvals"]) == 1


def test_a_revoked_key_approves_nothing_any_more(office: Office) -> None:
    purge = office.plan()
    statement = office.draft(purge)["statement"]
    office.both.archive.run("key", "revoke", Approval.parse(statement).key_id or "", "--reason", "lost")
    assert office.post(f"/{purge}/approvals", office.signed(statement), "approver", 403)["code"] == "not-permitted"
    assert office.draft(purge, code=403)["code"] == "not-permitted"
    assert office.post(f"/{purge}/approvals/draft", {"key": "0" * 16}, "approver", 404)["code"] == "not-found"


def test_an_approval_is_never_weaker_than_at_the_command_line(office: Office) -> None:
    purge = office.plan()
    assert office.draft(purge, empties=["SHORT"], code=409)["code"] == "refused"
    assert office.draft(purge, visa=None, code=409)["code"] == "refused"
    assert office.draft(purge, expires="P1Y", code=400)["code"] == "usage"
    assert office.draft(purge, expires="P0D", code=400)["code"] == "usage"


def test_what_was_drawn_up_too_long_ago_is_refused(office: Office) -> None:
    purge_id = office.plan()
    with opened(office.both.archive.home, office.both.folder) as one:
        purge = one.archive.catalog.purge(purge_id)
        service = ApproveElsewhere(one.purging.approving(), one.archive.catalog, "0" * 16)
        key = one.key("bruno")
        statement = service.draw_up(
            purge, key.key_id, one.clock.now(), lasts=timedelta(days=7), empties=tuple(ALL), visa=Visa("a", "r", "2026-01-01")
        )
        signature = key.sign(statement.encode("ascii"))
        one.clock.move(GOOD_FOR)
        with pytest.raises(RefusedError, match="too long ago"):
            service.take(purge, statement, signature, one.clock.now())
        one.clock.move(-timedelta(seconds=1))
        assert service.take(purge, statement, signature, one.clock.now()).approvals


# -- who may what -----------------------------------------------------------------------------------------------
def test_each_step_needs_its_own_scope(office: Office) -> None:
    purge = office.plan()
    for who in ("reader", "approver"):
        assert office.post("", {}, who, 403)["code"] == "not-permitted"
        assert office.post(f"/{purge}/run", None, who, 403)["code"] == "not-permitted"
    for path in ("", f"/{purge}", f"/{purge}/items", f"/{purge}/certificate"):
        assert office.get(path, "reader", 403)["code"] == "not-permitted"
    assert office.draft(purge, who="planner", code=403)["code"] == "not-permitted"
    assert office.get(f"/{purge}", "approver")["id"] == purge
    assert office.get("/none", code=404)["detail"] == "there is no such purge"
    assert office.post("/none/run", code=404)["code"] == "not-found"


def test_items_are_ids_and_reasons_and_come_in_pages(office: Office) -> None:
    purge = office.plan()
    found, cursor = [], ""
    while cursor is not None:
        page = office.get(f"/{purge}/items?limit=4{cursor and f'&cursor={cursor}'}")
        found += page["items"]
        cursor = page["next_cursor"]
    assert [one["position"] for one in found] == list(range(6))
    assert {one["id"] for one in found} == {one for name, one in office.both.ids.items() if name.split("/")[1][0] in "slv"}
    assert "txt" not in str(found)


def test_nothing_due_is_no_plan(office: Office) -> None:
    nothing = office.post("", {"class": "LEASE"})
    assert nothing == {"purge": None, "withheld_by_reason": {}}
    assert office.post("", {"class": "LAESE"}, code=400)["code"] == "usage"
    assert office.post("", {"name": "../up"}, code=400)["code"] == "usage"
    office.plan(name="taken")
    assert office.post("", {"name": "taken"}, code=409)["code"] == "already-exists"


def test_what_is_held_is_withheld_and_why_is_not_told(office: Office) -> None:
    archive = office.both.archive
    archive.run(
        "hold",
        "place",
        "--id",
        "h",
        "--matter",
        "SECRET-MATTER",
        "--reason",
        "r",
        "--owner",
        "o",
        office.both.ids["leases/short.txt"],
    )
    purge = office.post("", {}, code=201)["purge"]
    assert (purge["documents"], purge["withheld"], purge["withheld_by_reason"]) == (5, 1, {"kept": 1})
    office.approve(purge["id"])
    archive.run(
        "hold",
        "place",
        "--id",
        "i",
        "--matter",
        "SECRET-MATTER",
        "--reason",
        "r",
        "--owner",
        "o",
        office.both.ids["secret/short.txt"],
    )
    office.post(f"/{purge['id']}/run", code=202)
    done = office.ended(purge["id"])
    assert done["items"] == {"executed": 4, "withheld": 1}
    assert "SECRET-MATTER" not in str(done) + str(office.get(f"/{purge['id']}/items"))


# -- running ----------------------------------------------------------------------------------------------------
def test_whoever_writes_is_not_disturbed_and_the_caller_comes_again(office: Office) -> None:
    purge = office.plan()
    office.approve(purge)
    with Archive(office.both.archive.home, writable=True):
        for path, body in ((f"/{purge}/run", None), ("", {})):
            answer = office.client.post(f"/v1/purges{path}", json=body, headers=office.headers["planner"])
            assert (answer.status_code, answer.json()["code"]) == (503, "locked")
            assert int(answer.headers["Retry-After"]) > 0
    assert office.get(f"/{purge}")["run"] is None
    office.post(f"/{purge}/run", code=202)
    assert office.ended(purge)["state"] == "done"


def test_a_server_that_ends_stops_a_run_and_the_next_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "CHUNK", 1)
    with two_sides("embedded", tmp_path) as both:
        with served(both.archive) as client:
            office = Office(both, client)
            purge = office.plan()
            office.approve(purge)
            original, runs = Purging.destroying, client.app.state.front.serving.purge_runs

            def slow(self: Purging, stray: Any) -> Any:
                destroying = original(self, stray)
                runs._stop.set()  # while the first chunk is in hand
                return destroying

            monkeypatch.setattr(Purging, "destroying", slow)
            office.post(f"/{purge}/run", code=202)
            found = office.ended(purge)
            assert found["run"]["state"] == "stopped"
            assert found["items"] == {"executed": 1, "planned": 5}
            assert office.post(f"/{purge}/run", code=503)["code"] == "locked", "it ends: nothing is begun any more"
        monkeypatch.setattr(Purging, "destroying", original)
        with served(both.archive) as client:
            again = Office.__new__(Office)
            again.both, again.client, again.headers = both, client, office.headers
            assert again.get(f"/{purge}")["state"] == "running"
            again.post(f"/{purge}/run", code=202)
            assert again.ended(purge)["items"] == {"executed": 6}
        both.archive.run("verify")


def test_a_plan_and_an_approval_under_one_key_are_made_once(office: Office) -> None:
    def sent(path: str, body: object, who: str) -> Any:
        return office.client.post(
            f"/v1/purges{path}", json=body, headers=office.headers[who] | {"Idempotency-Key": f"once{path}"}
        )

    first, again = sent("", {}, "planner"), sent("", {}, "planner")
    assert (first.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    purge = first.json()["purge"]["id"]
    assert again.json() == first.json()
    signed = office.signed(office.draft(purge)["statement"])
    given = [sent(f"/{purge}/approvals", signed, "approver") for _ in range(2)]
    assert [one.status_code for one in given] == [201, 201]
    assert given[0].json() == given[1].json()
    assert len(office.get(f"/{purge}")["approvals"]) == 1
    assert len(office.get("")["purges"]) == 1
