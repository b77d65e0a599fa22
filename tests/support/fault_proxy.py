"""A proxy in front of a real HTTP server that spoils requests and answers as a test wishes, and remembers what was asked."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request.

    Attributes:
        status: answered at once; the server is not asked.
        lose: the server does it, and the connection ends before its answer.
        cut: the answer's body ends after so many bytes.
        flip_request, flip_answer: a bit of the body is turned over.
        delay: seconds before anything happens.
        meanwhile: called before the server is asked.
    """

    status: int = 0
    lose: bool = False
    cut: int | None = None
    flip_request: bool = False
    flip_answer: bool = False
    delay: float = 0.0
    meanwhile: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass(slots=True, eq=False)
class FaultProxy:
    """One proxy. `faults` are used up in turn by requests whose method and path begin with their text; `always` never is."""

    host: str
    port: int
    target: str
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    always: Fault | None = None
    asked: list[Asked] = field(default_factory=list)
    mutex: threading.Lock = field(default_factory=threading.Lock)

    def fault(self, method: str, path: str) -> Fault:
        """The fault for a request."""
        with self.mutex:
            for place, (begins, fault) in enumerate(self.faults):
                if f"{method} {path}".startswith(begins):
                    del self.faults[place]
                    return fault
        return self.always or Fault()

    def methods(self) -> list[str]:
        """Methods of the requests since the last call of this."""
        with self.mutex:
            asked, self.asked = self.asked, []
        return [one.method for one in asked]


@contextmanager
def fault_proxy(target: str, tls: ssl.SSLContext | None = None) -> Iterator[FaultProxy]:
    """A running proxy for the server at `target` (host:port), itself spoken to under `tls` if given."""
    server = _Server(("127.0.0.1", 0), _Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    proxy = FaultProxy("127.0.0.1", server.server_address[1], target)
    server.proxy = proxy  # type: ignore[attr-defined]  # where the handler looks for it
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Silent: a client that hangs up, or does not trust the certificate, is what a test wants."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def handle_any(self) -> None:
        proxy: FaultProxy = self.server.proxy  # type: ignore[attr-defined]  # set above
        fault = proxy.fault(self.command, self.path)
        with proxy.mutex:
            proxy.asked.append(Asked(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        time.sleep(fault.delay)
        if fault.status:
            return self.answer(fault.status, [], b"", None)
        if fault.meanwhile:
            fault.meanwhile()
        status, headers, answer = self.forward(proxy, flipped(body) if fault.flip_request else body)
        if fault.lose:
            self.close_connection = True
            return None
        return self.answer(status, headers, flipped(answer) if fault.flip_answer else answer, fault.cut)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any  # names that http.server looks for

    def forward(self, proxy: FaultProxy, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """Ask the real server."""
        server = http.client.HTTPConnection(proxy.target, timeout=30)
        try:
            server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                server.putheader(name, value)
            server.endheaders(body)
            answer = server.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            server.close()

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes, cut: int | None) -> None:
        """Send an answer on, whole or not."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self.send_response_only(status)
            told = {name.lower() for name, _ in headers}
            for name, value in headers:
                self.send_header(name, value)
            if "content-length" not in told and status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if cut is None else body[:cut])
            self.wfile.flush()
        if cut is not None and cut < len(body):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


def flipped(body: bytes) -> bytes:
    """`body` with one bit of its middle turned over."""
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :] if body else body
