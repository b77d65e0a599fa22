"""Runs commands of the program, each in a process of its own, without loading the program for each.

Most of what a command takes is the import of what it needs. Here one process has imported it all and is forked for every command:
what runs is the same, with arguments, environment, folder, output and exit code of its own.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from io import FileIO
from pathlib import Path

ROOT = Path(__file__).parents[2]
_SERVER = "import sys; from tests.support.program_server import serve; serve(int(sys.argv[1]))"
_AT_START = ("PYTHON", "LC_", "LANG")
"""Beginnings of the variables that an interpreter reads when it starts, and a fork doesn't."""


class LoadedProgram:
    """The process that is forked."""

    def __init__(self) -> None:
        self._environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SERVER, str(theirs.fileno())],
                env=self._environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def suits(self, environment: Mapping[str, str]) -> bool:
        """Whether a fork is as good as a new interpreter in that environment."""
        return _at_start(environment) == _at_start(self._environment)

    def run(
        self, arguments: Sequence[str], *, environment: Mapping[str, str], folder: Path, seconds: float
    ) -> subprocess.CompletedProcess[bytes]:
        """One command to its end, with nothing on its standard input. Kills it, and raises TimeoutExpired, after `seconds`."""
        with ExitStack() as stack:
            asked, out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(3))
            ends = os.pipe()
            told, telling = stack.enter_context(open(ends[0], "rb", 0)), stack.enter_context(open(ends[1], "wb", 0))
            asked.write(json.dumps({"arguments": arguments, "environment": dict(environment), "folder": str(folder)}).encode())
            asked.seek(0)
            socket.send_fds(self._channel, [b"."], [file.fileno() for file in (asked, telling, out, err)])
            telling.close()
            code = _ended(told, int(told.readline()), seconds)
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(list(arguments), code, out.read(), err.read())

    def close(self) -> None:
        """What runs goes on; nothing can be asked any more."""
        self._channel.close()
        self._process.terminate()
        self._process.wait()


def _ended(told: FileIO, process: int, seconds: float) -> int:
    """The exit code; what is not waited for to its end is killed."""
    try:
        if not select.select([told], [], [], seconds)[0]:
            raise subprocess.TimeoutExpired(f"process {process}", seconds)
    except BaseException:
        os.kill(process, signal.SIGKILL)
        raise
    return int(told.readline())


def _at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_AT_START)}


@functools.cache
def loaded_program() -> LoadedProgram:
    """One for all tests of a process, from its first command on."""
    program = LoadedProgram()
    atexit.register(program.close)
    return program
