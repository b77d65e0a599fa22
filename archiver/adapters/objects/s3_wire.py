"""Signed requests to an S3 store over one pool of connections, repeated for a bounded time while the store is in trouble."""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import SplitResult, quote

from minio.credentials.credentials import Credentials
from minio.signer import sign_v4_s3

from archiver.adapters.objects.s3_address import S3Address
from archiver.adapters.objects.s3_connection import Answer, BrokenAnswerError, Connections
from archiver.adapters.objects.s3_errors import RETRIED, Refusal, error_for, refusal
from archiver.adapters.objects.translation import disk_errors
from archiver.errors import IntegrityError, MinutierError, NotFoundError, UnreachableError, UsageError
from archiver.ports.objects import Bucket, ObjectRef

PATIENCE = 10.0
CONNECT, READ = 3.0, 30.0
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 2.0
_BLOCK = 256 * 1024
_EMPTY = sha256(b"").hexdigest()


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


class TroubleError(Exception):
    """The store answered, and each time that it could not. Cause of an UnreachableError."""


class S3Wire:
    """Talks to one store. Safe from several threads.

    Args:
        patience: seconds during which a request is repeated that failed for trouble of the store or the network.

    Raises, when made: UsageError (`ca` names no file).
    Raises, at every request: NotFoundError, UnreachableError, UsageError, RefusedError, IntegrityError, NoArchiveError, NotPermittedError.
    """

    def __init__(self, address: S3Address, *, patience: float = PATIENCE, connections: int = 64) -> None:
        self.address, self._patience = address, patience
        self._credentials = Credentials(address.access_key, address.secret_key)
        if address.ca and not address.ca.is_file():
            raise UsageError(f"objects_url names {address.ca} as ca, and there is no such file", remedy="name a PEM file")
        self._connections = Connections(
            address.host,
            address.port or (443 if address.secure else 80),
            secure=address.secure,
            ca=address.ca,
            connect=CONNECT,
            read=READ,
            keep=connections,
        )

    def send(self, call: Call) -> Answer:
        """The answer to a request; its body is `data`, or left to be read with `stream`."""
        until, wait = time.monotonic() + self._patience, _FIRST_WAIT
        cause: Exception
        while True:
            try:
                answer = self._once(call)
                if answer.status < 300 or answer.status in call.accept:
                    return answer
                found = self._refusal(call, answer)
                cause = TroubleError(f"{found.status} {found.code or 'without a reason'}")
            except ssl.SSLCertVerificationError as error:
                raise self._untrusted(error) from error
            except (OSError, BrokenAnswerError) as error:
                last, cause = _told(error), error
            else:
                if not found.passing:
                    raise self.error(call, found)
                last = str(cause)
            if time.monotonic() + wait > until:
                raise self._silent(f"{last} while {call.doing} {call.what}") from cause
            time.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311  # so that many clients don't come back at once
            wait = min(wait * 2, _LONGEST_WAIT)

    def succeeds(self, call: Call) -> bool:
        """Asked once, is it done?"""
        try:
            answer = self._once(call)
        except (OSError, BrokenAnswerError):
            return False
        answer.close()
        return answer.status < 300

    def error(self, call: Call, found: Refusal) -> MinutierError:
        """The archive's error for what the store answered."""
        return error_for(found, self.address, call.doing, call.what)

    def close(self) -> None:
        """Close idle connections. Safe to repeat."""
        self._connections.close()

    def _once(self, call: Call) -> Answer:
        body = call.body
        if isinstance(body, FileBody):
            digest, size = body.sha256, body.size
        else:
            digest, size = call.digest or (sha256(body).hexdigest() if body else _EMPTY), len(body)
        bucket = self.address.bucket(call.bucket)
        path = f"/{bucket}/{quote(call.key, safe='/~')}" if call.key else f"/{bucket}"
        query = "&".join(f"{name}={quote(value, safe='~')}" for name, value in call.query)
        headers = self._signed(call, path, query, digest)
        if call.method in ("PUT", "POST"):
            headers["Content-Length"] = str(size)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"{call.method} {path}{'?' if query else ''}{query} HTTP/1.1\r\n{lines}\r\n"
        answer = self._connections.ask(head.encode("ascii"), _pieces(body), bodiless=call.method == "HEAD")
        if not call.stream or answer.status >= 300:
            answer.load()
        return answer

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

    def _refusal(self, call: Call, answer: Answer) -> Refusal:
        if call.method == "HEAD" and answer.status not in RETRIED:
            return self._reason(call, answer.status)
        return refusal(answer.status, answer.data)

    def _reason(self, call: Call, status: int) -> Refusal:
        """An answer to HEAD has no body and can't say whether an object or its whole bucket is missing: ask with GET."""
        query = call.query if call.key else (("location", ""),)
        ranged = (*call.headers, ("Range", "bytes=0-0")) if call.key else ()
        answer = self._once(Call(call.doing, "GET", call.bucket, call.key, query, ranged))
        if answer.status < 300:
            return Refusal(503, "", f"HEAD was answered with {status} and GET was not")
        return refusal(answer.status, answer.data)

    def _silent(self, why: str) -> UnreachableError:
        remedy = "see that it runs, that it can be reached from here and that its disks are well"
        return UnreachableError(f"the object store at {self.address.netloc} does not answer: {why}", remedy=remedy)

    def _untrusted(self, error: ssl.SSLCertVerificationError) -> UnreachableError:
        return UnreachableError(
            f"the certificate of the object store at {self.address.netloc} is not accepted: {error.verify_message}",
            remedy="name the authority that issued it with ca=/path in objects_url",
        )


def _pieces(body: bytes | FileBody) -> Iterator[bytes]:
    """What is to be sent, piece by piece.

    Raises:
        IntegrityError: a file is shorter than it was.
    """
    if isinstance(body, bytes):
        if body:
            yield body
        return
    left = body.size
    with disk_errors("reading what was staged"):
        file = open(body.path, "rb")  # noqa: SIM115  # closed below; errors of the connection are no errors of the disk
    with file:
        file.seek(body.offset)
        while left:
            with disk_errors("reading what was staged"):
                piece = file.read(min(_BLOCK, left))
            if not piece:
                raise IntegrityError("what was staged is shorter than it was", remedy="check this machine's disk")
            left -= len(piece)
            yield piece


def _told(error: Exception) -> str:
    """What happened, in few words."""
    if isinstance(error, TimeoutError):
        return "nothing came in time"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
