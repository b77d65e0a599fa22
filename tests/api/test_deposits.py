"""Deposits over HTTP: safe once answered, found once read, and nothing that a caller may not."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import pytest

from archiver.api.places import Places
from archiver.bootstrap.archive import Archive
from archiver.domain.ledger import Tree
from archiver.errors import BusyError
from tests.support.api import _address, make_key, served, serving_process
from tests.support.archives import zipped
from tests.support.command import Minutier
from tests.support.depositing import Client, depositable
from tests.support.on_servers import eventually, workers

DEPOSITOR = "deposit,read,search"


class Place:
    """A served archive, and its callers."""

    def __init__(self, archive: Minutier, client: httpx2.Client) -> None:
        self.archive, self.http = archive, client
        self.finance = self.caller("finance", groups="finance")
        self.board = self.caller("board", groups="board")

    def caller(self, name: str, *, groups: str, scopes: str = DEPOSITOR) -> Client:
        return Client(self.http, make_key(self.archive, name, groups=groups, scopes=scopes))

    def scratch(self) -> list[str]:
        return [path.name for path in (self.archive.home / "scratch").iterdir() if not path.name.startswith("minutier-")]


@pytest.fixture(scope="module", params=["embedded", "servers"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("deposits")
    with (
        depositable(request.param, folder) as archive,
        serving_process(archive, api_rate="100000/minute") as server,
        server.client() as client,
    ):
        yield Place(archive, client)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The embedded one alone, for what does not depend on the stores."""
    folder = tmp_path_factory.mktemp("here")
    with (
        depositable("embedded", folder) as archive,
        serving_process(archive, api_rate="100000/minute", api_deposit_bytes="3000000") as server,
        server.client() as client,
    ):
        yield Place(archive, client)


def some(words: str = "") -> bytes:
    """Bytes nobody handed in before."""
    return f"{words} {uuid4().hex}".encode()


# -- what it is for -----------------------------------------------------------------------------------------------------------
def test_a_deposit_is_safe_then_read_then_found(place: Place) -> None:
    word = f"w{uuid4().hex}"
    body = f"Bail commercial {word}".encode()
    answer = place.finance.deposit(body, reference=f"INV-{word}", declared={"fiscal_year_end": "2026-12-31"})
    document = answer.json()["id"]
    assert answer.json() == {"id": document, "state": "received", "status": f"/v1/documents/{document}"}
    assert answer.headers["location"] == f"/v1/documents/{document}"
    assert place.finance.content(document).content == body  # at once
    found = place.finance.archived(document)
    assert (found["state"], found["class"], found["collection"]) == ("archived", "FR-ACCOUNTING", "invoices")
    assert (found["name"], found["declared"]) == ("minute.txt", {"fiscal_year_end": "2026-12-31"})
    assert found["reference"] == f"INV-{word}"
    eventually(lambda: place.finance.total(word) == 1)
    assert place.board.total(word) == 0
    place.board.get(f"documents/{document}", 404)


def test_it_is_found_by_its_name(place: Place) -> None:
    word = f"w{uuid4().hex}"
    document = place.finance.id_of(b"\xff\xd8 no text", name=f"reçu {word}.jpg", reference=f"shop/{uuid4().hex}")
    place.finance.archived(document)
    for query in (word, f'name:"reçu {word}"'):
        eventually(lambda query=query: place.finance.total(query) == 1)


def test_the_receipt_holds_for_the_reference_it_was_handed_in_under(place: Place, tmp_path: Path) -> None:
    body, reference = some(), f"INV/{uuid4().hex}"
    document = place.finance.id_of(body, reference=reference)
    place.finance.archived(document)
    asked = {"url": f"/v1/documents/{document}/attestation", "headers": place.finance.headers}
    eventually(lambda: place.http.get(**asked).status_code == 200)  # 409 until the ledger's entry is sealed
    receipt = place.http.get(**asked)
    (tmp_path / "receipt.json").write_bytes(receipt.content)
    (tmp_path / "body").write_bytes(body)
    verify = ("certificate", "verify", tmp_path / "receipt.json", "--document", tmp_path / "body", "--reference")
    place.archive.run("key", "export", tmp_path / "archive.pub")
    place.archive.run(*verify, reference, "--key", tmp_path / "archive.pub")
    place.archive.run(*verify, f"{reference}0", "--key", tmp_path / "archive.pub", code=4)


