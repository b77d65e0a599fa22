"""B16: bytes over HTTP: downloads against a plain static file server, deposits against the store's own PUT.

    python -m benchmarks.b16_api_bytes [--clients 8] [--seconds 5] [--large 64] [--rounds 3]

Embedded archive, everything on one machine. Downloads: one large file (MB) and many of 20 kB, through `minutier serve` (digest
checked on the way, an entry in the access log before the first byte) and from Starlette's static files under the same server
program, in turn. Deposits: 8 kB documents by so many clients through the API, until their 202; against `ObjectStore.put` of as
many bytes one at a time, and in groups of as many as there are clients. Figures are medians over the rounds. With servers
(`make servers`) deposits are measured on MinIO and PostgreSQL, too.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from archiver.bootstrap import Archive
from archiver.domain.document import LockMode
from archiver.ports.objects import Bucket, Lock, Put
from tests.support.api import make_key, serving_process
from tests.support.command import Minutier
from tests.support.on_servers import archive_on_servers

_SMALL, _FILES, _DEPOSIT = 20_000, 200, 8_000
_LIMITLESS = "1000000/second"
_STATIC = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
uvicorn.run(Starlette(routes=[Mount("/", StaticFiles(directory=sys.argv[1]))]), port=int(sys.argv[2]), log_level="error")
"""
POLICY = """\
time_zone: UTC
collections:
  files: {class: KEPT, grants: {read: [group:a]}}
classes:
  KEPT: {title: Kept, period: P1Y, from: received, basis: benchmark, lock: governance, then: destroy}
"""


@contextmanager
def static_server(folder: Path) -> Iterator[int]:
    """Starlette's static files on a free port."""
    with http_port() as port:
        process = subprocess.Popen([sys.executable, "-c", _STATIC, str(folder), str(port)])
        try:
            _await(port)
            yield port
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def http_port() -> Iterator[int]:
    """A port that was free a moment ago."""
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    yield port


def _await(port: int) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/")
            connection.getresponse().read()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def fetching(port: int, paths: list[str], headers: dict[str, str]) -> Callable[[], int]:
    """Downloads of any of these over one kept connection; the bytes of each."""
    connection, draw = http.client.HTTPConnection("127.0.0.1", port), random.Random(1)

    def fetch() -> int:
        path = draw.choice(paths)
        connection.request("GET", path, headers=headers)
        answer, size = connection.getresponse(), 0
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status}: {answer.read(500)!r}")
        while block := answer.read(1024 * 1024):
            size += len(block)
        return size

    return fetch


def rate(works: list[Callable[[], object]], seconds: float) -> float:
    """How often a second the clients, a thread each, do their work."""
    end, counts = time.monotonic() + seconds, [0] * len(works)

    def repeat(place: int) -> None:
        while time.monotonic() < end:
            works[place]()
            counts[place] += 1

    threads = [threading.Thread(target=repeat, args=(place,)) for place in range(len(works))]
    began = time.monotonic()
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return sum(counts) / (time.monotonic() - began)


def downloads(archive: Minutier, folder: Path, wanted: argparse.Namespace) -> None:
    """Large and small, both ways in turn."""
    rows = [row for row in archive.run("--json", "export").rows if row["path"].startswith(str(folder))]
    ids = {Path(row["path"]).name: row["id"] for row in rows}
    headers = {"Authorization": f"Bearer {make_key(archive, 'reader', groups='a', scopes='read')}"}
    with serving_process(archive, api_rate=_LIMITLESS) as server, static_server(folder) as plain:
        api = urlsplit(server.url).port or 0
        small = [name for name in ids if name != "large.bin"]
        for what, names, clients in (("large", ["large.bin"], 2), ("small", small, wanted.clients)):
            found: dict[str, list[float]] = {"api": [], "static": []}
            for _ in range(wanted.rounds):
                ways = {
                    "api": [
                        fetching(api, [f"/v1/documents/{ids[name]}/content" for name in names], headers) for _ in range(clients)
                    ],
                    "static": [fetching(plain, [f"/{name}" for name in names], {}) for _ in range(clients)],
                }
                for way, works in ways.items():
                    found[way].append(rate(works, wanted.seconds))
            ours, theirs = (statistics.median(found[way]) for way in ("api", "static"))
            of = wanted.large if what == "large" else _SMALL / 1e6
            print(f"downloads, {what}, {clients} clients: {ours:,.1f}/s ({ours * of:,.0f} MB/s) against {theirs:,.1f}/s "
                  f"({theirs * of:,.0f} MB/s) static: {ours / theirs:.2f}")  # fmt: skip


