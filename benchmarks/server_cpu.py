"""CPU seconds of a server on this host, read from the outside: what it costs to have it do the work is a cost too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

_LISTENS = "0A"
_TICKS = os.sysconf("SC_CLK_TCK")


def server_cpu(url: str) -> float:
    """Of the processes that listen on the port of `url`, since they started.

    Raises:
        RuntimeError: nothing on this host listens there, as far as this user may see.
    """
    port = urlsplit(url).port
    sockets = {f"socket:[{inode}]" for inode in _listeners(port or 80)}
    processes = [process for process in Path("/proc").glob("[0-9]*") if sockets & set(_open_files(process))]
    if not processes:
        raise RuntimeError(f"no process of this host is seen to listen on port {port}; its CPU can't be measured")
    return sum(map(_seconds, processes))


def _listeners(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text("ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTENS and int(fields[1].rsplit(":", 1)[1], 16) == port:
                yield fields[9]


def _open_files(process: Path) -> Iterator[str]:
    try:
        for file in (process / "fd").iterdir():
            yield os.readlink(file)
    except OSError:
        return  # ended, or another user's


def _seconds(process: Path) -> float:
    fields = (process / "stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
