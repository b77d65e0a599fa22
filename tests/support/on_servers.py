"""An archive on the real servers: a database, buckets and indices of its own there, all gone afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.support.command import ROOT, Minutier
from tests.support.servers import server_url, under


@contextmanager
def archive_on_servers(
    home: Path, *, broker: str = "rabbitmq", urls: Mapping[str, str] | None = None, **settings: str
) -> Iterator[Minutier]:
    """The command line over a new archive on the servers.

    Args:
        broker: "rabbitmq", "redis", or "" for an import that reads by itself.
        urls: servers of the test's own, by name, in place of the common ones.
    """
    name = f"t{uuid.uuid4().hex[:12]}"
    given = dict(urls or {})
    where = {
        server: given.get(server) or server_url(server)
        for server in ("minio", "elasticsearch", "tika", "postgres", *((broker,) if broker else ()))
    }
    with own_database(where["postgres"], name) as catalog:
        variables = {
            "MINUTIER_OBJECTS_URL": under(where["minio"], name),
            "MINUTIER_INDEX_URL": under(where["elasticsearch"], name),
            "MINUTIER_CATALOG_URL": catalog,
            "MINUTIER_TIKA_URL": where["tika"],
            "MINUTIER_BROKER_URL": where[broker] if broker else "",
        }
        archive = Minutier(home, **variables, **settings)
        try:
            archive.run("init")
            yield archive
        finally:
            remove_indices(where["elasticsearch"], name)
            remove_buckets(where["minio"], name)


@contextmanager
def own_database(url: str, name: str) -> Iterator[str]:
    """A new database on that server, dropped at the end; its URL."""
    import psycopg

    plain = url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield under(url, name)
    finally:
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def remove_buckets(url: str, name: str) -> None:
    """Every version in the buckets of that name, and the buckets."""
    from urllib.parse import urlsplit

    from minio import Minio
    from minio.deleteobjects import DeleteObject
    from minio.error import S3Error

    parts = urlsplit(url)
    client = Minio(f"{parts.hostname}:{parts.port}", parts.username, parts.password, secure=parts.scheme == "s3")
    for bucket in (f"{name}-locked", f"{name}-deletable"):
        if not client.bucket_exists(bucket):
            continue
        versions = client.list_objects(bucket, recursive=True, include_version=True)
        gone = (DeleteObject(one.object_name or "", one.version_id) for one in versions)
        list(client.remove_objects(bucket, gone, bypass_governance_mode=True))
        with suppress(S3Error):  # a COMPLIANCE lock of a test outlives it; the servers' data is thrown away whole
            client.remove_bucket(bucket)


def remove_indices(url: str, name: str) -> None:
    """The indices whose names begin so."""
    import urllib3

    auth = urllib3.util.parse_url(url)
    headers = urllib3.make_headers(basic_auth=auth.auth)
    base = f"{auth.scheme}://{auth.host}:{auth.port}"
    with urllib3.PoolManager() as http:
        found = http.request("GET", f"{base}/{name}-*/_alias", headers=headers)
        for index in json.loads(found.data) if found.status == 200 else {}:
            http.request("DELETE", f"{base}/{index}", headers=headers)


@contextmanager
def workers(archive: Minutier, *options: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """`minutier work` beside the test, ended by SIGTERM at the end."""
    log = open(archive.home.parent / "work.log", "ab")  # noqa: SIM115  # the process writes to it
    process = subprocess.Popen(
        [sys.executable, "-m", "workers", "--archive", str(archive.home), *options],
        env=archive.environment | settings,
        stdout=log,
        stderr=log,
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(90)
        finally:
            process.kill()
            log.close()


def worker_processes(parent: int) -> list[int]:
    """Process ids of the worker processes of a supervisor."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rsplit(") ", 1)[1].split()
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == parent and b"workers.process" in command:
            found.append(int(entry.name))
    return found


def eventually(look: Any, seconds: float = 60.0, every: float = 0.25) -> Any:
    """The first true answer of `look`; fails after `seconds`."""
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, f"not within {seconds} seconds"
        time.sleep(every)
    return found


__all__ = ["archive_on_servers", "eventually", "own_database", "remove_buckets", "remove_indices", "worker_processes", "workers"]
