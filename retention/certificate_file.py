"""A certificate as a file: plain JSON in exactly one form, an item a line, written and read without holding the items.

Line 1 opens the file, the lines up to the one that begins with `,"statement":` are the body, and SHA-256 over exactly these
lines, each with its line feed, is what the statement names. So a reader without this program needs `sed`, `sha256sum`, `openssl`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import BinaryIO, TypeVar

import msgspec

from retention.certificate import DESTRUCTION, FORMAT, Body, Ending, Item, Outcome, Seal, Stamp
from retention.errors import StatementError
from retention.merkle import Frontier, Growth, leaf_hash
from retention.signature import SCHEME, key_id
from retention.statements import CertificateStatement, PlanStatement

HEAD_LIMIT = 128 * 1024 * 1024
"""Most bytes before the items: a proof over a million entries far apart fits."""
LINE_LIMIT = 64 * 1024
TAIL_LIMIT = 1024 * 1024

_OPENING, _ITEMS, _CLOSING = b'{"body":\n', b'"items":[\n', b"]}\n"
_LISTS = {"approvals", "proof", "keys", "checks", "not_covered"}
_T = TypeVar("_T", bound=msgspec.Struct)
_encode = msgspec.json.Encoder().encode


class Drafting:
    """Items on their way into a file: each is checked to be readable again, and counted."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(Outcome, 0)
        self._growth = Growth(Frontier())
        self._decode = msgspec.json.Decoder(Item).decode

    def line(self, item: Item) -> bytes:
        """The item's line, without an end.

        Raises:
            StatementError: a value is not of its form, or the item is not the next one.
        """
        line = _encode(item)
        try:
            self._decode(line)
        except (msgspec.ValidationError, UnicodeError) as error:
            raise StatementError(f"item {item.position} cannot be certified: {error}") from error
        if item.position != self._growth.size:
            raise StatementError(f"item {item.position} cannot follow {self._growth.size} others: they go in the plan's order")
        self.counts[item.outcome] += 1
        self._growth.append(leaf_hash(bytes.fromhex(item.commitment)))
        return line

    def require(self, body: Body) -> None:
        """Are these the items the body tells of?

        Raises:
            StatementError: their number, outcomes or root are not those of the plan and its execution.
        """
        plan, run = PlanStatement.parse(body.plan.statement), body.execution
        said = {Outcome.EXECUTED: run.executed, Outcome.WITHHELD: run.withheld, Outcome.FAILED: run.failed}
        if self.counts != said or self._growth.size != plan.documents:
            raise StatementError(f"the items of purge {body.purge} are not as many as its plan and its execution say")
        if self._growth.frontier().root() != plan.root:
            raise StatementError(f"the items of purge {body.purge} do not lead to the root of its plan")


def write_certificate(
    out: BinaryIO,
    body: Body,
    items: Iterable[Item],
    *,
    time: datetime,
    public_key: bytes,
    sign: Callable[[bytes], bytes],
    stamps: Sequence[Stamp] = (),
    stamp: Callable[[bytes], Stamp] | None = None,
) -> CertificateStatement:
    """Write a certificate of destruction, signed.

    Args:
        items: in the plan's order.
        public_key, sign: the archive's key, raw, and Ed25519 with it.
        stamps: time-stamps of heads; stamp: asks for one over the certificate's own statement.

    Raises:
        StatementError: something in it may not be certified; what was written so far is not signed.
    """
    digest, drafting = hashlib.sha256(), Drafting()
    out.write(_OPENING)
    for piece in _body_pieces(body, items, drafting):
        digest.update(piece)
        out.write(piece)
    drafting.require(body)
    statement = CertificateStatement(body.kind, body.archive, digest.digest(), time, key_id(public_key))
    message = statement.text().encode("ascii")
    own = (stamp(message),) if stamp else ()
    out.write(_tail(Ending(statement.text(), Seal(SCHEME, public_key.hex(), sign(message).hex()), (*stamps, *own))))
    return statement


def _body_pieces(body: Body, items: Iterable[Item], drafting: Drafting) -> Iterator[bytes]:
    if body.format != FORMAT or body.kind != DESTRUCTION:
        raise StatementError(f"no certificate of format {body.format!r} and kind {body.kind!r} is written here")
    head = _head(body)
    if _decoded(Body, _closed(head)) != body:
        raise StatementError("the certificate's body cannot be read again as it was given")
    yield head
    end = b""
    for item in items:
        yield end + drafting.line(item)
        end = b",\n"
    yield (b"\n" if end else b"") + _CLOSING