@pytest.mark.parametrize("size", [0, 1, 255 * 1024, 257 * 1024, 2_500_000])
def test_any_size_comes_in_as_it_was_sent(place: Place, size: int) -> None:
    body = os.urandom(size)
    document = place.finance.id_of(body, file_first=bool(size % 2), sha256=hashlib.sha256(body).hexdigest())
    assert place.finance.content(document).content == body
    assert place.finance.get(f"documents/{document}").json()["sha256"] == hashlib.sha256(body).hexdigest()


def test_the_same_reference_and_bytes_are_one_document(place: Place) -> None:
    body, reference = some(), uuid4().hex
    document = place.finance.id_of(body, reference=reference)
    again = place.finance.deposit(body, reference=reference, code=409).json()
    assert again["code"] == "already-exists"
    assert document in again["detail"]
    other = place.finance.id_of(body, reference=f"{reference}-other")
    assert other != document
    assert place.finance.id_of(some(), reference=reference) not in (document, other)


def test_of_what_others_have_nothing_is_told(place: Place) -> None:
    body, reference = some(), uuid4().hex
    post = place.caller(f"post-{reference[:8]}", groups="post")
    theirs = place.finance.deposit(body, reference=reference, collection="letters", grants=["finance"])
    mine = post.deposit(body, reference=reference, collection="letters")
    assert mine.json()["id"] != theirs.json()["id"]
    assert mine.json().keys() == theirs.json().keys()
    post.get(f"documents/{theirs.json()['id']}", 404)


def test_sixteen_at_once(place: Place) -> None:
    bodies = [some(f"sixteen {number}") for number in range(48)]
    with ThreadPoolExecutor(16) as pool:
        ids = list(pool.map(lambda body: place.finance.id_of(body), bodies))
    assert len(set(ids)) == 48
    for document, body in zip(ids, bodies, strict=True):
        assert place.finance.content(document).content == body
    eventually(lambda: place.finance.total("sixteen") == 48)


def test_a_container_is_read_member_by_member(place: Place) -> None:
    word = f"z{uuid4().hex}"
    box = zipped([("inner.txt", word.encode()), ("../../escape.txt", b"x"), ("<b>.html", b"<script>alert(1)</script>")])
    document = place.finance.id_of(box, name="box.zip")
    assert place.finance.archived(document)["members"] == 3
    eventually(lambda: place.finance.total(word) == 1)


def test_a_bomb_in_a_container_is_taken_and_told_of(here: Place) -> None:
    bomb = zipped([("zeros", bytes(30_000_000))])
    document = here.finance.id_of(zipped([(f"inner{number}.zip", bomb) for number in range(3)]), name="bomb.zip")
    assert here.finance.archived(document)["state"] == "archived"


# -- who, and where -----------------------------------------------------------------------------------------------------------
def test_only_where_a_group_of_the_caller_reads(here: Place) -> None:
    told = {
        collection: here.finance.deposit(some(), collection=collection, code=403).json() | {"collection": collection}
        for collection in ("board", "nowhere", "default")
    }
    words = {one["detail"].replace(one["collection"], "X") + one["remedy"] for one in told.values()}
    assert len(words) == 1
    trainee = here.caller("trainee", groups="finance,trainees")
    trainee.deposit(some(), collection="mixed", code=403)
    nobody = Client(here.http, make_key(here.archive, "nobody", groups=(), scopes=DEPOSITOR))
    nobody.deposit(some(), code=403)


