"""An OpenID Connect issuer of the test's own: discovery, keys and userinfo on loopback, and tokens, good ones and forged ones."""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

AUDIENCE = "minutier"
DISCOVERY, KEYS, USERINFO = "/.well-known/openid-configuration", "/keys", "/userinfo"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey


def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Keys are dear to make; `number` tells several apart."""
    return _made(number, bits)


@cache
def _made(_number: int, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def jwk_of(key: PrivateKey, **more: Any) -> dict[str, Any]:
    """The public part as a key set has it."""
    kinds = {rsa.RSAPrivateKey: RSAAlgorithm, ec.EllipticCurvePrivateKey: ECAlgorithm, Ed25519PrivateKey: OKPAlgorithm}
    writer = next(found for kind, found in kinds.items() if isinstance(key, kind))
    return {**writer.to_jwk(key.public_key(), as_dict=True), "use": "sig", **more}


def forged(header: dict[str, Any], claims: Any, signature: bytes = b"") -> str:
    """A token of these parts, whatever they are."""
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def signed(key: rsa.RSAPrivateKey, header: dict[str, Any], claims: Any) -> str:
    """A token of these parts with a good RS256 signature, whatever they are."""
    head = forged(header, claims).rpartition(".")[0]
    signature = RSAAlgorithm(RSAAlgorithm.SHA256).sign(head.encode(), key)
    return f"{head}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


class Issuer:
    """Answers while a test uses it, and makes tokens.

    Attributes:
        keys: what its key set holds; private ones by name in `private`.
        owners: what userinfo says, by subject.
        delay: seconds before each answer; `status`: of each answer; `drip`: seconds between two of its bytes.
        asked: how often each path was asked for; `seen`: the last `Authorization` header.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.private: dict[str, PrivateKey] = {}
        self.keys: list[dict[str, Any]] = []
        self.owners: dict[str, dict[str, Any]] = {}
        self.discovery: dict[str, Any] = {
            "issuer": address,
            "jwks_uri": address + KEYS,
            "userinfo_endpoint": address + USERINFO,
        }
        self.delay, self.drip, self.status, self.redirect = 0.0, 0.0, 200, ""
        self.body: bytes | None = None
        self.asked: Counter[str] = Counter()
        self.seen = ""
        self.rotate("first")

    def rotate(self, name: str, key: PrivateKey | None = None, algorithm: str = "RS256") -> None:
        """From now on it has this key alone."""
        self.private = {name: key or rsa_key(len(self.private))}
        self.keys = [jwk_of(each, kid=kid, alg=algorithm) for kid, each in self.private.items()]

    def claims(self, **more: Any) -> dict[str, Any]:
        """Good ones; None leaves one out."""
        now = int(time.time())
        found = {"iss": self.address, "aud": AUDIENCE, "sub": "anna", "iat": now, "exp": now + 300}
        found |= {"scope": "openid minutier:search minutier:read", "groups": ["finance"], **more}
        return {name: value for name, value in found.items() if value is not None}

    def token(self, algorithm: str = "RS256", headers: dict[str, Any] | None = None, key: Any = None, **claims: Any) -> str:
        """A token with these claims changed, signed with its key unless another is given."""
        kid = next(iter(self.private))
        header = {"kid": kid, **(headers or {})}
        return jwt.encode(
            self.claims(**claims), key or self.private[kid], algorithm, {k: v for k, v in header.items() if v is not None}
        )

    def answer(self, path: str, authorization: str) -> dict[str, Any]:
        """What lies at a path."""
        if path == USERINFO:
            self.seen = authorization
            subject = jwt.decode(authorization.removeprefix("Bearer "), options={"verify_signature": False})["sub"]
            return self.owners.get(subject, {"sub": subject})
        return {DISCOVERY: self.discovery, KEYS: {"keys": self.keys}}.get(path, {})


@contextmanager
def issuer(certificate: Path | None = None) -> Iterator[Issuer]:
    """An issuer that answers until the end; over TLS with the certificate and key in a file, of `localhost_certificate`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    found = Issuer(f"{'https' if certificate else 'http'}://localhost:{server.server_address[1]}")
    server.issuer = found  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def localhost_certificate(file: Path) -> Path:
    """A certificate of localhost that nobody trusts unless told to, and its key, in one file."""
    key, name = rsa_key(9), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now - timedelta(1), now + timedelta(1)
    )
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(builder.sign(key, SHA256()).public_bytes(Encoding.PEM) + private)
    return file


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        issuer: Issuer = self.server.issuer  # type: ignore[attr-defined]
        issuer.asked[self.path] += 1
        time.sleep(issuer.delay)
        body = (
            issuer.body
            if issuer.body is not None
            else json.dumps(issuer.answer(self.path, self.headers["Authorization"] or "")).encode()
        )
        self.send_response(302 if issuer.redirect else issuer.status)
        if issuer.redirect:
            self.send_header("Location", issuer.redirect + self.path)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self._send(body, issuer.drip)

    def _send(self, body: bytes, drip: float) -> None:
        try:
            for at in range(0, len(body), 1 if drip else max(len(body), 1)):
                self.wfile.write(body[at : at + 1] if drip else body)
                self.wfile.flush()
                time.sleep(drip)
        except OSError:
            pass  # whoever asked has had enough

    def log_message(self, *_: object) -> None:
        pass