class CertificateFile:
    """A certificate being read: first `body`, then `items()` to their end, then `ending` and `body_digest`.

    Args:
        stream: a binary file at its beginning.

    Raises:
        StatementError: it is not, byte for byte, a certificate as it is written.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._line = stream, 0
        self._digest = hashlib.sha256()
        self.ending: Ending | None = None
        if self._next() != _OPENING:
            raise StatementError("this is not a certificate of Minutier", remedy="name the JSON file, not the PDF made from it")
        head = self._read_head()
        self.body = _decoded(Body, _closed(head))
        _require_same(_head(self.body), head, "its head")

    @property
    def body_digest(self) -> bytes:
        """SHA-256 over the body read so far; over all of it once `ending` is there."""
        return self._digest.digest()

    def items(self) -> Iterator[Item]:
        """Items in the file's order, then `ending` is read."""
        decode, may_follow, may_end = msgspec.json.Decoder(Item).decode, True, True
        while (line := self._body_line()) != _CLOSING:
            may_end, text = not line.endswith(b",\n"), line.rstrip(b",\n")
            try:
                item = decode(text)
            except (msgspec.DecodeError, UnicodeError) as error:
                raise StatementError(
                    f"line {self._line:,} of the certificate is not an item: {error}", remedy=_COMPLETE
                ) from error
            if not may_follow or _encode(item) + (b"\n" if may_end else b",\n") != line:
                raise self._other_form()
            may_follow = not may_end
            yield item
        if not may_end:
            raise self._other_form()
        self.ending = self._read_ending()

    def _read_head(self) -> bytes:
        lines, size = [self._body_line(), self._body_line()], 0
        _require_version(lines[0])
        _require_kind(lines[1])
        while lines[-1] != _ITEMS:
            lines.append(self._body_line())
            size += len(lines[-1])
            if size > HEAD_LIMIT:
                raise StatementError(
                    f"the certificate has more than {HEAD_LIMIT:,} bytes before its items: it is none of ours", remedy=_COMPLETE
                )
        return b"".join(lines)

    def _read_ending(self) -> Ending:
        tail = self._stream.read(TAIL_LIMIT + 1)
        if len(tail) > TAIL_LIMIT:
            raise StatementError(
                f"more than {TAIL_LIMIT:,} bytes follow the certificate's body: it is none of ours", remedy=_COMPLETE
            )
        if not tail.startswith(b","):
            raise StatementError("the certificate ends before its signature: it was cut off", remedy=_COMPLETE)
        ending = _decoded(Ending, b"{" + tail[1:])
        _require_same(_tail(ending), tail, "its ending")
        return ending

    def _body_line(self) -> bytes:
        line = self._next()
        self._digest.update(line)
        return line

    def _other_form(self) -> StatementError:
        return StatementError(
            f"the certificate was changed: line {self._line:,} is not in the one form that is written", remedy=_COMPLETE
        )

    def _next(self) -> bytes:
        self._line += 1
        line = self._stream.readline(LINE_LIMIT + 1)
        if len(line) > LINE_LIMIT:
            raise StatementError(
                f"line {self._line} has more than {LINE_LIMIT:,} bytes: this is not a certificate of Minutier", remedy=_COMPLETE
            )
        if not line.endswith(b"\n"):
            where = f"after {self._line - 1:,} lines" if self._line > 1 else "before its first line ends"
            raise StatementError(f"the certificate ends {where}: it was cut off, or is none", remedy=_COMPLETE)
        return line


_NEWER = "use a version of Minutier that knows it"
_COMPLETE = "get the whole JSON file from whoever issued it, byte for byte as it was issued"


def _require_version(line: bytes) -> None:
    name, _, version = FORMAT.partition("/")
    begin = f'{{"format":"{name}/'.encode("ascii")
    if not line.startswith(begin):
        raise StatementError("this is not a certificate of Minutier", remedy="name the JSON file of the certificate")
    found = line[len(begin) :].split(b'"')[0]
    if found != version.encode("ascii"):
        shown = found[:20].decode("ascii", "replace")
        raise StatementError(f"the certificate is of format version {shown!r}, this program knows {version}", remedy=_NEWER)


def _require_kind(line: bytes) -> None:
    if line != f'"kind":"{DESTRUCTION}",\n'.encode("ascii"):
        shown = line[:60].decode("ascii", "replace").strip()
        raise StatementError(f"this version checks certificates of destruction, not what says {shown}", remedy=_NEWER)


def _decoded(kind: type[_T], text: bytes) -> _T:
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise StatementError(f"this is not a certificate as it is written: {error}", remedy=_COMPLETE) from error


def _require_same(written: bytes, found: bytes, what: str) -> None:
    if written != found:
        raise StatementError(f"the certificate was changed: {what} is not in the one form that is written", remedy=_COMPLETE)


def _head(body: Body) -> bytes:
    """The body up to its items: a field a line, long lists an element a line."""
    fields = msgspec.structs.asdict(body)
    names = {each.name: each.encode_name for each in msgspec.structs.fields(Body)}
    parts = [_field(names[name], value) for name, value in fields.items()]
    return b"{" + b"".join(part + b",\n" for part in parts) + _ITEMS


def _field(name: str, value: object) -> bytes:
    if name in _LISTS and isinstance(value, tuple):
        return _listed(name, value)
    return _encode(name) + b":" + _encode(value)


def _listed(name: str, values: Sequence[object]) -> bytes:
    return _encode(name) + b":[\n" + b",\n".join(_encode(each) for each in values) + (b"\n]" if values else b"]")


def _closed(head: bytes) -> bytes:
    return head.removesuffix(b",\n" + _ITEMS) + b"}"


def _tail(ending: Ending) -> bytes:
    fields = [
        b',"statement":' + _encode(ending.statement),
        _field("signature", ending.signature),
        _listed("timestamps", ending.timestamps),
    ]
    return b",\n".join(fields) + b"}\n"