def test_only_groups_of_the_caller_are_granted(here: Place) -> None:
    refused = here.finance.deposit(some(), grants=["group:board"], code=403).json()
    assert refused["code"] == "not-permitted"
    here.finance.id_of(some(), grants=["group:finance"])


def test_a_key_without_the_scope_is_refused(here: Place) -> None:
    reader = here.caller("reader", groups="finance", scopes="read")
    assert reader.deposit(some(), code=403).json()["code"] == "not-permitted"
    Client(here.http, "mnt_nobody").deposit(some(), code=401)


def test_an_archive_without_a_policy_says_what_to_do(tmp_path: Path) -> None:
    archive = Minutier(tmp_path / "archive")
    archive.run("init")
    with served(archive) as http:
        answer = Client(http, make_key(archive, scopes=DEPOSITOR)).deposit(some(), collection="default", code=403).json()
    assert "policy apply" in answer["remedy"]


def test_an_unknown_class_is_refused(here: Place) -> None:
    assert "FR-NONE" in here.finance.deposit(some(), code=400, **{"class": "FR-NONE"}).json()["detail"]
    document = here.finance.id_of(some(), **{"class": "FR-OTHER"})
    assert here.finance.get(f"documents/{document}").json()["class"] == "FR-OTHER"


# -- digests ------------------------------------------------------------------------------------------------------------------
def digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


@pytest.mark.parametrize("where", ["sha256", "Repr-Digest", "Content-Digest", "whole"])
def test_another_digest_than_declared_stores_nothing(here: Place, where: str) -> None:
    body, before = some(), here.archive.run("--json", "export").out.count("\n")
    wrong = b"another"
    match where:
        case "sha256":
            given: dict[str, Any] = {"sha256": hashlib.sha256(wrong).hexdigest()}
        case "whole":
            given = {"headers": {"Content-Digest": digest(wrong)}}
        case _:
            given = {"part": {where: digest(wrong)}}
    answer = here.finance.deposit(body, reference=f"wrong-{where}", code=400, **given).json()
    assert answer["code"] == "usage"
    assert "nothing was stored" in answer["detail"]
    assert here.archive.run("--json", "export").out.count("\n") == before
    if where not in ("sha256", "whole"):
        here.finance.id_of(body, reference=f"right-{where}", part={where: digest(body)})


# -- forms --------------------------------------------------------------------------------------------------------------------
def raw(place: Place, body: bytes, kind: str = "multipart/form-data; boundary=b", **headers: str) -> Any:
    return place.http.post("/v1/documents", content=body, headers=place.finance.headers | {"Content-Type": kind} | headers)


META = b'--b\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{"collection":"invoices"}\r\n'
FILE = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nbytes\r\n'
END = b"--b--\r\n"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "multipart/form-data; boundary=b"),
        (b"{}", "application/json"),
        (META + FILE + END, "multipart/form-data"),
        (META + FILE + END, "multipart/form-data; boundary=other"),
        (META + FILE, "multipart/form-data; boundary=b"),
        (META + FILE[:-4], "multipart/form-data; boundary=b"),
        (META + END, "multipart/form-data; boundary=b"),
        (FILE + END, "multipart/form-data; boundary=b"),
        (META + FILE + FILE + END, "multipart/form-data; boundary=b"),
        (META + META + FILE + END, "multipart/form-data; boundary=b"),
        (META + FILE.replace(b'"file"', b'"other"') + FILE + END, "multipart/form-data; boundary=b"),
        (
            META + FILE.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1) + END,
            "multipart/form-data; boundary=b",
        ),
        (META.replace(b"}", b',"owner":true}') + FILE + END, "multipart/form-data; boundary=b"),
        (META.replace(b'{"coll', b'{"coll\xff') + FILE + END, "multipart/form-data; boundary=b"),
        (META.replace(b"{", b"[") + FILE + END, "multipart/form-data; boundary=b"),
        (META + FILE.replace(b"x", b"x" * 9_000, 1) + END, "multipart/form-data; boundary=b"),
        (META + FILE.replace(b"\r\n\r\n", b"\r\nA: b" * 500 + b"\r\n\r\n", 1) + END, "multipart/form-data; boundary=b"),
    ],
)
def test_what_is_no_deposit_is_told_so(here: Place, body: bytes, kind: str) -> None:
    answer = raw(here, body, kind)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == "usage"


