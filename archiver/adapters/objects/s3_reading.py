"""Reading one version: streamed, taken up again where a connection broke, and checked against the confirmed digest."""

from __future__ import annotations

import io
from hashlib import sha256
from typing import BinaryIO, cast
from urllib.parse import unquote_plus

from archiver.adapters.objects import s3_xml
from archiver.adapters.objects.s3_connection import Answer, BrokenAnswerError
from archiver.adapters.objects.s3_facts import CHECKED, digest_of
from archiver.adapters.objects.s3_wire import Call, S3Wire, TroubleError, version_query
from archiver.errors import IntegrityError, UnreachableError
from archiver.ports.objects import ObjectRef

SMALL = 256 * 1024
_BREAKS = 5
_BEYOND = 416
_PIECE = 256 * 1024


def open_version(wire: S3Wire, ref: ObjectRef, start: int = 0) -> BinaryIO:
    """The bytes of a version from `start` on. Of a whole one the last are handed out only when all are what was confirmed.

    Raises, also while it is read:
        NotFoundError: no such version.
        IntegrityError: what arrives is not what was written.
        UnreachableError: the connection breaks again and again.
    """
    answer = _ask(wire, ref, start)
    if answer.status == _BEYOND:
        answer.close()
        return io.BytesIO()
    stream = _Stream(wire, ref, answer, start)
    if stream.size - start > SMALL:
        return cast(BinaryIO, io.BufferedReader(stream, _PIECE))
    with stream:
        return io.BytesIO(stream.readall())


def _call(ref: ObjectRef, start: int = 0) -> Call:
    headers = (("Range", f"bytes={start}-"),) if start else (CHECKED,)
    accept = (_BEYOND,) if start else ()
    return Call("reading", "GET", ref.bucket, ref.key, (version_query(ref),), headers, accept=accept, stream=True)


def _ask(wire: S3Wire, ref: ObjectRef, start: int = 0) -> Answer:
    """The answer to a request for the bytes from `start`.

    Raises:
        IntegrityError: the store can't read this version, and can read another: a disk with a fault answers as a busy store does.
    """
    call = _call(ref, start)
    try:
        return wire.send(call)
    except UnreachableError as error:
        if not isinstance(error.__cause__, TroubleError) or not _others_are_read(wire, ref) or wire.succeeds(call):
            raise
        raise IntegrityError(
            f"the store can't read {ref.key}, and it can read others ({error.__cause__}): it is damaged there",
            remedy="bring it back from a copy, and check the store's disks",
        ) from error


def _others_are_read(wire: S3Wire, ref: ObjectRef) -> bool:
    """Does the store hand out the first byte of some other object of the bucket?"""
    query = (("encoding-type", "url"), ("max-keys", "20"), ("prefix", ""), ("versions", ""))
    for one in s3_xml.page(wire.send(Call("listing", "GET", ref.bucket, query=query)).data).versions:
        other = ObjectRef(ref.bucket, unquote_plus(one.key), one.version)
        if other != ref and one.size and not one.marker:
            first = (("Range", "bytes=0-0"),)
            return wire.succeeds(Call("reading", "GET", other.bucket, other.key, (version_query(other),), first, stream=True))
    return False


class _Stream(io.RawIOBase):
    """One version from its first byte, or a later one, to its last. `size`: of the whole."""

    def __init__(self, wire: S3Wire, ref: ObjectRef, answer: Answer, start: int = 0) -> None:
        if start and answer.status != 206:
            raise UnreachableError(f"{ref.key} can't be read from its middle")
        self._wire, self._ref, self._answer = wire, ref, answer
        self.size = start + (answer.size or 0)
        self._digest = "" if start else digest_of(answer.headers)
        self._state, self._at, self._breaks = sha256(), start, 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # what BufferedReader passes
        """Fill the front of `buffer`; 0 at the end."""
        if self._at >= self.size:
            self._check()
            return 0
        piece = self._next(len(buffer))
        buffer[: len(piece)] = piece
        self._state.update(piece)
        self._at += len(piece)
        if self._at == self.size:
            self._check()
        return len(piece)

    def close(self) -> None:
        """Give the connection up when bytes are left on it. Safe to repeat."""
        if not self.closed:
            self._answer.close()
        super().close()

    def _next(self, most: int) -> bytes:
        while True:
            try:
                if piece := self._answer.read(min(most, self.size - self._at)):
                    return piece
                broken: Exception = EOFError("the connection ended")
            except (BrokenAnswerError, OSError) as error:
                broken = error
            self._take_up(broken)

    def _take_up(self, broken: Exception) -> None:
        self._answer.close()
        self._breaks += 1
        if self._breaks > _BREAKS:
            raise UnreachableError(
                f"reading {self._ref.key} broke off {self._breaks} times at byte {self._at:,} of {self.size:,}",
                remedy="check the network and the store's disks",
            ) from broken
        self._answer = _ask(self._wire, self._ref, self._at)
        if self._at and self._answer.status != 206:
            raise UnreachableError(f"reading {self._ref.key} can't be taken up in the middle") from broken

    def _check(self) -> None:
        if self._digest and self._state.hexdigest() != self._digest:
            raise IntegrityError(
                f"{self._ref.key} does not arrive as it was written: its digest is {self._state.hexdigest()[:16]}…, "
                f"{self._digest[:16]}… was confirmed",
                remedy="read it again: it is the network if that succeeds, the store's disk if not",
            )
