"""Has the program loaded, and forks a process for each command it is asked for: the other half of `loaded_program`."""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import signal
import socket
import sys
import threading
import time
from importlib import import_module
from pkgutil import walk_packages
from typing import NoReturn

import archiver

_LATER = (".migrations", "archiver.api", "archiver.web")
"""Not loaded ahead: what runs when it is imported, and what no command has but the one that serves."""


def serve(number: int) -> None:
    """Until the other end of that socket is closed. Each message comes with four open files: the command, where to tell of it,
    and its standard output and error."""
    _load()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that attend to a command
    with socket.socket(fileno=number) as channel:
        while files := socket.recv_fds(channel, 1, 4)[1]:
            if not os.fork():
                channel.close()
                _attend(*files)
            for file in files:
                os.close(file)


def _load() -> None:
    """Import whatever a command may import when it runs."""
    for module in walk_packages(archiver.__path__, "archiver."):
        if not any(name in module.name for name in _LATER):
            with contextlib.suppress(Exception):  # the command that needs it imports it again, and fails by the same
                import_module(module.name)
    assert len(os.listdir("/proc/self/task")) == 1, "an import has started a thread: a fork would be without it"
    gc.freeze()


def _attend(asked: int, told: int, out: int, err: int) -> NoReturn:
    """The command in a child; its process id and, when it has ended, its exit code are told."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    process = os.fork()
    if not process:
        os.close(told)
        _become(asked, out, err)
    os.write(told, f"{process}\n".encode())
    os.write(told, f"{os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])}\n".encode())
    os._exit(0)


def _become(asked: int, out: int, err: int) -> NoReturn:
    """The command, as if this process had been started for it."""
    with open(asked, encoding="utf-8") as file:
        said = json.load(file)
    for given, usual in ((out, 1), (err, 2)):
        os.dup2(given, usual)
        os.close(given)
    os.chdir(said["folder"])
    os.environ.clear()
    os.environ.update(said["environment"])
    time.tzset()
    sys.argv = ["-c", *said["arguments"]]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _end(_code())


def _code() -> int:
    from archiver.cli.main import main

    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0


def _end(code: int) -> NoReturn:
    """As an interpreter ends, but for the teardown of its modules: it would take longer than most commands."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