def test_the_least_deposit(here: Place) -> None:
    assert raw(here, META + FILE + END).status_code == 202


def test_more_than_is_taken(here: Place) -> None:
    for size in (3_000_001, 6_000_000):
        assert here.finance.deposit(os.urandom(size), code=413).json()["code"] == "too-large"
    assert here.finance.deposit(b"x", declared={f"k{n}": "v" * 4_000 for n in range(40)}, code=413).json()["code"] == "too-large"
    assert here.finance.deposit(os.urandom(3_000_000)).status_code == 202
    assert here.scratch() == []


NAMES = [
    "../../../etc/passwd",
    "..\\..\\windows\\system32\\x.dll",
    "/etc/shadow",
    "a\x00b.pdf",
    "a\r\nX-Injected: yes.pdf",
    "invoice\u202efdp.exe",
    "<script>alert(1)</script>.html",
    "🙈" * 100,
    'quote".pdf',
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_only_a_name(place: Place, name: str) -> None:
    said = json.dumps({"collection": "invoices", "name": name, "reference": f"{uuid4().hex}/{name}"})
    files = [("metadata", (None, said, "application/json")), ("file", ("f", some(), "text/html"))]
    answer = place.http.post("/v1/documents", files=files, headers=place.finance.headers)
    assert answer.status_code == 202, answer.text
    found = place.finance.archived(answer.json()["id"])
    assert found["name"] == name
    sent = place.finance.content(found["id"])
    assert "x-injected" not in sent.headers
    assert sent.headers["content-disposition"].startswith("attachment; ")
    assert sent.headers["content-disposition"].isascii()
    assert sent.headers["content-type"] in ("application/octet-stream", "text/plain")
    outside = place.archive.home.parent
    assert (
        sorted(path.name for path in outside.iterdir() if path.name not in ("archive", "policy.yaml", "serve-archive.log")) == []
    )


# -- idempotency --------------------------------------------------------------------------------------------------------------
def test_the_same_key_and_request_are_answered_again(place: Place) -> None:
    body, key = some(), {"Idempotency-Key": uuid4().hex}
    first = place.finance.deposit(body, headers=key)
    again = place.finance.deposit(body, headers=key)
    assert (again.content, again.headers["location"]) == (first.content, first.headers["location"])
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    told = [
        row for row in place.archive.run("--json", "audit", "--principal", "key:finance").rows if row.get("act") == "deposited"
    ]
    assert any("given before" in str(row) for row in told)


def test_a_key_with_another_request_is_refused(place: Place) -> None:
    body, key = some(), {"Idempotency-Key": uuid4().hex}
    place.finance.deposit(body, headers=key)
    for other in (
        {"body": some()},
        {"body": body, "reference": "r"},
        {"body": body, "collection": "letters"},
        {"body": body, "name": "n"},
    ):
        assert place.finance.deposit(**(other | {"headers": key, "code": 422})).json()["code"] == "key-reused"
    assert place.board.deposit(body, headers=key, collection="board").json()["id"]  # another caller's key is another key


def test_a_request_that_failed_leaves_its_key_free(place: Place) -> None:
    body, key, reference = some(), {"Idempotency-Key": uuid4().hex}, uuid4().hex
    place.finance.deposit(body, headers=key, collection="board", code=403)
    place.finance.deposit(body, headers=key, reference=reference)
    other = {"Idempotency-Key": uuid4().hex}
    place.finance.deposit(body, headers=other, reference=reference, code=409)
    place.finance.deposit(body, headers=other, reference=reference, code=409)
    place.finance.deposit(some(), headers=other, reference=reference)


def test_of_many_at_once_under_one_key_one_is_done(place: Place) -> None:
    body, key = some("once only"), {"Idempotency-Key": uuid4().hex}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: place.finance.deposit(body, headers=key, code=None), range(16)))
    done = {answer.json()["id"] for answer in answers if answer.status_code == 202}
    assert len(done) == 1
    assert {answer.json()["code"] for answer in answers if answer.status_code != 202} <= {"in-progress"}
    assert {answer.status_code for answer in answers} <= {202, 409}


