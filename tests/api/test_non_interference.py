"""Whoever asks is answered as by an archive that holds only what they may see: byte for byte."""

from __future__ import annotations

import hashlib
import json
import os
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.support.api import ALL, bearer, make_key, served
from tests.support.command import Minutier
from tests.support.twins import CARD, SECRET, WORDS, Twins, twins

CORPORA = int(os.environ.get("MINUTIER_TEST_CORPORA", "2"))
"""How many random corpora; each takes a quarter of a minute."""

QUERIES = (
    "", *WORDS[:6], "fact*", "loy* bail", '"loyer bail"', "facture OR bail", "-facture", "-secret été", SECRET, f"-{SECRET}",
    f"{SECRET} OR facture", f"meta.{SECRET}:yes", "meta.amount:facture", "meta.customer:*", "meta.unknown:x", "title:facture",
    "subject:bail", "kind:mail", "kind:text facture", "collection:hidden", "collection:hr", "class:OTHER", "class:FIVE loyer",
    "outcome:partial", "outcome:complete bail", "year:2021", "date:2018-01-01..2020-12-31 facture", "batch:batch", "batch:other",
    "language:fr", "path:files", "path:secret", "name:secret*", "nosuch:x", f'"{CARD}"', "facture (", "zz*", f"{SECRET[:4]}*",
)  # fmt: skip
"""Questions to which what is hidden would be an answer, and others."""

COLLECTIONS = ([], ["hidden"], ["hr", "invoices"], ["nosuch"])
PARTS = ("", "/text", "/metadata", "/retention", "/content", "/events")

_CURSOR = re.compile(rb'"next_cursor":"([^"]*)"')
_MOMENTS = re.compile(rb'"(received_at|archived_at)":"[^"]*"')
_OF_THE_CALL = ("date", "ratelimit", "ratelimit-policy", "server")


@dataclass(frozen=True, slots=True)
class Told:
    """All that an answer tells. A cursor is sealed with a number used once, so its length is told here, and where it leads is
    asked; the two moments at which the document itself was taken in and archived are the clock's."""

    asked: str = field(compare=False)
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Asker:
    """One caller at one of the archives."""

    def __init__(self, client: TestClient, token: str) -> None:
        self._client, self._headers = client, bearer(token)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[Told, str | None]:
        """The answer, and the cursor in it."""
        found = self._client.request(method, path, json=body, headers=self._headers | headers)
        cursor = _CURSOR.search(found.content)
        told = _MOMENTS.sub(rb'"\1":"then"', _CURSOR.sub(_length, found.content))
        kept = tuple(sorted((name, value) for name, value in found.headers.items() if name not in _OF_THE_CALL))
        if found.headers.get("etag") == f'"{hashlib.sha256(found.content).hexdigest()[:32]}"':  # of the answer and nothing else
            kept = tuple(one for one in kept if one[0] != "etag")
        if cursor:  # lengths of bodies are equal, too: cursors are of one length
            told += f" {len(cursor[1])}".encode()
        return Told(f"{method} {path} {json.dumps(body)}", found.status_code, kept, told), cursor[1].decode() if cursor else None

    def search(self, **question: Any) -> Iterator[Told]:
        """Every page of an answer."""
        told, cursor = self.ask("POST", "/v1/search", question)
        yield told
        while cursor:
            told, cursor = self.ask("POST", "/v1/search", question | {"cursor": cursor})
            yield told


def _length(found: re.Match[bytes]) -> bytes:
    return b'"next_cursor":%d' % len(found[1])


def _answers(asker: Asker, ids: tuple[str, ...], queries: Sequence[str]) -> Iterator[Told]:
    for query in queries:
        for sort in ("relevance", "newest", "oldest"):
            yield from asker.search(query=query, sort=sort, limit=4, fragments=3)
    for collections in COLLECTIONS:
        yield from asker.search(query="facture", collections=collections, limit=100)
    for one in ids:
        yield from asker.search(query=f"id:{one}")
        yield from asker.search(query=f"parent:{one}")
        for part in PARTS:
            yield asker.ask("GET", f"/v1/documents/{one}{part}")[0]
        yield asker.ask("DELETE", f"/v1/documents/{one}")[0]


