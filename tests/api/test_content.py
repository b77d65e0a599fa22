"""Content over HTTP: the very bytes, whole or in part, saved and never shown, and never a whole wrong file."""

from __future__ import annotations

import base64
import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
import pyzipper

from archiver.bootstrap.archive import Archive
from archiver.domain.ledger import Tree
from tests.support.api import make_key, served, serving_process
from tests.support.archives import zipped
from tests.support.command import Minutier
from tests.support.depositing import Client, depositable
from tests.support.on_servers import eventually

LARGE = os.urandom(3_300_000)


class Place:
    """A served archive with a large and a small document, and a member of a container."""

    def __init__(self, archive: Minutier, http: httpx2.Client) -> None:
        self.archive, self.http = archive, http
        self.finance = Client(http, make_key(archive, "finance", groups="finance", scopes="deposit,read,search"))
        self.board = Client(http, make_key(archive, "board", groups="board", scopes="read,search"))
        self.large = self.finance.id_of(LARGE, name="large.bin")
        self.small = self.finance.id_of(b"0123456789", name="small.txt")
        self.box = self.finance.id_of(zipped([("inner.txt", b"in the container " * 5), ("big", LARGE)]), name="box.zip")
        self.finance.archived(self.box)

    def member(self, name: str) -> str:
        found = self.archive.run("--json", "export").rows
        return next(str(row["id"]) for row in found if row["path"].endswith(f"!/{name}"))


@pytest.fixture(scope="module", params=["embedded", "servers"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("content")
    with (
        depositable(request.param, folder) as archive,
        serving_process(archive, api_rate="100000/minute") as server,
        server.client() as http,
    ):
        yield Place(archive, http)


def repr_digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def test_a_whole_document(place: Place) -> None:
    for document, body in ((place.large, LARGE), (place.small, b"0123456789")):
        sent = place.finance.content(document)
        assert sent.content == body
        assert sent.headers["content-length"] == str(len(body))
        assert sent.headers["repr-digest"] == repr_digest(body)
        assert sent.headers["etag"] == f'"{hashlib.sha256(body).hexdigest()}"'
        assert sent.headers["accept-ranges"] == "bytes"
        assert sent.headers["content-disposition"].startswith("attachment; ")
        assert sent.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in sent.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=1000000-2999999", 1_000_000, 3_000_000),
        ("bytes=3299990-", 3_299_990, 3_300_000),
        ("bytes=-5", 3_299_995, 3_300_000),
        ("bytes=5-", 5, 3_300_000),
        ("bytes=-99999999", 0, 3_300_000),
    ],
)
def test_a_part(place: Place, asked: str, start: int, end: int) -> None:
    whole = end - start == len(LARGE)
    for document in (place.large, place.member("big")):
        sent = place.finance.content(document, 200 if whole else 206, Range=asked)
        assert sent.content == LARGE[start:end]
        assert sent.headers.get("content-range") == (None if whole else f"bytes {start}-{end - 1}/3300000")
        assert sent.headers["repr-digest"] == repr_digest(LARGE)


def test_parts_make_the_whole(place: Place) -> None:
    parts = [
        place.finance.content(place.large, 206, Range=f"bytes={at}-{at + 699_999}").content for at in range(0, 3_300_000, 700_000)
    ]
    assert b"".join(parts) == LARGE


def test_a_part_that_is_not_there(place: Place) -> None:
    answer = place.finance.content(place.small, 416, Range="bytes=10-")
    assert answer.headers["content-range"] == "bytes */10"
    assert answer.json()["code"] == "range-not-satisfiable"


def test_several_parts_are_answered_with_all(place: Place) -> None:
    assert place.finance.content(place.small, Range="bytes=0-1,4-5").content == b"0123456789"


def test_what_a_caller_has_is_not_sent_again(place: Place) -> None:
    etag = place.finance.content(place.small).headers["etag"]
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        answer = place.finance.content(place.small, 304, If_None_Match=known)
        assert (answer.content, answer.headers["etag"]) == (b"", etag)
    assert place.finance.content(place.small, If_None_Match='"other"').content
    assert place.finance.content(place.small, 206, Range="bytes=0-1", If_Range=etag).content == b"01"
    assert place.finance.content(place.small, Range="bytes=0-1", If_Range='"other"').content == b"0123456789"