def test_keys_are_bounded(here: Place) -> None:
    for key in ("k" * 256, "spaces are none", "é".encode()):
        here.finance.deposit(some(), headers={"Idempotency-Key": key}, code=400)


# -- slow, many and gone ------------------------------------------------------------------------------------------------------
def test_only_so_many_at_once() -> None:
    places = Places("uploads", most=4, of_one=2)
    own = [places.take("a"), places.take("a")]
    with pytest.raises(BusyError):
        places.take("a")
    others = [places.take("b"), places.take("b")]
    with pytest.raises(BusyError):
        places.take("c")
    for leave in own:
        leave()
        leave()
    taken = [places.take("a"), places.take("c")]
    with pytest.raises(BusyError):
        places.take("d")
    for leave in [*others, *taken]:
        leave()
    assert len([places.take(name) for name in "aabb"]) == 4


class Wire:
    """A connection of our own, to send bytes at our own pace."""

    def __init__(self, url: str, token: str, length: int) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60)
        head = (
            f"POST /v1/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        )
        self.socket.sendall(head.encode())

    def answer(self) -> tuple[int, bytes]:
        """What is answered; the connection is closed then."""
        with self.socket, closing(http.client.HTTPResponse(self.socket)) as response:
            response.begin()
            return response.status, response.read()


def test_a_client_that_vanishes_leaves_nothing(tmp_path: Path) -> None:
    with depositable("embedded", tmp_path) as archive, serving_process(archive) as server:
        token = make_key(archive, groups="finance", scopes=DEPOSITOR)
        wire = Wire(server.url, token, 10_000_000)
        wire.socket.sendall(META + FILE[:-2] + os.urandom(3_000_000))
        time.sleep(0.5)
        files = [one for one in os.listdir(f"/proc/{server.process.pid}/fd") if _unnamed(server.process.pid, one)]
        assert files  # it is on its way, in a file without a name
        wire.socket.close()

        def gone() -> bool:
            return not [one for one in os.listdir(f"/proc/{server.process.pid}/fd") if _unnamed(server.process.pid, one)]

        eventually(gone, 20)
        assert [path.name for path in (archive.home / "scratch").iterdir() if not path.name.startswith("minutier-")] == []
        with server.client(token) as http:
            client = Client(http, token)
            client.archived(client.id_of(some()))
        assert "Traceback" not in server.log.read_text()
    assert len(archive.run("--json", "export").rows) == 1


def _unnamed(process: int, descriptor: str) -> bool:
    try:
        target = os.readlink(f"/proc/{process}/fd/{descriptor}")
    except OSError:
        return False
    return "scratch" in target and target.endswith("(deleted)")


@contextmanager
def serving_with(archive: Minutier, code: str) -> Iterator[str]:
    """`minutier serve` started by this code; its URL."""
    log = archive.home.parent / "own.log"
    with open(log, "wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", code, "serve", "--port", "0"], env=archive.environment, stdout=said, stderr=said
        )
    try:
        yield _address(process, log)
    finally:
        process.terminate()
        process.wait(60)


