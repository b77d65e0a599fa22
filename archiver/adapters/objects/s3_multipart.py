"""Objects too large for one request: in parts, each with its digest, create-only at the end, locked from birth."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Protocol

from archiver.adapters.objects import s3_xml
from archiver.adapters.objects.s3_errors import refusal
from archiver.adapters.objects.s3_facts import WHOLE, checksum
from archiver.adapters.objects.s3_wire import Call, FileBody, S3Wire
from archiver.adapters.objects.translation import disk_errors
from archiver.errors import IntegrityError, MinutierError, NotFoundError
from archiver.ports.objects import Bucket

SINGLE = 5 * 1024**3
"""Bytes S3 takes in one request."""
PART = 64 * 1024**2
MOST_PARTS = 10_000
ABANDONED = timedelta(days=2)
_READ = 1024 * 1024
_TAKEN = 412


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...


class Multipart:
    """Uploads in parts. Only its own digest of the whole tells that the parts are in order: the store confirms each part alone,
    and a digest over their digests, which is compared.

    Args:
        threshold: bytes above which an object goes in parts.
        part: bytes of one part at least; larger for objects that would have too many.
    """

    def __init__(self, wire: S3Wire, threshold: int = SINGLE, part: int = PART) -> None:
        self._wire, self.threshold, self._part = wire, threshold, part

    def upload(self, bucket: Bucket, key: str, body: FileBody, headers: tuple[tuple[str, str], ...]) -> str | None:
        """The new version, or None when the key is taken.

        Raises:
            IntegrityError: what was staged, or the digest over the parts, is not what it should be.
        """
        if self._is_taken(bucket, key):
            return None
        self._clear_abandoned(bucket, key)
        told = (("x-amz-checksum-algorithm", "SHA256"), ("x-amz-checksum-type", "COMPOSITE"), (WHOLE, body.sha256), *headers)
        begun = self._wire.send(Call("writing", "POST", bucket, key, (("uploads", ""),), told))
        upload = s3_xml.value(begun.data, "UploadId")
        try:
            version = self._complete(bucket, key, upload, self._send_parts(bucket, key, upload, body))
        except BaseException:
            self._abort(bucket, key, upload)
            raise
        if version is None:
            self._abort(bucket, key, upload)
        return version

    def _is_taken(self, bucket: Bucket, key: str) -> bool:
        """Asked first: the store says so only after the last part."""
        try:
            self._wire.send(Call("looking up", "HEAD", bucket, key))
        except NotFoundError:
            return False
        return True

    def _send_parts(self, bucket: Bucket, key: str, upload: str, body: FileBody) -> list[tuple[str, str]]:
        """ETag and digest of each part."""
        whole, sent = sha256(), []
        size = max(self._part, -(-body.size // MOST_PARTS))
        for number, start in zip(count(1), range(0, body.size, size), strict=False):
            part = _part(body, start, min(size, body.size - start), whole)
            query = (("partNumber", str(number)), ("uploadId", upload))
            told = (("x-amz-checksum-sha256", checksum(part.sha256)),)
            answer = self._wire.send(Call("writing", "PUT", bucket, key, query, told, part))
            sent.append((answer.headers.get("etag", ""), checksum(part.sha256)))
        if whole.hexdigest() != body.sha256:
            raise IntegrityError(f"what was staged for {key} has changed", remedy="check this machine's disk and memory")
        return sent

    def _complete(self, bucket: Bucket, key: str, upload: str, sent: list[tuple[str, str]]) -> str | None:
        query, body = (("uploadId", upload),), s3_xml.parts(sent)
        call = Call("writing", "POST", bucket, key, query, (("If-None-Match", "*"),), body, accept=(_TAKEN,))
        answer = self._wire.send(call)
        if answer.status == _TAKEN:
            return None
        if s3_xml.failed_late(answer.data):
            raise self._wire.error(call, refusal(answer.status, answer.data))
        digests = b"".join(base64.b64decode(digest) for _, digest in sent)
        wanted = f"{checksum(sha256(digests).hexdigest())}-{len(sent)}"
        if s3_xml.value(answer.data, "ChecksumSHA256") not in (wanted, wanted.rpartition("-")[0]):
            raise IntegrityError(f"the parts of {key} did not arrive as they were sent", remedy="run `minutier doctor`")
        return answer.headers.get("x-amz-version-id", "")

    def _clear_abandoned(self, bucket: Bucket, key: str) -> None:
        """Drop uploads of this key that a killed process began: nothing lists them, and they take room."""
        found = self._wire.send(Call("looking up uploads of", "GET", bucket, query=(("prefix", key), ("uploads", "")))).data
        for name, upload, began in s3_xml.uploads(found):
            if name == key and datetime.now(UTC) - datetime.fromisoformat(began) > ABANDONED:
                self._abort(bucket, key, upload)

    def _abort(self, bucket: Bucket, key: str, upload: str) -> None:
        """What is not dropped now is dropped when the key is written again, two days later or more."""
        try:
            self._wire.send(Call("dropping an upload of", "DELETE", bucket, key, (("uploadId", upload),)))
        except MinutierError:
            return


def _part(body: FileBody, start: int, size: int, whole: _Digest) -> FileBody:
    """A piece of the file with its digest; `whole` takes it in too."""
    state, left = sha256(), size
    with disk_errors("reading what was staged"), open(body.path, "rb") as file:
        file.seek(body.offset + start)
        while left and (piece := file.read(min(_READ, left))):
            state.update(piece)
            whole.update(piece)
            left -= len(piece)
    return FileBody(body.path, size, state.hexdigest(), body.offset + start)
