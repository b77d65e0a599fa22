"""Imports over HTTP: counts for whoever runs the archive, documents only for those who may see them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.support.api import bearer, make_key, served
from tests.support.two_sides import BATCH, TwoSides, two_sides


class Admin:
    """A caller with the scope `admin` and these groups."""

    def __init__(self, both: TwoSides, client: TestClient, *groups: str, scopes: str = "admin") -> None:
        self.both, self.client = both, client
        self._headers = bearer(make_key(both.archive, f"admin-{'-'.join(groups) or 'none'}", groups=groups, scopes=scopes))

    def get(self, path: str, code: int = 200) -> Any:
        answer = self.client.get(f"/v1/{path}", headers=self._headers)
        assert answer.status_code == code, answer.text
        return answer.json()

    def report(self, limit: int) -> tuple[list[dict[str, Any]], int, int]:
        """All its lines, how many were passed over, and in how many pages."""
        lines, passed, pages, cursor = [], 0, 0, ""
        while True:
            page = self.get(f"batches/{BATCH}/report?limit={limit}{cursor}")
            lines, passed, pages = lines + page["lines"], passed + page["not_visible"], pages + 1
            if not page["next_cursor"]:
                return lines, passed, pages
            cursor = f"&cursor={page['next_cursor']}"


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[TwoSides, TestClient]]:
    with two_sides("embedded", tmp_path) as found, served(found.archive) as client:
        yield found, client


@pytest.mark.parametrize("kind", ["embedded", "servers"])
def test_an_administrator_sees_counts_and_no_document_by_being_one(kind: str, tmp_path: Path) -> None:
    with two_sides(kind, tmp_path) as both, served(both.archive) as client:
        nobody = Admin(both, client)
        assert [(one["id"], one["state"], one["lines"]) for one in nobody.get("batches")["batches"]] == [(BATCH, "finished", 12)]
        shown = nobody.get(f"batches/{BATCH}")
        assert (shown["proof"]["lines_in"], shown["proof"]["outcomes_out"], shown["proof"]["whole"]) == (12, 12, True)
        assert shown["proof"]["members"] == 4
        assert nobody.report(100) == ([], 12, 1)
        assert str(both.folder) not in str(shown), "the folders an import was given are names, too"
        finance = Admin(both, client, "finance")
        lines, passed, _ = finance.report(100)
        assert {one["document"] for one in lines} == {one for name, one in both.ids.items() if name.startswith("leases/")}
        assert passed == 6
        assert all("/leases/" in one["source"] for one in lines)


@pytest.mark.parametrize("limit", [1, 5, 6, 12])
def test_a_report_comes_in_pages_with_every_line_once(both: tuple[TwoSides, TestClient], limit: int) -> None:
    lines, passed, pages = Admin(*both, "finance").report(limit)
    assert (len(lines), passed) == (6, 6)
    assert [one["line"] for one in lines] == sorted({one["line"] for one in lines})
    assert pages >= 12 // limit


def test_batches_come_in_pages(both: tuple[TwoSides, TestClient], tmp_path: Path) -> None:
    found, _ = both
    (tmp_path / "new.txt").write_text("new")
    for name in ("second", "third"):
        found.archive.run("import", tmp_path / "new.txt", "--collection", "leases", "--batch", name)
    admin, seen, cursor = Admin(*both), [], ""
    while cursor is not None:
        page = admin.get(f"batches?limit=1{cursor and f'&cursor={cursor}'}")
        seen += [one["id"] for one in page["batches"]]
        cursor = page["next_cursor"]
    assert seen == ["third", "second", BATCH]


def test_that_others_have_the_same_bytes_is_told_to_nobody(both: tuple[TwoSides, TestClient], tmp_path: Path) -> None:
    found, _ = both
    for name in ("hidden.txt", "shown.txt"):
        (tmp_path / name).write_text("the same bytes in both")
    (tmp_path / "hidden.jsonl").write_text(f'{{"path": "{tmp_path}/hidden.txt", "grants": ["group:board"]}}\n')
    found.archive.run("import", "--manifest", tmp_path / "hidden.jsonl", "--collection", "leases", code=None)
    found.archive.run("import", tmp_path / "shown.txt", "--collection", "leases", "--batch", "twin")
    assert found.archive.run("--json", "batch", "report", "twin").rows[0]["outcome"] == "duplicate"
    line = Admin(*both, "finance").get("batches/twin/report")["lines"][0]
    assert (line["outcome"], line["reason"]) == ("archived", "")


def test_what_is_not_there_is_not_found_and_others_may_not_ask(both: tuple[TwoSides, TestClient]) -> None:
    admin = Admin(*both)
    for path in ("batches/none", "batches/none/report"):
        assert admin.get(path, 404)["detail"] == "there is no such batch"
    reader = Admin(*both, "finance", scopes="read,hold,event,purge.plan")
    for path in ("batches", f"batches/{BATCH}", f"batches/{BATCH}/report"):
        assert reader.get(path, 403)["code"] == "not-permitted"


def test_a_cursor_is_of_one_list_only(both: tuple[TwoSides, TestClient]) -> None:
    admin = Admin(*both, "finance")
    cursor = admin.get(f"batches/{BATCH}/report?limit=1")["next_cursor"]
    for path in (f"batches?cursor={cursor}", "batches?cursor=made-up"):
        assert admin.get(path, 400)["code"] == "usage"
