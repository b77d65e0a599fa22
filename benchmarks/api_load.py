"""Mixed load on the interface for programs while an archive grows and shrinks: errors, latencies, memory.

    python -m benchmarks.api_load [--seconds 1800] [--short] [--clients 16] [--servers] [--json FILE]

So many clients ask one `minutier serve` without a pause: of a hundred questions 60 are searches, 15 documents, 10 texts, 10 contents
and 5 deposits. Meanwhile an import and an approved purge take turns on the same archive, as commands of their own. An answer that is
neither what was asked for nor a listed problem is an error, and the exit code is 1. Clients share the machine with the server.
`--servers`: the archive is on those that MINUTIER_TEST_… name.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from archiver.api.problems import CODES, MEDIA_TYPE
from archiver.errors import LockedError
from tests.support.api import ALL, make_key, serving_process
from tests.support.command import Minutier
from tests.support.on_servers import archive_on_servers

POLICY = """\
time_zone: UTC
collections:
  live: {class: SHORT, grants: {read: [group:finance]}}
  kept: {class: LONG, grants: {read: [group:finance]}}
classes:
  SHORT: {title: Short, limit: P1Y, from: metadata.day, basis: benchmark, lock: none, then: destroy}
  LONG: {title: Long, period: P10Y, from: received, basis: benchmark, lock: governance, then: destroy}
"""
WORDS = (
    "facture",
    "loyer",
    "bail",
    "contrat",
    "budget",
    "rapport",
    "client",
    "avenant",
    "devis",
    "commande",
    "livraison",
    "solde",
)
SHARES = {"search": 60, "document": 15, "text": 10, "content": 10, "deposit": 5}
LIMITLESS = "1000000/second"
_TURNS = 120
_UNLISTED = ("error", "integrity")
"""Codes of failures that nobody foresaw, or of damage: listed, and no answer to be had from a sound archive."""


@dataclass(slots=True)
class Seen:
    """What the clients saw. `wrong`: answers that are neither given nor refused as described, a few of each kind."""

    counts: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in SHARES})
    wrong: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    cycles: Counter[str] = field(default_factory=Counter)

    def note(self, kind: str, status: int, code: str, seconds: float) -> None:
        """One answer."""
        self.counts[kind, status, code] += 1
        self.seconds[kind].append(seconds)

    def growth(self) -> int:
        """Bytes by which the server's memory in the last quarter is above that of the second."""
        quarter = len(self.memory) // 4
        if not quarter:
            return 0
        return int(statistics.median(self.memory[-quarter:]) - statistics.median(self.memory[quarter : 2 * quarter]))


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=1_800.0)
    options.add_argument("--short", action="store_true", help="60 seconds")
    options.add_argument("--clients", type=int, default=16)
    options.add_argument("--servers", action="store_true")
    options.add_argument("--json", type=Path)
    wanted = options.parse_args()
    seconds = 60.0 if wanted.short else wanted.seconds
    with tempfile.TemporaryDirectory() as folder:
        seen = measured(Path(folder), seconds, wanted.clients, on_servers=wanted.servers)
    print("\n".join(table(seen, seconds)))
    if wanted.json:
        wanted.json.write_text(json.dumps(summary(seen, seconds), indent=1) + "\n", "utf-8")
    sys.exit(1 if seen.wrong else 0)


def measured(folder: Path, seconds: float, clients: int, *, on_servers: bool = False) -> Seen:
    """The load on a new archive in `folder`."""
    with _archive(folder / "archive", on_servers=on_servers) as archive:
        ids = _filled(archive, folder)
        token = make_key(archive, "load", groups="finance", scopes=ALL)
        with serving_process(archive, api_rate=LIMITLESS) as server:
            return _loaded(archive, folder, server.url, server.process.pid, token, ids, seconds, clients)


@contextmanager
def _archive(home: Path, *, on_servers: bool) -> Iterator[Minutier]:
    if on_servers:
        with archive_on_servers(home, broker="") as archive:
            yield archive
        return
    archive = Minutier(home)
    archive.run("init")
    yield archive


