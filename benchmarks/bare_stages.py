"""What no import can do without, and nothing else: each stage over material that is laid out before.

    python -m benchmarks.bare_stages hash | read | put | bulk NAMES

The file NAMES holds those of files, with NUL between them. A process says "ready" when everything is loaded, starts when it is
told a line, and says then how many seconds of CPU it took: what workers have loaded long before is not measured. The servers
are named by MINUTIER_OBJECTS_URL, MINUTIER_INDEX_URL and MINUTIER_TIKA_URL.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

THREADS = 2
"""Requests in flight in each process; workers have as many."""
_PIECE = 1024 * 1024
_LOCK = timedelta(days=1)


Stage = Callable[[Iterable[Path]], None]


def hashed() -> Stage:
    """Read everything once, and take its SHA-256."""

    def stage(files: Iterable[Path]) -> None:
        for path in files:
            state = hashlib.sha256()
            with path.open("rb") as file:
                while piece := file.read(_PIECE):
                    state.update(piece)
            state.hexdigest()

    return stage


def read() -> Stage:
    """Extract as a child does, by the same readers and the same Tika, and throw the results away."""
    from functools import partial

    from archiver.adapters.extraction import engine
    from archiver.adapters.extraction.frames import Setup
    from archiver.adapters.extraction.tika_server import tika_server
    from archiver.domain.extraction import ExtractionTask, Limits

    limits = Limits()
    run: Callable[..., Iterable[object]] = engine.run
    if url := os.environ.get("MINUTIER_TIKA_URL"):
        setup = Setup(limits, url, 60.0, os.fsencode(Path.cwd()))
        run = partial(engine.run, by_tika=tika_server(setup, lambda: None).read)
    engine.warm()

    def stage(files: Iterable[Path]) -> None:
        for path in files:
            _exhaust(run(ExtractionTask("x", path, path.name, path.stat().st_size), limits))

    return stage


def _exhaust(events: Iterable[object]) -> None:
    for _ in events:
        pass


def put() -> Stage:
    """One PUT for each object, into the bucket its folder names, locked where that is: `…/locked/…` and `…/deletable/…`."""
    from minio import Minio
    from minio.commonconfig import GOVERNANCE
    from minio.retention import Retention

    from archiver.adapters.objects.s3_address import parse_address

    address = parse_address(os.environ["MINUTIER_OBJECTS_URL"])
    client = Minio(address.netloc, address.access_key, address.secret_key, secure=address.secure)
    lock = Retention(GOVERNANCE, datetime.now(UTC) + _LOCK)

    def once(path: Path) -> None:
        kind = path.parent.name
        with path.open("rb") as body:
            retention = lock if kind == "locked" else None
            client.put_object(f"{address.prefix}-{kind}", path.name, body, path.stat().st_size, retention=retention)

    def stage(files: Iterable[Path]) -> None:
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(once, files))

    return stage


def bulk() -> Stage:
    """Send each file, the body of a bulk request, as it is."""
    import urllib3

    from archiver.adapters.index.elastic_address import address_of

    server = urllib3.util.parse_url(os.environ["MINUTIER_INDEX_URL"])
    headers = {**urllib3.make_headers(basic_auth=server.auth), "Content-Type": "application/x-ndjson"}
    where = f"{server.scheme}://{server.host}:{server.port}/{address_of(os.environ['MINUTIER_INDEX_URL']).write}/_bulk"

    def stage(files: Iterable[Path]) -> None:
        with urllib3.PoolManager(retries=False) as http:
            for path in files:
                answer = http.request("POST", f"{where}?filter_path=errors", body=path.read_bytes(), headers=headers)
                if answer.status != 200 or b"true" in answer.data:
                    raise RuntimeError(f"a bulk request was answered {answer.status}: {answer.data[:300]!r}")

    return stage


STAGES: dict[str, Callable[[], Stage]] = {"hash": hashed, "put": put, "read": read, "bulk": bulk}


def main(name: str, names: str) -> None:
    """Load, wait, run."""
    stage = STAGES[name]()
    files = [Path(os.fsdecode(one)) for one in Path(names).read_bytes().split(b"\0") if one]
    print("ready", flush=True)
    sys.stdin.readline()
    before = time.process_time()
    stage(files)
    print(time.process_time() - before, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
