"""A server of a test's own, to be stopped and crashed: those that `server_url` names are shared by all tests."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.command import ROOT
from tests.support.servers import server_url

_SCRIPTS = ROOT / "dev" / "services"
_SECONDS = 300


class OwnServer:
    """One server, started by the project's own script in `folder`, always on the same port."""

    def __init__(self, name: str, folder: Path, **environment: str) -> None:
        self._script, self._folder = _SCRIPTS / f"{name}.sh", folder
        self._environment = {**os.environ, **environment}
        self._port = _free_port()

    @property
    def url(self) -> str:
        """As the settings take it."""
        return self._run("url")

    def start(self) -> None:
        """Returns when it answers."""
        self._run("start", str(self._port))

    def stop(self) -> None:
        """In good order. Safe to repeat."""
        self._run("stop")

    def crash(self) -> None:
        """At once, without a word."""
        self._run("kill")

    def remove(self) -> None:
        """Stop it and remove its data."""
        self.stop()
        self._run("wipe")

    def _run(self, command: str, *arguments: str) -> str:
        done = subprocess.run(
            ["bash", self._script, command, self._folder, *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
        assert done.returncode == 0, f"{self._script.name} {command}: {done.stderr}"
        return done.stdout.strip()


@contextlib.contextmanager
def own_server(name: str, folder: Path, **environment: str) -> Iterator[OwnServer]:
    """A running server of one's own; skips, or fails in CI, where tests have no such server to run against."""
    server_url(name)
    server = OwnServer(name, folder, **environment)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def _free_port() -> int:
    """One that nothing listens on, outside the range from which the system takes ports for whoever connects: it must stay
    free while the server is down."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port