def _filled(archive: Minutier, folder: Path) -> list[str]:
    """Two hundred documents that stay, and two persons who may decide."""
    (folder / "policy.yaml").write_text(POLICY, "utf-8")
    archive.run("policy", "apply", folder / "policy.yaml")
    archive.run("import", _files(folder / "kept", 200), "--collection", "kept")
    for person in ("anna", "bruno"):
        archive.run("key", "new", folder / person, "--no-passphrase")
        archive.run("key", "enroll", person, folder / f"{person}.pub")
    return list(archive.ids().values())


def _files(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.txt").write_text(f"{folder.name} {number} {' '.join(random.choices(WORDS, k=60))}", "utf-8")
    return folder


def _loaded(
    archive: Minutier, folder: Path, url: str, process: int, token: str, ids: list[str], seconds: float, clients: int
) -> Seen:
    seen, until = Seen(), time.monotonic() + seconds
    tasks = [threading.Thread(target=_client, args=(url, token, ids, seen, until, number)) for number in range(clients)]
    tasks.append(threading.Thread(target=_beside, args=(archive, folder, seen, until)))
    tasks.append(threading.Thread(target=_watch, args=(process, seen, until)))
    for task in tasks:
        task.start()
    for task in tasks:
        task.join()
    return seen


# -- clients ------------------------------------------------------------------------------------------------------
def _client(url: str, token: str, ids: list[str], seen: Seen, until: float, number: int) -> None:
    chance, place = random.Random(number), urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=120)
    count = 0
    while time.monotonic() < until:
        kind = chance.choices(list(SHARES), list(SHARES.values()))[0]
        count += 1
        began = time.perf_counter()
        try:
            status, told, body = _asked(connection, token, *_question(kind, ids, chance, f"{number}-{count}"))
        except (OSError, http.client.HTTPException) as error:
            seen.wrong.append(f"{kind}: no answer: {error!r}")
            connection.close()
            continue
        code = _code(kind, status, told, body, seen)
        seen.note(kind, status, code, time.perf_counter() - began)
        if kind == "search" and status == 200:
            found = [hit["id"] for hit in json.loads(body)["hits"]]
            ids[: len(found)] = found  # what is there now, some of it for a short time
    connection.close()


def _question(kind: str, ids: list[str], chance: random.Random, name: str) -> tuple[str, str, bytes, dict[str, str]]:
    if kind == "search":
        query = " ".join(chance.sample(WORDS, chance.randint(1, 3)))
        body = {"query": query, "limit": 10, "sort": chance.choice(("relevance", "newest")), "facets": chance.random() < 0.5}
        return "POST", "/v1/search", json.dumps(body).encode(), {"Content-Type": "application/json"}
    if kind == "deposit":
        return "POST", "/v1/documents", *_deposit(name, chance)
    part = {"document": "", "text": "/text", "content": "/content"}[kind]
    return "GET", f"/v1/documents/{chance.choice(ids)}{part}", b"", {}


def _deposit(name: str, chance: random.Random) -> tuple[bytes, dict[str, str]]:
    metadata = json.dumps({"collection": "kept", "reference": name, "name": f"{name}.txt"})
    text = f"{name} {' '.join(chance.choices(WORDS, k=60))}"
    parts = (
        f'--b\r\nContent-Disposition: form-data; name="metadata"\r\nContent-Type: application/json\r\n\r\n{metadata}\r\n'
        f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}.txt"\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--b--\r\n'
    )
    return parts.encode(), {"Content-Type": "multipart/form-data; boundary=b", "Idempotency-Key": name}


