"""The interface for programs as callers meet it: in the test's own process, or as `minutier serve` in one of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient

from archiver.adapters.catalog.caller_rows import SqlCallerRows
from archiver.api.app import create_app
from archiver.bootstrap.archive import Archive
from archiver.domain.caller import Permission, permissions_of
from archiver.services.api_keys import ApiKeys, Order
from archiver.services.register import Register
from archiver.settings import PREFIX
from retention.period import Period
from tests.support.command import COMMAND, Minutier

ALL = ",".join(Permission)
"""Every scope there is."""

_ADDRESS = re.compile(r"Answering on (http://\S+)/v1")
_SECONDS = 60


@contextmanager
def served(archive: Minutier | Path, **settings: str) -> Iterator[TestClient]:
    """A client of the application in this process; `settings` such as `api_rate="5/minute"`. Files stay open until the end."""
    home, variables = _place(archive, settings)
    with _environment(variables), TestClient(create_app(home)) as client:
        yield client


@dataclass(frozen=True, slots=True)
class Server:
    """`minutier serve` in a process of its own."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def client(self, token: str = "", **options: object) -> httpx2.Client:
        """A client that comes with this token; to be closed."""
        return httpx2.Client(base_url=self.url, headers=bearer(token) if token else {}, timeout=60, **options)  # type: ignore[arg-type]


@contextmanager
def serving_process(archive: Minutier | Path, **settings: str) -> Iterator[Server]:
    """`minutier serve` on a free port of the loopback, ended by SIGINT at the end. What it says is in `Server.log`."""
    home, variables = _place(archive, settings)
    log = home.parent / f"serve-{home.name}.log"
    environment = Minutier(home).environment | variables
    with open(log, "wb") as said:
        process = subprocess.Popen([*COMMAND, "serve", "--port", "0"], env=environment, stdout=said, stderr=said)
    try:
        yield Server(_address(process, log), process, log)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_SECONDS)
        finally:
            process.kill()


def make_key(
    archive: Minutier | Path,
    name: str = "erp",
    *,
    groups: str | tuple[str, ...] = ("finance",),
    scopes: str = "search,read",
    purpose: str = "",
    by: str = "tests",
) -> str:
    """A token of a new API key with these groups and scopes."""
    home, variables = _place(archive, {})
    wanted = groups.split(",") if isinstance(groups, str) else groups
    with _environment(variables), Archive(home, writable=True, always=True) as opened:
        keys = ApiKeys(SqlCallerRows(opened.catalog.engine), Register(opened.objects, opened.keys), opened.keys, opened.clock)
        order = Order(name, [one for one in wanted if one], permissions_of(scopes), Period(months=6), purpose)
        return keys.create(order, by=by).token


def bearer(token: str) -> dict[str, str]:
    """The header that shows it."""
    return {"Authorization": f"Bearer {token}"}


@contextmanager
def environment_of(archive: Minutier | Path, **settings: str) -> Iterator[None]:
    """This process's environment as the archive's: whatever opens it inside uses its servers and settings."""
    with _environment(_place(archive, settings)[1]):
        yield


def _place(archive: Minutier | Path, settings: Mapping[str, str]) -> tuple[Path, dict[str, str]]:
    """An archive's folder, and the environment that says which servers and settings it uses."""
    variables = {PREFIX + name.upper(): value for name, value in settings.items()}
    if isinstance(archive, Path):
        return archive, variables
    own = {name: value for name, value in archive.environment.items() if name.startswith(PREFIX)}
    return archive.home, own | variables


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in os.environ if name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_")]:
            patched.delenv(name)
        for name, value in variables.items():
            patched.setenv(name, value)
        yield


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where it answers, once it does: the line with the address comes a moment before."""
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(httpx2.ConnectError):
            if found := _ADDRESS.search(log.read_text("utf-8", "replace")):
                assert httpx2.get(f"{found[1]}/livez", timeout=_SECONDS).status_code == 200
                return found[1]
        time.sleep(0.05)
    raise AssertionError(f"it did not begin to answer: {log.read_text('utf-8', 'replace')}")
