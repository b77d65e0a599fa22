"""Evidence over HTTP: for whoever may see the document, checked offline, and the attestation only of what is committed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from tests.support.api import bearer, make_key, served
from tests.support.two_sides import TwoSides, two_sides


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[TwoSides, TestClient]]:
    with two_sides("embedded", tmp_path) as found, served(found.archive) as client:
        yield found, client


@pytest.mark.parametrize("kind", ["embedded", "servers"])
@pytest.mark.parametrize("what", ["evidence", "attestation"])
def test_what_is_issued_is_checked_without_the_archive(kind: str, what: str, tmp_path: Path) -> None:
    with two_sides(kind, tmp_path) as found, served(found.archive) as client:
        reader = bearer(make_key(found.archive, groups=("finance",), scopes="read"))
        address = f"/v1/documents/{found.ids['leases/one.txt']}/{what}"
        answer = client.get(address, headers=reader)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json"), answer.text
        assert not any(word in answer.text for word in ("one.txt", "quetzalcoatlus", "leases/"))
        (tmp_path / "evidence.json").write_bytes(answer.content)
        found.archive.run("key", "export", tmp_path / "archive.pub")
        found.archive.run("certificate", "verify", tmp_path / "evidence.json", "--key", tmp_path / "archive.pub")
        found.archive.run("certificate", "verify", tmp_path / "evidence.json", code=1)
        pdf = client.get(address, headers=reader | {"Accept": "application/pdf"})
        assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
        assert pdf.headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize("what", ["evidence", "attestation"])
def test_there_is_none_of_what_may_not_be_seen(both: tuple[TwoSides, TestClient], what: str) -> None:
    found, client = both
    reader = bearer(make_key(found.archive, groups=("finance",), scopes="read"))
    problems = [
        client.get(f"/v1/documents/{one}/{what}", headers=reader).json() for one in (found.ids["secret/one.txt"], str(uuid4()))
    ]
    assert problems[0] == problems[1]
    assert problems[0]["code"] == "not-found"
    searcher = bearer(make_key(found.archive, "searcher", groups=("finance",), scopes="search"))
    assert client.get(f"/v1/documents/{found.ids['leases/one.txt']}/{what}", headers=searcher).status_code == 403


def test_a_hold_is_told_only_to_whoever_may_know_of_holds(both: tuple[TwoSides, TestClient]) -> None:
    found, client = both
    document = found.ids["leases/one.txt"]
    found.archive.run("hold", "place", "--id", "h", "--matter", "SECRET-MATTER", "--reason", "r", "--owner", "o", document)
    bodies = {
        scopes: client.get(
            f"/v1/documents/{document}/evidence", headers=bearer(make_key(found.archive, scopes.replace(",", "-"), scopes=scopes))
        ).text
        for scopes in ("read", "read,hold")
    }
    assert "held" not in bodies["read"]
    assert "held" in bodies["read,hold"]
    assert not any("SECRET-MATTER" in body for body in bodies.values())
