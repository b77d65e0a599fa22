"""The ledger's files in the object store: names and forms, made to be checked by hand (docs/reference/ledger.md)."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from archiver.domain.ledger import PAYLOAD_LIMIT, SALT_BYTES, Tree, commitment
from archiver.errors import IntegrityError
from retention.errors import StatementError
from retention.merkle import HASH_BYTES, Frontier
from retention.signature import SCHEME
from retention.signed_head import HASH, SignedHead, Statement

SEGMENT_LEAVES = 8192
"""Most leaves in one segment; what is read of one segment fits in memory."""
SEGMENT_PAYLOAD_BYTES = 8 * 1024 * 1024
"""Most payload bytes in one segment (a segment of one leaf may be longer)."""
FILE_LIMIT = 64 * 1024 * 1024
"""No file of a ledger is longer, packed or not; a longer one is refused unread."""

_SEGMENT_NAME = re.compile(r"/(\d{12})-(\d{12})\.json")
_PAYLOAD_STEM = re.compile(r"/(\d{12})-(\d{12})\.")
_HEAD_NAME = re.compile(r"/(\d{12})\.json")


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the tree.

    Attributes:
        before: where the tree stood before it, so that a segment can be checked without the ones before.
        commitments: data of its leaves, in order, 32 bytes each.
    """

    tree: Tree
    before: Frontier
    commitments: tuple[bytes, ...]

    @property
    def first(self) -> int:
        """Position of its first leaf."""
        return self.before.size

    @property
    def end(self) -> int:
        """Size of the tree after its last leaf."""
        return self.before.size + len(self.commitments)


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens one commitment."""

    position: int
    salt: bytes
    payload: str

    def opens(self, committed: bytes) -> bool:
        """Is this what was committed to?"""
        return commitment(self.salt, self.payload) == committed


def segments_prefix(tree: Tree) -> str:
    """Where segments lie, in the locked bucket."""
    return f"ledger/{tree}/segments/"


def heads_prefix(tree: Tree) -> str:
    """Where signed heads lie, in the locked bucket."""
    return f"ledger/{tree}/heads/"


def payloads_prefix(tree: Tree) -> str:
    """Where payloads and salts lie, in the deletable bucket."""
    return f"ledger/{tree}/payloads/"


def segment_key(tree: Tree, first: int, end: int) -> str:
    """Key of the segment of the leaves first <= position < end; its name holds the first and the last position."""
    return f"{segments_prefix(tree)}{first:012d}-{end - 1:012d}.json"


def payload_stem(tree: Tree, first: int, end: int) -> str:
    """How the key of every payload file of that segment begins; an erasure writes a new file beside the old."""
    return f"{payloads_prefix(tree)}{first:012d}-{end - 1:012d}."


def payload_key(tree: Tree, first: int, end: int) -> str:
    """Key of the payload file written with that segment."""
    return f"{payload_stem(tree, first, end)}txt.gz"


def head_key(tree: Tree, size: int) -> str:
    """Key of the head of the tree of that size."""
    return f"{heads_prefix(tree)}{size:012d}.json"


def segment_range(key: str) -> tuple[int, int] | None:
    """(first, end) of a segment, from its key; None when it is not the key of one."""
    match = _SEGMENT_NAME.fullmatch(key[key.rfind("/") :])
    return None if match is None else (int(match[1]), int(match[2]) + 1)


def payload_range(stem: str) -> tuple[int, int] | None:
    """(first, end) of the segment whose payload files begin so; None when it is no such beginning."""
    match = _PAYLOAD_STEM.fullmatch(stem[stem.rfind("/") :])
    return None if match is None else (int(match[1]), int(match[2]) + 1)


def head_size(key: str) -> int | None:
    """Size of the tree a head is of, from its key; None when it is not the key of one."""
    match = _HEAD_NAME.fullmatch(key[key.rfind("/") :])
    return None if match is None else int(match[1])


def write_segment(segment: Segment) -> bytes:
    """The segment's file: the same bytes each time."""
    return _pretty(
        {
            "format": "minutier ledger segment v1",
            "tree": str(segment.tree),
            "hash": HASH,
            "first": segment.first,
            "last": segment.end - 1,
            "before": [each.hex() for each in segment.before.hashes],
            "commitments": [each.hex() for each in segment.commitments],
        }
    )


def read_segment(body: bytes) -> Segment:
    """Read a segment's file.

    Raises:
        IntegrityError: it is not exactly what `write_segment` writes.
    """
    try:
        found = json.loads(body)
        segment = Segment(Tree(found["tree"]), Frontier(found["first"], _hashes(found["before"])), _hashes(found["commitments"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IntegrityError(f"this is not a ledger segment: {error}") from error
    if not segment.commitments or write_segment(segment) != body:
        raise IntegrityError("this is not a ledger segment: its form is not the one that is written")
    return segment


def write_payloads(openings: Iterable[Opening]) -> bytes:
    """A payload file: gzip of one line a leaf, `position salt payload`, in order."""
    lines = (f"{each.position} {each.salt.hex()} {each.payload}\n" for each in openings)
    return gzip.compress("".join(lines).encode("ascii"), compresslevel=6, mtime=0)


def read_payloads(body: bytes) -> list[Opening]:
    """Read a payload file, at most `FILE_LIMIT` bytes unpacked.

    Raises:
        IntegrityError: it is damaged, or a line is of another form.
    """
    try:
        unpacker = zlib.decompressobj(wbits=31)
        text = unpacker.decompress(body, FILE_LIMIT).decode("ascii")
        if not unpacker.eof or unpacker.unused_data:
            raise ValueError("it ends too early, or goes on after its end")
        return [_opening(line) for line in text.split("\n")[:-1]]
    except (ValueError, zlib.error) as error:
        raise IntegrityError(f"this is not a ledger payload file: {error}") from error


def write_head(head: SignedHead) -> bytes:
    """A head's file."""
    return _pretty(
        {
            "format": "minutier ledger head v1",
            "statement": head.statement.text(),
            "signature": f"{SCHEME} {head.signature.hex()}",
            "previous": head.previous,
            "consistency": [each.hex() for each in head.consistency],
        }
    )


def read_head(body: bytes) -> SignedHead:
    """Read a head's file. The signature is not checked here.

    Raises:
        IntegrityError: it is not exactly what `write_head` writes.
    """
    try:
        found = json.loads(body)
        scheme, signature = found["signature"].split(" ")
        if scheme != SCHEME or not isinstance(found["previous"], int):
            raise ValueError(f"signature scheme {scheme!r}, previous {found['previous']!r}")
        statement = Statement.parse(found["statement"])
        head = SignedHead(statement, bytes.fromhex(signature), found["previous"], _hashes(found["consistency"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, StatementError) as error:
        raise IntegrityError(f"this is not a ledger head: {error}") from error
    if write_head(head) != body:
        raise IntegrityError("this is not a ledger head: its form is not the one that is written")
    return head


def _pretty(value: dict[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=True, indent=0).encode("ascii") + b"\n"


def _hashes(texts: Sequence[str]) -> tuple[bytes, ...]:
    found = tuple(bytes.fromhex(text) for text in texts)
    if any(len(each) != HASH_BYTES for each in found):
        raise ValueError("a hash is not of 32 bytes")
    return found


def _opening(line: str) -> Opening:
    position, salt, payload = line.split(" ", 2)
    if len(salt) != 2 * SALT_BYTES or len(payload) > PAYLOAD_LIMIT or not position.isdecimal():
        raise ValueError(f"the line of position {position[:20]!r} is of another form")
    return Opening(int(position), bytes.fromhex(salt), payload)
