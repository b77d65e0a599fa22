"""A time-stamp authority of the test's own: a CA made with openssl, and an HTTP server that answers with `openssl ts`."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

_CONFIG = """\
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[tsa]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[other]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
[stamping]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
"""


class Authority:
    """A CA, a signer below it, and answers of RFC 3161."""

    def __init__(self, folder: Path, name: str = "Test time-stamps", kind: str = "tsa") -> None:
        _require_openssl()
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.ca, self.name = folder, folder / "ca.pem", name
        (folder / "ts.cnf").write_text(_CONFIG.format(folder=folder))
        (folder / "serial").write_text("01\n")
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-config", "ts.cnf"]
        self._openssl(
            "req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", f"/CN=CA of {name}", "-extensions", "ca"
        )
        self._openssl("req", *new_key, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", f"/CN={name}")
        signed_by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
        self._openssl("x509", "-req", "-in", "tsa.csr", *signed_by, "-out", "tsa.pem", "-extfile", "ts.cnf", "-extensions", kind)

    def answer(self, query: bytes) -> bytes:
        """A TimeStampResp to a TimeStampReq, without the chain: a strict parser takes no set that openssl left out of order."""
        (self.folder / "query").write_bytes(query)
        what = ["-queryfile", "query", "-config", "ts.cnf", "-section", "stamping", "-signer", "tsa.pem", "-inkey", "tsa.key"]
        self._openssl("ts", "-reply", *what, "-out", "reply")
        return (self.folder / "reply").read_bytes()

    def accepts(self, token: bytes, message: bytes) -> bool:
        """Whether openssl, too, takes the token for one over the message."""
        (self.folder / "token").write_bytes(token)
        (self.folder / "message").write_bytes(message)
        what = ["-in", "token", "-token_in", "-data", "message", "-CAfile", "ca.pem", "-untrusted", "tsa.pem"]
        done = subprocess.run(["openssl", "ts", "-verify", *what], cwd=self.folder, capture_output=True, check=False)
        return done.returncode == 0

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)


def _require_openssl() -> None:
    if shutil.which("openssl") is None:
        why = "there is no openssl command, which plays the time-stamp authority"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)


Answering = Callable[[bytes, BaseHTTPRequestHandler], None]


def reply(body: bytes, asked: BaseHTTPRequestHandler, *, status: int = 200, kind: str = "application/timestamp-reply") -> None:
    """Send one answer."""
    asked.send_response(status)
    asked.send_header("Content-Type", kind)
    asked.send_header("Content-Length", str(len(body)))
    asked.end_headers()
    asked.wfile.write(body)


@contextmanager
def served(answering: Answering) -> Iterator[str]:
    """A server on loopback; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                answering(query, self)
            except (BrokenPipeError, ConnectionResetError):  # whoever asked has given up
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsr"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def authority_at(authority: Authority) -> Iterator[str]:
    """That authority on loopback; gives its URL."""
    with served(lambda query, asked: reply(authority.answer(query), asked)) as url:
        yield url
