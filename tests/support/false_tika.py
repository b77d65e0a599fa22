"""A stand-in for a Tika server that misbehaves on demand: what a real one can't be brought to do at a given moment."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Asked:
    """One request for a document."""

    service: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What to say. `length`: what Content-Length claims; None for the truth."""

    status: int = 200
    body: bytes = b""
    length: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


DROP = Reply(0)
Script = Callable[[Asked], Reply]


def record(text: str, **metadata: str) -> Reply:
    """A document that was read."""
    return Reply(200, json.dumps({"X-TIKA:content": text, **metadata}).encode())


class FalseTika(ThreadingHTTPServer):
    """Answers /version and the probe as a server does, and documents as `script` says; keeps what it was asked."""

    daemon_threads = True

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self.version = Reply(200, b"Apache Tika 3.9.1")
        self.asked: list[Asked] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, asked: Asked) -> Reply:
        if asked.service == "/version":
            return self.version
        if asked.body == b"minutier":
            return record("minutier")
        self.asked.append(asked)
        return self.script(asked)


class _Handler(BaseHTTPRequestHandler):
    server: FalseTika

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        reply = self.server.answer(Asked(self.path, dict(self.headers), self.rfile.read(length)))
        if reply == DROP:
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body) if reply.length is None else reply.length))
        self.end_headers()
        self.wfile.write(reply.body)

    do_PUT = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def false_tika(script: Script) -> Iterator[FalseTika]:
    """One that runs."""
    server = FalseTika(script)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
