"""Evidence as a file: plain JSON in exactly one form, a field a line, signed as a certificate is.

Line 1 opens the file, the lines up to the one that begins with `,"statement":` are the body, and SHA-256 over exactly these
lines, each with its line feed, is what the statement names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, TypeVar

import msgspec

from retention.certificate import Ending, Seal, Stamp
from retention.errors import StatementError
from retention.evidence import DEPOSIT, EVIDENCE, FORMAT, Body, Deposit, Evidence
from retention.evidence_statement import EvidenceStatement
from retention.evidence_verdict import findings_of
from retention.signature import SCHEME, key_id
from retention.timestamp import timestamp

LIMIT = 8 * 1024 * 1024
"""No evidence is longer, however much happened to the document; a longer file is refused unread."""

_OPENING, _CLOSING = b'{"body":\n', b',"statement":'
_NAME = FORMAT.partition("/")[0]
_KINDS: dict[str, type[Deposit] | type[Evidence]] = {EVIDENCE: Evidence, DEPOSIT: Deposit}
_NEWER = "use a version of Minutier that knows it"
_COMPLETE = "get the whole JSON file from whoever issued it, byte for byte as it was issued"
_T = TypeVar("_T", bound=msgspec.Struct)
_encode = msgspec.json.Encoder().encode
BEGINNING = _OPENING + f'{{"format":"{_NAME}/'.encode("ascii")
"""How every such file begins, of whatever version: what tells it from a certificate of destruction."""


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """Evidence as read. `body_digest`: SHA-256 over the body's bytes."""

    body: Deposit | Evidence
    ending: Ending
    body_digest: bytes


def write_evidence(
    body: Deposit | Evidence,
    *,
    time: datetime,
    public_key: bytes,
    sign: Callable[[bytes], bytes],
    stamp: Callable[[bytes], Stamp | None] = lambda _: None,
) -> bytes:
    """The signed file of this body, with the time and what speaks against the document set in it.

    Args:
        public_key, sign: the archive's key, raw, and Ed25519 with it.
        stamp: asks for a time-stamp over the statement; gives None where there is none.

    Raises:
        StatementError: something in it may not be said.
    """
    body = msgspec.structs.replace(body, issued_at=timestamp(time), findings=findings_of(body))
    written = _written(body)
    if _KINDS.get(body.kind) is not type(body) or body.format != FORMAT or _decoded(type(body), written) != body:
        raise StatementError("the evidence cannot be read again as it was given")
    digest = hashlib.sha256(written).digest()
    statement = EvidenceStatement(body.kind, body.archive, body.document, digest, time, key_id(public_key)).text()
    message = statement.encode("ascii")
    stamped = stamp(message)
    seal = Seal(SCHEME, public_key.hex(), sign(message).hex())
    data = _OPENING + written + _tail(Ending(statement, seal, (stamped,) if stamped else ()))
    if len(data) > LIMIT:
        raise StatementError(f"the evidence would have {len(data):,} bytes, and none may have more than {LIMIT:,}")
    return data


def read_evidence(stream: BinaryIO) -> EvidenceFile:
    """Read evidence, whole: it is of one document.

    Raises:
        StatementError: it is not, byte for byte, evidence as it is written.
    """
    data = stream.read(LIMIT + 1)
    if len(data) > LIMIT:
        raise StatementError(f"the file has more than {LIMIT:,} bytes: it is no evidence of ours", remedy=_COMPLETE)
    _require_version(data)
    end = data.find(b"\n" + _CLOSING) + 1
    if not end:
        raise StatementError("the evidence ends before its signature: it was cut off", remedy=_COMPLETE)
    written, tail = data[len(_OPENING) : end], data[end:]
    body, ending = _decoded(_kind_of(written), written), _decoded(Ending, b"{" + tail[1:])
    if _written(body) != written or _tail(ending) != tail:
        raise StatementError("the evidence was changed: it is not in the one form that is written", remedy=_COMPLETE)
    return EvidenceFile(body, ending, hashlib.sha256(written).digest())


def _require_version(data: bytes) -> None:
    if not data.startswith(BEGINNING):
        raise StatementError("this is no evidence of Minutier", remedy="name the JSON file, not the PDF made from it")
    found, known = data[len(BEGINNING) :].split(b'"', 1)[0], FORMAT.partition("/")[2]
    if found != known.encode("ascii"):
        shown = found[:20].decode("ascii", "replace")
        raise StatementError(f"the evidence is of format version {shown!r}, this program knows {known}", remedy=_NEWER)


def _kind_of(written: bytes) -> type[Deposit] | type[Evidence]:
    line = written.split(b"\n", 2)[1]
    for kind, form in _KINDS.items():
        if line == f'"kind":"{kind}",'.encode("ascii"):
            return form
    shown = line[:60].decode("ascii", "replace")
    raise StatementError(f"this version checks evidence and attestations of deposit, not what says {shown}", remedy=_NEWER)


def _decoded(form: type[_T], text: bytes) -> _T:
    try:
        return msgspec.json.decode(text, type=form)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise StatementError(f"this is not evidence as it is written: {error}", remedy=_COMPLETE) from error


def _written(body: Body) -> bytes:
    return b"{" + _fields(body) + b"}\n"


def _tail(ending: Ending) -> bytes:
    return b"," + _fields(ending) + b"}\n"


def _fields(struct: msgspec.Struct) -> bytes:
    """A field a line."""
    fields = msgspec.structs.fields(struct)
    return b",\n".join(_encode(each.encode_name) + b":" + _encode(getattr(struct, each.name)) for each in fields)