def depositing(port: int, token: str) -> Callable[[], object]:
    """Deposits of different bytes, each until its 202."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "multipart/form-data; boundary=line"}

    def deposit() -> object:
        body = os.urandom(_DEPOSIT // 2).hex()
        said = json.dumps({"collection": "files", "name": "made.txt"})
        sent = "".join(
            f'--line\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in (("metadata", said), ('file"; filename="made.txt', body))
        )
        connection.request("POST", "/v1/documents", f"{sent}--line--\r\n".encode(), headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 202:
            raise SystemExit(f"{answer.status}: {text.decode()}")
        return text

    return deposit


def putting(archive: Archive, group: int) -> Callable[[], object]:
    """So many objects in one group, as intake writes them."""
    lock = Lock(LockMode.GOVERNANCE, datetime.now(UTC) + timedelta(days=7))

    def put() -> object:
        bodies = [os.urandom(_DEPOSIT // 2).hex().encode() for _ in range(group)]
        keys = [f"originals/files/KEPT/aa/{os.urandom(32).hex()}" for _ in bodies]
        return archive.objects.put([Put(Bucket.LOCKED, key, None, body, lock) for key, body in zip(keys, bodies, strict=True)])

    return put


def deposits(name: str, archive: Minutier, wanted: argparse.Namespace) -> None:
    """Through the API, and straight into the store, in turn."""
    token = make_key(archive, "depositor", groups="a", scopes="deposit")
    found: dict[str, list[float]] = {"api": [], "put": [], "group": []}
    with serving_process(archive, api_rate=_LIMITLESS) as server:
        port = urlsplit(server.url).port or 0
        for _ in range(wanted.rounds):
            found["api"].append(rate([depositing(port, token) for _ in range(wanted.clients)], wanted.seconds))
    with _variables(archive), Archive(archive.home, writable=True) as opened:
        for _ in range(wanted.rounds):
            found["put"].append(rate([putting(opened, 1)], wanted.seconds))
            found["group"].append(rate([putting(opened, wanted.clients)], wanted.seconds) * wanted.clients)
    api, put, group = (statistics.median(found[way]) for way in ("api", "put", "group"))
    print(f"deposits, {name}, {wanted.clients} clients: {api:,.0f}/s; the store alone {put:,.0f}/s one at a time, {group:,.0f}/s in groups "
          f"of {wanted.clients}: {api / put:.2f} and {api / group:.2f}")  # fmt: skip


@contextmanager
def _variables(archive: Minutier) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update({name: value for name, value in archive.environment.items() if name.startswith("MINUTIER_")})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _prepared(archive: Minutier, scratch: Path) -> Minutier:
    (scratch / "policy.yaml").write_text(POLICY)
    archive.run("policy", "apply", scratch / "policy.yaml")
    return archive


def main() -> None:
    """Reads the command line and runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--large", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        scratch = Path(place)
        folder, archive = scratch / "files", Minutier(scratch / "archive")
        folder.mkdir()
        (folder / "large.bin").write_bytes(os.urandom(wanted.large * 1_000_000))
        for number in range(_FILES):
            (folder / f"{number}.txt").write_bytes(os.urandom(_SMALL // 2).hex().encode())
        archive.run("init")
        _prepared(archive, scratch).run("import", folder, "--collection", "files")
        downloads(archive, folder, wanted)
        deposits("embedded", archive, wanted)
        on_servers = archive_on_servers(scratch / "served", broker="") if os.environ.get("MINUTIER_TEST_MINIO") else nullcontext()
        with on_servers as served:
            if served is not None:
                deposits("MinIO, PostgreSQL", _prepared(served, scratch), wanted)


if __name__ == "__main__":
    main()