def test_who_may_not_is_answered_before_the_body_comes(tmp_path: Path) -> None:
    with depositable("embedded", tmp_path) as archive, serving_process(archive) as server:
        for token, wanted in (("mnt_nobody", 401), (make_key(archive, scopes="read"), 403)):
            status, _ = Wire(server.url, token, 1_000_000_000).answer()
            assert status == wanted


def test_what_may_not_go_there_is_answered_before_the_file_comes(tmp_path: Path) -> None:
    with depositable("embedded", tmp_path) as archive, serving_process(archive) as server:
        token = make_key(archive, groups="finance", scopes=DEPOSITOR)
        for collection, wanted in (("board", 403), ("../x", 403), ('"}', 400)):
            wire = Wire(server.url, token, 1_000_000_000)
            wire.socket.sendall(META.replace(b"invoices", collection.encode()) + FILE[:-2])
            assert wire.answer()[0] == wanted


def test_nobody_holds_a_place_by_sending_slowly(tmp_path: Path) -> None:
    code = "import archiver.api.uploads as u; u.PATIENT = 1.0; u.SLOWEST = 100_000; from archiver.cli.main import main; main()"
    with depositable("embedded", tmp_path) as archive:
        token = make_key(archive, groups="finance", scopes=DEPOSITOR)
        with serving_with(archive, code) as url:
            wire = Wire(url, token, 1_000_000)
            wire.socket.sendall(META + FILE[:-2])
            began = time.monotonic()
            ended = threading.Event()

            def drip() -> None:
                while not ended.wait(0.1):
                    try:
                        wire.socket.sendall(b"x")
                    except OSError:
                        return

            dripping = threading.Thread(target=drip)
            dripping.start()
            status, body = wire.answer()
            ended.set()
            dripping.join()
            assert status == 408, body
            assert json.loads(body)["code"] == "too-slow"
            assert time.monotonic() - began < 10


# -- what a crash may not take ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["embedded", "servers"])
def test_what_was_answered_outlives_the_process(kind: str, tmp_path: Path) -> None:
    with depositable(kind, tmp_path) as archive:
        token = make_key(archive, groups="finance", scopes=DEPOSITOR)
        bodies: dict[str, bytes] = {}
        for _ in range(3):
            with serving_process(archive, api_rate="100000/minute") as server, server.client(token) as http:
                client = Client(http, token)
                answered = threading.Event()

                def keep_on(client: Client = client, answered: threading.Event = answered) -> None:
                    for _ in range(400):
                        body = some("crash") + os.urandom(300_000 if len(bodies) % 7 == 3 else 10)
                        try:
                            bodies[client.id_of(body)] = body
                        except Exception:  # noqa: BLE001  # the process is gone
                            return
                        if len(bodies) % 10 == 9:
                            answered.set()

                threads = [threading.Thread(target=keep_on) for _ in range(4)]
                for thread in threads:
                    thread.start()
                answered.wait(30)
                time.sleep(0.2)
                os.kill(server.process.pid, signal.SIGKILL)
                for thread in threads:
                    thread.join()
        assert len(bodies) > 20
        with serving_process(archive, api_rate="100000/minute") as server, server.client(token) as http:
            client = Client(http, token)
            for document, body in bodies.items():
                assert client.archived(document)["state"] == "archived"
                assert client.content(document).content == body
        assert archive.run("verify", code=None).code == 0