def _asked(
    connection: http.client.HTTPConnection, token: str, method: str, path: str, body: bytes, headers: dict[str, str]
) -> tuple[int, str, bytes]:
    connection.request(method, path, body or None, headers | {"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    return answer.status, answer.getheader("Content-Type", ""), answer.read()


def _code(kind: str, status: int, told: str, body: bytes, seen: Seen) -> str:
    """The code of a problem; "" for an answer."""
    if status < 400:
        return ""
    code = json.loads(body).get("code", "") if told == MEDIA_TYPE else ""
    if (code not in CODES or code in _UNLISTED or status == 500) and len(seen.wrong) < 20:
        seen.wrong.append(f"{kind}: {status} {body[:300]!r}")
    return str(code)


# -- beside them --------------------------------------------------------------------------------------------------
def _beside(archive: Minutier, folder: Path, seen: Seen, until: float) -> None:
    """An import, then a purge of what it brought, again and again."""
    number = 0
    while time.monotonic() < until:
        number += 1
        files = _files(folder / f"live-{number}", 150)
        steps: list[tuple[Any, ...]] = [
            ("import", files, "--collection", "live", "--meta", "day=2001-01-01"),
            ("purge", "plan", "--collection", "live", "--id", f"p{number}", "--key", folder / "anna"),
            ("purge", "approve", f"p{number}", "--key", folder / "bruno", "--empties", "SHORT"),
            ("purge", "run", f"p{number}"),
        ]
        for step in steps:
            _step(archive, step, seen)


def _step(archive: Minutier, step: tuple[Any, ...], seen: Seen) -> None:
    """One command; again while somebody else writes, such as the server what was handed in."""
    name = " ".join(map(str, step[:2])) if step[0] == "purge" else str(step[0])
    for _ in range(_TURNS):
        ran = archive.run(*step, code=None)
        seen.cycles[f"{name} -> {ran.code}"] += 1
        if ran.code != LockedError.exit_code:
            break
        time.sleep(0.5)
    if ran.code:
        seen.wrong.append(f"{name}: exit {ran.code}: {ran.err[-300:]}")


def _watch(process: int, seen: Seen, until: float) -> None:
    while time.monotonic() < until:
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):  # its own; pages of the index's files come and go
                seen.memory.append(int(line.split()[1]) * 1024)
        time.sleep(1)


# -- what came of it ----------------------------------------------------------------------------------------------
def summary(seen: Seen, seconds: float) -> dict[str, Any]:
    """All figures. Seconds, and bytes."""
    return {
        "seconds": seconds,
        "answers": [
            {"kind": kind, "status": status, "code": code, "count": n} for (kind, status, code), n in sorted(seen.counts.items())
        ],
        "latency": {
            kind: dict(zip(("p50", "p95", "p99", "max"), _points(times), strict=True))
            for kind, times in seen.seconds.items()
            if times
        },
        "memory": {
            "each_minute": [int(statistics.median(seen.memory[at : at + 60])) for at in range(0, len(seen.memory), 60)],
            "first": seen.memory[0],
            "median": statistics.median(seen.memory),
            "last": seen.memory[-1],
            "growth": seen.growth(),
        }
        if seen.memory
        else {},
        "beside": dict(seen.cycles),
        "wrong": seen.wrong,
    }


def _points(times: list[float]) -> tuple[float, float, float, float]:
    ordered = sorted(times)
    return (*(ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.95, 0.99)), ordered[-1])  # type: ignore[return-value]


def table(seen: Seen, seconds: float) -> Iterator[str]:
    """The same for people."""
    total = sum(seen.counts.values())
    yield f"{total:,} answers in {seconds:.0f} s, {total / seconds:,.0f} a second"
    for kind, times in seen.seconds.items():
        if times:
            p50, p95, p99, most = (1_000 * point for point in _points(times))
            yield f"  {kind:<9} {len(times):>8,}  p50 {p50:7.1f} ms  p95 {p95:7.1f} ms  p99 {p99:7.1f} ms  max {most:8.1f} ms"
    for (kind, status, code), count in sorted(seen.counts.items()):
        if code:
            yield f"  {kind:<9} {status} {code:<16} {count:>8,}"
    if seen.memory:
        yield f"memory {seen.memory[0] / 1e6:.0f} MB at first, {seen.memory[-1] / 1e6:.0f} MB at last, growth after a quarter {seen.growth() / 1e6:+.1f} MB"
    yield "beside: " + ", ".join(f"{name} ({count})" for name, count in sorted(seen.cycles.items()))
    yield from (f"WRONG {one}" for one in seen.wrong)


if __name__ == "__main__":
    main()