def test_its_head(place: Place) -> None:
    answer = place.http.head(f"/v1/documents/{place.large}/content", headers=place.finance.headers)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(LARGE))
    assert answer.headers["repr-digest"] == repr_digest(LARGE)
    hidden = place.http.head(f"/v1/documents/{place.large}/content", headers=place.board.headers)
    assert hidden.status_code == 404


def test_a_member_of_a_container(place: Place) -> None:
    sent = place.finance.content(place.member("inner.txt"))
    assert sent.content == b"in the container " * 5
    assert 'filename="inner.txt"' in sent.headers["content-disposition"]


def test_a_member_that_its_container_does_not_give_out_is_no_damage(place: Place) -> None:
    file = io.BytesIO()
    with pyzipper.AESZipFile(file, "w", encryption=pyzipper.WZ_AES) as locked:
        locked.setpassword(b"sesame")
        locked.writestr("locked.txt", b"nobody reads this")
    place.finance.archived(place.finance.id_of(file.getvalue(), name="locked.zip"))
    member = place.member("locked.txt")
    answer = place.finance.content(member, 404).json()
    assert (answer["code"], answer["remedy"]) == ("not-found", "get its container instead")
    assert place.http.head(f"/v1/documents/{member}/content", headers=place.finance.headers).status_code == 404


def test_what_may_not_be_seen_is_not_there(place: Place) -> None:
    answers = [
        place.board.content(place.large, 404),
        place.board.content(place.large, 404, Range="bytes=99999999-"),
        place.board.content(place.large, 404, If_None_Match="*"),
        place.board.content(str(uuid4()), 404),
        place.board.content("no-id", 404),
    ]
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.parametrize(
    ("name", "body", "kind"),
    [
        ("page.html", b"<!doctype html><html><body><script>alert(1)</script></body></html>", "application/octet-stream"),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "application/octet-stream"),
        ("page.txt", b"<!doctype html><html><script>alert(1)</script></html>", "application/octet-stream"),
        ("feed.xml", b'<?xml version="1.0"?><a xmlns="http://www.w3.org/1999/xhtml"><script/></a>', "application/octet-stream"),
        ("plain.txt", b"rien que du texte, sans plus", "text/plain"),
        ("small.pdf", b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF", "application/pdf"),
    ],
)
def test_nothing_that_a_browser_would_run(place: Place, name: str, body: bytes, kind: str) -> None:
    document = place.finance.id_of(body + uuid4().hex.encode(), name=name)
    place.finance.archived(document)
    sent = place.finance.content(document)
    assert sent.headers["content-type"] == kind
    assert sent.headers["content-disposition"].startswith("attachment; ")


def test_an_empty_document(place: Place) -> None:
    document = place.finance.id_of(b"", name="empty.txt", reference=uuid4().hex)
    sent = place.finance.content(document)
    assert (sent.content, sent.headers["content-length"]) == (b"", "0")
    place.finance.content(document, 416, Range="bytes=0-")


# -- what is damaged ----------------------------------------------------------------------------------------------------------
def damaged(archive: Minutier, body: bytes, where: int) -> None:
    """One byte of the original with these bytes is another on the disk."""
    path = next((archive.home / "objects" / "locked" / "originals").rglob(hashlib.sha256(body).hexdigest()))
    path.chmod(0o600)
    with open(path, "r+b") as file:
        file.seek(where)
        file.write(bytes([body[where] ^ 1]))