def _ids(pair: Twins, most: int) -> tuple[str, ...]:
    hidden = sorted(set(pair.ids) - pair.shown)
    return (*sorted(pair.shown)[:most], *hidden[:most], str(uuid.UUID(int=7)))


def _assert_equal(pair: Twins, scopes: str, *, queries: Sequence[str] = QUERIES, most: int = 8) -> None:
    ids = _ids(pair, most)
    tokens = [make_key(archive, "u", groups=pair.groups, scopes=scopes) for archive in (pair.full, pair.alone)]
    rate = {"api_rate": "1000000/minute"}
    with served(pair.full, **rate) as client:
        full = list(_answers(Asker(client, tokens[0]), ids, queries))
    with served(pair.alone, **rate) as client:
        alone = list(_answers(Asker(client, tokens[1]), ids, queries))
    for mine, theirs in zip(full, alone, strict=False):
        assert mine == theirs
    assert len(full) == len(alone)
    assert any(b'"total":0' not in one.body for one in full if one.status == 200), "nothing was seen at all: nothing is shown"
    assert not any(SECRET.encode() in one.body for one in full if one.status < 400)


@pytest.mark.parametrize("seed", range(10, 10 + CORPORA))
def test_answers_are_those_of_an_archive_with_only_what_is_seen(tmp_path: Path, seed: int) -> None:
    with twins(tmp_path, seed, "embedded") as pair:
        _assert_equal(pair, "search,read")


@pytest.mark.parametrize("seed", range(20, 20 + (CORPORA + 1) // 2))
def test_answers_out_of_elasticsearch_are_those_of_an_archive_with_only_what_is_seen(tmp_path: Path, seed: int) -> None:
    with twins(tmp_path, seed, "elasticsearch") as pair:
        _assert_equal(pair, "search,read")


def test_answers_on_servers_are_those_of_an_archive_with_only_what_is_seen(tmp_path: Path) -> None:
    with twins(tmp_path, 31, "servers") as pair:
        _assert_equal(pair, ALL, queries=QUERIES[::4], most=3)


def test_a_caller_without_groups_sees_nothing_whatever_its_scopes(tmp_path: Path) -> None:
    with twins(tmp_path, 41, "embedded") as pair, served(pair.full, api_rate="1000000/minute") as client:
        asker = Asker(client, make_key(pair.full, "nobody", groups="", scopes=ALL))
        for query in ("", "facture", SECRET):
            body = json.loads(next(asker.search(query=query)).body.rsplit(b" ", 1)[0])
            assert (body["total"], body["not_fully_read"], body["hits"]) == (0, 0, [])
            assert not any(body["facets"].values())
        for one in pair.ids:
            assert {asker.ask("GET", f"/v1/documents/{one}{part}")[0].status for part in PARTS} == {404}


def test_the_same_bytes_are_read_as_each_name_says(tmp_path: Path) -> None:
    """At once and one after the other: what was read of bytes that others have serves only where it says the same."""
    archive = Minutier(tmp_path / "archive")
    archive.run("init")
    page = "facture;loyer\n1;2\n3;4\n"
    for when, kinds in (("first", ("csv", "txt")), ("then", ("txt", "csv"))):
        (tmp_path / when).mkdir()
        for kind in kinds:
            (tmp_path / when / f"page.{kind}").write_text(page, "utf-8")
            if when == "then":
                archive.run("import", tmp_path / when, "--grant", "a", "--collection", "then")
        if when == "first":
            archive.run("import", tmp_path / when, "--grant", "a", "--collection", "first")
    with served(archive, api_rate="1000000/minute") as client:
        asker = Asker(client, make_key(archive, "u", groups="a"))
        told: dict[str, set[bytes]] = {}
        for path, one in archive.ids().items():
            for part in ("/text", "/metadata"):
                told.setdefault(Path(path).suffix + part, set()).add(asker.ask("GET", f"/v1/documents/{one}{part}")[0].body)
    assert all(len(bodies) == 1 for bodies in told.values()), "the same name and bytes are told of in two ways"
    assert told[".csv/metadata"] != told[".txt/metadata"]
