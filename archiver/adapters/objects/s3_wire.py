"""Signed requests to an S3 store over one pool of connections, repeated for a bounded time while the store is in trouble."""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO
from urllib.parse import SplitResult, quote

import urllib3
from minio.credentials.credentials import Credentials
from minio.signer import sign_v4_s3
from urllib3.exceptions import HTTPError, SSLError
from urllib3.util import Timeout

from archiver.adapters.objects.s3_address import S3Address
from archiver.adapters.objects.s3_errors import RETRIED, Refusal, error_for, refusal
from archiver.adapters.objects.translation import disk_errors
from archiver.errors import MinutierError, NotFoundError, UnreachableError
from archiver.ports.objects import Bucket, ObjectRef

PATIENCE = 10.0
CONNECT, READ = 3.0, 30.0
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 2.0
_BLOCK = 256 * 1024
_EMPTY = sha256(b"").hexdigest()
_ERROR_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class FileBody:
    """A piece of a file to send: `size` bytes from `offset`, whose digest is known."""

    path: Path
    size: int
    sha256: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Attributes:
        doing: for messages: "writing", "locking".
        key: "" for one about the bucket.
        body: bytes, or a piece of a file.
        digest: of a body of bytes, when it is known already.
        accept: statuses besides 2xx that are answers and no failures.
        stream: the answer's body is left to be read.
    """

    doing: str
    method: str
    bucket: Bucket
    key: str = ""
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | FileBody = b""
    digest: str = ""
    accept: Collection[int] = ()
    stream: bool = False

    @property
    def what(self) -> str:
        """What it is about, for messages."""
        return f"{self.bucket}/{self.key}" if self.key else self.bucket.value


def version_query(ref: ObjectRef) -> tuple[str, str]:
    """The part of a query that names a version. Raises NotFoundError: a store would take an empty one for the newest."""
    if not ref.version:
        raise NotFoundError(f"no object {ref.bucket}/{ref.key} without a version")
    return "versionId", ref.version


class S3Wire:
    """Talks to one store. Safe from several threads.

    Args:
        patience: seconds during which a request is repeated that failed for trouble of the store or the network.

    Raises, at every request: NotFoundError, UnreachableError, RefusedError, IntegrityError, NoArchiveError, NotPermittedError.
    """

    def __init__(self, address: S3Address, *, patience: float = PATIENCE, connections: int = 64) -> None:
        self.address, self._patience = address, patience
        self._credentials = Credentials(address.access_key, address.secret_key)
        self._pool = _pool(address, connections)

    def send(self, call: Call) -> urllib3.BaseHTTPResponse:
        """The answer to a request; its body is read already unless `stream`."""
        until, wait = time.monotonic() + self._patience, _FIRST_WAIT
        cause: HTTPError | None
        while True:
            try:
                answer = self._once(call)
            except SSLError as error:
                raise self._silent(
                    f"its certificate is not accepted: {error}", "name its authority with ca= in the URL"
                ) from error
            except HTTPError as error:
                last, cause = _told(error), error
            else:
                if answer.status < 300 or answer.status in call.accept:
                    return answer
                found, cause = self._refusal(call, answer), None
                if not found.passing:
                    raise self.error(call, found)
                last = f"{found.status} {found.code or 'without a reason'}"
            if time.monotonic() + wait > until:
                raise self._silent(
                    f"{last} while {call.doing} {call.what}", "see that it runs and that its disks are well"
                ) from cause
            time.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311  # so that many clients don't come back at once
            wait = min(wait * 2, _LONGEST_WAIT)

    def error(self, call: Call, found: Refusal) -> MinutierError:
        """The archive's error for what the store answered."""
        return error_for(found, self.address, call.doing, call.what)

    def close(self) -> None:
        """Close idle connections. Safe to repeat."""
        self._pool.close()

    def _once(self, call: Call) -> urllib3.BaseHTTPResponse:
        body = call.body
        if isinstance(body, FileBody):
            with disk_errors("reading what was staged"), open(body.path, "rb") as file:
                file.seek(body.offset)
                return self._request(call, body.sha256, _Piece(file, body.size), body.size)
        digest = call.digest or (sha256(body).hexdigest() if body else _EMPTY)
        return self._request(call, digest, body, len(body))

    def _request(self, call: Call, digest: str, body: object, size: int) -> urllib3.BaseHTTPResponse:
        bucket = self.address.bucket(call.bucket)
        path = f"/{bucket}/{quote(call.key, safe='/~')}" if call.key else f"/{bucket}"
        query = "&".join(f"{name}={quote(value, safe='~')}" for name, value in call.query)
        headers = self._signed(call, path, query, digest)
        if call.method in ("PUT", "POST"):
            headers["Content-Length"] = str(size)
        return self._pool.urlopen(
            call.method,
            f"{path}?{query}" if query else path,
            body=body if size else None,  # type: ignore[arg-type]  # urllib3 takes any object with read()
            headers=headers,
            retries=False,
            redirect=False,
            preload_content=not call.stream,
            decode_content=False,
        )

    def _signed(self, call: Call, path: str, query: str, digest: str) -> dict[str, str]:
        # the machine's own time, not the archive's: a signature is between this machine and the store
        now = datetime.now(UTC)
        netloc = self.address.netloc
        headers: dict[str, str | list[str] | tuple[str]] = {
            "Host": netloc,
            "x-amz-content-sha256": digest,
            "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
            **dict(call.headers),
        }
        sign_v4_s3(
            method=call.method,
            url=SplitResult("", netloc, path, query, ""),
            region=self.address.region,
            headers=headers,
            credentials=self._credentials,
            content_sha256=digest,
            date=now,
        )
        return headers  # type: ignore[return-value]  # every value is text here

    def _refusal(self, call: Call, answer: urllib3.BaseHTTPResponse) -> Refusal:
        if call.method == "HEAD" and answer.status not in RETRIED:
            return self._reason(call, answer.status)
        body = answer.read(_ERROR_BYTES) if call.stream else answer.data
        if call.stream:
            answer.release_conn()
        return refusal(answer.status, body)

    def _reason(self, call: Call, status: int) -> Refusal:
        """An answer to HEAD has no body and can't say whether an object or its whole bucket is missing: ask with GET."""
        query = call.query if call.key else (("location", ""),)
        ranged = (*call.headers, ("Range", "bytes=0-0")) if call.key else ()
        answer = self._once(Call(call.doing, "GET", call.bucket, call.key, query, ranged))
        return (
            refusal(answer.status, answer.data)
            if answer.status >= 300
            else Refusal(status, "", "answers HEAD and GET differently")
        )

    def _silent(self, why: str, remedy: str) -> UnreachableError:
        return UnreachableError(f"the object store at {self.address.netloc} does not answer: {why}", remedy=remedy)


class _Piece:
    """The next `size` bytes of an open file."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._left = file, size

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; b"" at the end."""
        wanted = self._left if size < 0 else min(size, self._left)
        piece = self._file.read(wanted)
        self._left -= len(piece)
        return piece

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(_BLOCK):
            yield piece


def _pool(address: S3Address, connections: int) -> urllib3.HTTPConnectionPool:
    shared: Mapping[str, object] = {
        "maxsize": connections,
        "timeout": Timeout(connect=CONNECT, read=READ),
        "blocksize": _BLOCK,
    }
    if not address.secure:
        return urllib3.HTTPConnectionPool(address.host, address.port, **shared)  # type: ignore[arg-type]
    ca = str(address.ca) if address.ca else None
    return urllib3.HTTPSConnectionPool(address.host, address.port, ca_certs=ca, cert_reqs="CERT_REQUIRED", **shared)  # type: ignore[arg-type]


def _told(error: HTTPError) -> str:
    """The innermost reason, without addresses of objects in memory."""
    reason = getattr(error, "reason", None) or (error.args[-1] if error.args else error)
    return f"{type(error).__name__}: {reason}" if isinstance(reason, str) else type(error).__name__