def test_an_import_and_two_hundred_deposits_side_by_side(tmp_path: Path) -> None:
    folder = tmp_path / "input"
    folder.mkdir()
    for number in range(1_500):
        (folder / f"{number}.txt").write_text(f"imported {number} " + "mot " * 200)
    with depositable("embedded", tmp_path) as archive:
        token = make_key(archive, groups="finance", scopes=DEPOSITOR)
        with serving_process(archive, api_rate="100000/minute") as server, server.client(token) as http:
            client = Client(http, token)
            first = client.id_of(some("deposited"))
            client.archived(first)  # the server has the archive for writing now, and gives way
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            running = archive.start("import", str(folder), "--collection", "invoices", **quiet)
            with ThreadPoolExecutor(8) as pool:
                # every fifth has the bytes of a file of the import
                bodies = [
                    (folder / f"{number}.txt").read_bytes() if number % 5 == 0 else some("deposited") for number in range(200)
                ]
                ids = list(pool.map(lambda body: client.id_of(body), bodies))
            beside = running.poll() is None
            assert running.wait(120) == 0
            for document, body in zip(ids, bodies, strict=True):
                assert client.content(document).content == body
                assert client.archived(document)["state"] == "archived"
            eventually(lambda: client.total("deposited") == 161)
            eventually(lambda: client.total("imported") == 1_540)
        assert beside, "the import ended before the deposits did: make it longer"
        assert archive.run("verify", code=None).code == 0


def test_an_import_gets_the_archive_while_deposits_stream_in(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("imported")
    with depositable("embedded", tmp_path) as archive:
        token = make_key(archive, groups="finance", scopes=DEPOSITOR)
        with serving_process(archive, api_rate="100000/minute") as server, server.client(token) as http:
            client, ended = Client(http, token), threading.Event()

            def keep_on() -> None:
                while not ended.wait(0.05):
                    client.id_of(some())

            thread = threading.Thread(target=keep_on)
            thread.start()
            time.sleep(2)
            try:
                archive.run("import", tmp_path / "one.txt", "--collection", "invoices")
            finally:
                ended.set()
                thread.join()


def test_workers_read_what_was_deposited(tmp_path: Path) -> None:
    with depositable("workers", tmp_path) as archive, workers(archive), served(archive, api_rate="100000/minute") as http:
        client = Client(http, make_key(archive, groups="finance", scopes=DEPOSITOR))
        ids = [client.id_of(some("by workers")) for _ in range(20)]
        for document in ids:
            assert client.archived(document)["state"] == "archived"
        eventually(lambda: client.total('"by workers"') == 20)


# -- what is written down -----------------------------------------------------------------------------------------------------
def test_a_batch_of_the_day_holds_every_deposit(tmp_path: Path) -> None:
    with depositable("embedded", tmp_path) as archive:
        token = make_key(archive, groups="finance", scopes=DEPOSITOR)
        with served(archive) as http:
            client = Client(http, token)
            body = some()
            client.archived(client.id_of(body, reference="r1"))
            client.deposit(body, reference="r1", code=409)
        (batch,) = [row for row in archive.run("--json", "batch", "list").rows if row["batch"].startswith("deposits-")]
        assert batch["state"] == "finished"
        rows = archive.run("--json", "batch", "report", batch["batch"]).rows
        assert [row["outcome"] for row in rows if "outcome" in row] == ["archived", "already there"]
        assert archive.run("batch", "resume", batch["batch"], code=None).code == 0


def test_deposits_are_in_the_access_ledger_and_sealed_at_the_end(tmp_path: Path) -> None:
    with depositable("embedded", tmp_path) as archive:
        token = make_key(archive, groups="finance", scopes=DEPOSITOR)
        archive.run("timetable", "--only", "ledger")  # a young head: few entries after it wait for more, except at the end
        with served(archive) as http:
            document = Client(http, token).id_of(some())
            Client(http, token).archived(document)
        with Archive(archive.home) as opened:
            kinds = [leaf.kind for leaf in opened.ledger_rows.leaves(Tree.ACCESS) if leaf.document_id == document]
            assert kinds[0] == "deposited"
            assert [opened.ledger_rows.waiting(tree) for tree in Tree] == [0, 0]
            states = [opened.ledger_rows.state(tree) for tree in Tree]
            assert [state.sealed for state in states] == [state.size for state in states]
            assert "archived" in [leaf.kind for leaf in opened.ledger_rows.leaves(Tree.CUSTODY) if leaf.document_id == document]