@pytest.mark.parametrize("size", [100, 1024 * 1024, 1024 * 1024 + 1, 3_300_000])
def test_a_damaged_document_is_never_given_whole(size: int, tmp_path: Path) -> None:
    body = os.urandom(size)
    with depositable("embedded", tmp_path) as archive, serving_process(archive) as server:
        token = make_key(archive, groups="finance", scopes="deposit,read")
        with server.client(token) as http:
            client = Client(http, token)
            document = client.id_of(body)
            client.archived(document)
            damaged(archive, body, size // 2)
            if size <= 1024 * 1024:
                assert client.content(document, 500).json()["code"] == "integrity"
            else:
                with pytest.raises(httpx2.RemoteProtocolError):
                    client.content(document)
        assert "is damaged" in server.log.read_text() or size <= 1024 * 1024


def test_slow_readers_hold_no_archive(tmp_path: Path) -> None:
    """As many who read slowly as there are archives to read from keep nobody else waiting."""
    with depositable("embedded", tmp_path) as archive, serving_process(archive, api_threads="2") as server:
        token = make_key(archive, groups="finance", scopes="deposit,read")
        with server.client(token) as http:
            client = Client(http, token)
            body = os.urandom(30_000_000)
            document = client.id_of(body)
            slow = [server.client(token) for _ in range(6)]
            streams = [one.stream("GET", f"/v1/documents/{document}/content") for one in slow]
            answers = [stream.__enter__() for stream in streams]
            pieces = [answer.iter_bytes() for answer in answers]
            first = [next(piece) for piece in pieces]
            assert all(first)
            assert client.content(document, 206, Range="bytes=0-9").content == body[:10]
            assert b"".join([first[0], *pieces[0]]) == body
            for stream, one in zip(streams, slow, strict=True):
                stream.__exit__(None, None, None)
                one.close()


def test_each_download_is_written_down_before_it_begins(tmp_path: Path) -> None:
    with depositable("embedded", tmp_path) as archive:
        token = make_key(archive, groups="finance", scopes="deposit,read")
        with served(archive) as http:
            client = Client(http, token)
            document = client.id_of(b"0123456789")
            client.content(document)
            client.content(document, 206, Range="bytes=2-5")
            etag = client.content(document, 206, Range="bytes=0-0").headers["etag"]
            client.content(document, 304, If_None_Match=etag)
            client.content(document, 416, Range="bytes=999-")
            http.delete(f"/v1/documents/{document}", headers=client.headers)
        with Archive(archive.home) as opened:
            kinds = [leaf.kind for leaf in opened.ledger_rows.leaves(Tree.ACCESS) if leaf.document_id == document]
    assert kinds == ["deposited", "downloaded", "downloaded", "downloaded", "viewed", "refused", "refused"]


def test_bytes_that_were_lost_are_no_missing_document(tmp_path: Path) -> None:
    with depositable("embedded", tmp_path) as archive:
        token = make_key(archive, groups="finance", scopes="deposit,read")
        with served(archive) as http:
            client = Client(http, token)
            body = os.urandom(30)
            document = client.id_of(body)
            (lost,) = (path for path in (archive.home / "objects" / "locked").rglob(hashlib.sha256(body).hexdigest()))
            lost.unlink()
            assert client.content(document, 500).json()["code"] == "integrity"


def test_members_are_unpacked_a_few_at_a_time(tmp_path: Path) -> None:
    """Each is a file on the archive's disk while it is sent."""
    with depositable("embedded", tmp_path) as archive:
        token = make_key(archive, groups="finance", scopes="deposit,read,search")
        with served(archive) as http:
            client = Client(http, token)
            client.archived(client.id_of(zipped([("inner.txt", b"0123456789" * 300_000)]), name="box.zip"))
            member = eventually(
                lambda: next(
                    (
                        hit["id"]
                        for hit in http.post("/v1/search", json={"query": ""}, headers=client.headers).json()["hits"]
                        if hit["parent"]
                    ),
                    None,
                )
            )
            places = http.app.state.front.unpacked
            leave = [places.take("key:erp") for _ in range(4)]
            assert client.content(member, 503).json()["code"] == "busy"
            leave.pop()()
            assert len(client.content(member).content) == 3_000_000
            client.content(member, 206, Range="bytes=0-0")
            assert len([places.take("key:erp") for _ in leave[:1]]) == 1, "places were given back"


def test_what_cannot_be_written_down_is_not_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from archiver.errors import UnreachableError
    from archiver.services.access_log import AccessLog

    with depositable("embedded", tmp_path) as archive:
        token = make_key(archive, groups="finance", scopes="deposit,read")
        with served(archive) as http:
            client = Client(http, token)
            document = client.id_of(b"0123456789")

            def refuse(*_: object) -> None:
                raise UnreachableError("the ledger does not answer")

            monkeypatch.setattr(AccessLog, "write", refuse)
            assert b"0123456789" not in client.content(document, 503).content
