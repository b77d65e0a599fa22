"""One child: a process group of its own, three pipes that never block the parent, a scratch folder that goes with it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from archiver.adapters.extraction.child_environment import child_environment
from archiver.errors import UnreachableError

STDERR_KEPT = 16 * 1024
READ_AT_ONCE = 256 * 1024
PIPE_BYTES = 1024 * 1024
"""Answers a child can give while the parent is busy elsewhere."""

_PAGE = os.sysconf("SC_PAGE_SIZE")
_REAP_SECONDS = 10.0
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\ud7ff]+")


class ChildProcess:
    """A started child. `output` and `errors` are descriptors to watch for reading, `input` for writing while `unsent`.

    Raises:
        UnreachableError: it can't be started.
    """

    def __init__(self, command: Sequence[str], scratch: Path) -> None:
        self.scratch = scratch
        self.unsent = bytearray()
        self._stderr = bytearray()
        try:
            scratch.mkdir(mode=0o700, parents=True)
            self._process = subprocess.Popen(  # noqa: S603  # our own command line
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
                env=child_environment(os.environ, scratch),
                cwd=scratch,
            )
        except OSError as error:
            shutil.rmtree(scratch, ignore_errors=True)
            remedy = "check memory, the limit of processes and the temporary folder"
            raise UnreachableError(f"can't start an extraction child: {error}", remedy=remedy) from error
        self.input, self.output, self.errors = (
            pipe.fileno() for pipe in (self._process.stdin, self._process.stdout, self._process.stderr) if pipe is not None
        )
        for descriptor in (self.input, self.output, self.errors):
            os.set_blocking(descriptor, False)
        _widen(self.output)

    def send(self, data: bytes) -> None:
        """Queue bytes for the child."""
        self.unsent += data

    def flush(self) -> None:
        """Write what the pipe takes now. A closed pipe is no error here: the end of `output` tells."""
        while self.unsent:
            try:
                written = os.write(self.input, self.unsent[:READ_AT_ONCE])
            except BlockingIOError:
                return
            except OSError:
                self.unsent.clear()
                return
            del self.unsent[:written]

    def read(self) -> bytes | None:
        """Bytes of the child's answers; b"" when it closed them, None when there are none now."""
        try:
            return os.read(self.output, READ_AT_ONCE)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def read_errors(self) -> bool:
        """Keep the end of what it writes to stderr; False once that is closed."""
        try:
            data = os.read(self.errors, READ_AT_ONCE)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._stderr += data
        del self._stderr[:-STDERR_KEPT]
        return bool(data)

    def anonymous_bytes(self) -> int:
        """Memory that is its own and could only go to swap; 0 once it is gone."""
        try:
            with open(f"/proc/{self._process.pid}/statm", "rb") as file:
                fields = file.read().split()
        except OSError:
            return 0
        return (int(fields[1]) - int(fields[2])) * _PAGE if len(fields) > 2 else 0

    def kill(self) -> None:
        """End it and whatever it started. Safe to repeat."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def end(self, grace: float = 0.0) -> str:
        """Kill, reap, close, wipe its scratch; returns how it ended, with the last words on stderr. Safe to repeat.

        Args:
            grace: seconds it may take to end by itself, so that its own ending is told and not ours.
        """
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace)
        self.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # stuck in the kernel: nothing more can be done from here
            self._process.wait(_REAP_SECONDS)
        if self._process.stderr is not None and not self._process.stderr.closed:
            self.read_errors()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        shutil.rmtree(self.scratch, ignore_errors=True)
        return f"{_ending(self._process.returncode)}{self._last_words()}"

    def _last_words(self) -> str:
        words = _UNPRINTABLE.sub(" ", self._stderr.decode("utf-8", "replace")).strip()
        return f": {words[-400:]}" if words else ""


def _widen(pipe: int) -> None:
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):  # this user's pipes hold much already: the usual size will do
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _ending(code: int | None) -> str:
    if code is None:
        return "could not be ended"
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"ended by signal {-code}"
