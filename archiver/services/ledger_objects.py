"""The ledger's files in the object store, read in order, bounded, and checked against the digest confirmed when written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from archiver.domain.digest import of_bytes
from archiver.domain.ledger import LedgerEntry, Tree, parse_payload
from archiver.domain.ledger_files import (
    FILE_LIMIT,
    head_size,
    heads_prefix,
    payload_stem,
    payloads_prefix,
    read_payloads,
    read_segment,
    segment_range,
    segments_prefix,
)
from archiver.errors import IntegrityError
from archiver.ports.ledger import LedgerRows
from archiver.ports.objects import Bucket, ObjectInfo, ObjectStore


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """A segment in the store, by its name: the leaves first <= position < end."""

    first: int
    end: int
    info: ObjectInfo


@dataclass(frozen=True, slots=True)
class HeadFile:
    """A head in the store, by its name."""

    size: int
    info: ObjectInfo


Stray = Callable[[ObjectInfo], None]
"""Told of a file whose name is of no known form."""


def read_file(objects: ObjectStore, info: ObjectInfo) -> bytes:
    """The bytes of one of the ledger's files.

    Raises:
        IntegrityError: it is longer than any such file, or not what was written.
    """
    with objects.open(info.ref) as stream:
        body = stream.read(min(info.size, FILE_LIMIT) + 1)
    if len(body) > FILE_LIMIT:
        raise IntegrityError(f"{info.ref.key} is longer than {FILE_LIMIT} bytes, as no file of the ledger is")
    if of_bytes(body) != info.sha256:
        raise IntegrityError(f"{info.ref.key} is not what was written: its SHA-256 is not the one confirmed then")
    return body


def segment_files(objects: ObjectStore, tree: Tree, stray: Stray) -> list[SegmentFile]:
    """Segments of a tree by position; thousands of leaves each, so their list is short."""
    found = []
    for info in objects.list(Bucket.LOCKED, segments_prefix(tree)):
        place = segment_range(info.ref.key)
        if place is None or place[0] >= place[1]:
            stray(info)
        else:
            found.append(SegmentFile(*place, info))
    return sorted(found, key=lambda each: (each.first, each.end, each.info.ref.version))


def head_files(objects: ObjectStore, tree: Tree, stray: Stray) -> list[HeadFile]:
    """Heads of a tree by size."""
    found = []
    for info in objects.list(Bucket.LOCKED, heads_prefix(tree)):
        size = head_size(info.ref.key)
        if size is None:
            stray(info)
        else:
            found.append(HeadFile(size, info))
    return sorted(found, key=lambda each: (each.size, each.info.ref.version))


def payload_files(objects: ObjectStore, tree: Tree) -> dict[str, list[ObjectInfo]]:
    """Payload files of a tree, by the stem of their names (`payload_stem`). After an erasure a segment may have none."""
    found = defaultdict(list)
    for info in objects.list(Bucket.DELETABLE, payloads_prefix(tree)):
        key = info.ref.key
        found[key[: key.find(".", len(payloads_prefix(tree))) + 1]].append(info)
    return dict(found)


def entries(objects: ObjectStore, tree: Tree, rows: LedgerRows | None = None) -> Iterator[LedgerEntry]:
    """Entries of a tree in order, lazily: the sealed ones, then (given `rows`) those the catalogue still holds.

    Erased entries are left out. Each one given is what its commitment says; whether the commitments are those that
    were signed is the question `verify_ledger` answers. Memory: one segment.

    Raises:
        IntegrityError: a file is damaged, a payload is not what was committed to, or a segment is missing.
    """
    payloads, end = payload_files(objects, tree), 0
    for file in segment_files(objects, tree, _refuse):
        if file.first != end and (tree is Tree.CUSTODY or end):
            raise IntegrityError(f"the segment of the {tree} ledger after leaf {end - 1} is missing")
        yield from _sealed_entries(objects, tree, file, payloads.get(payload_stem(tree, file.first, file.end), []))
        end = file.end
    for leaf in rows.leaves(tree, end) if rows else ():
        if leaf.payload is not None:
            yield LedgerEntry(leaf.position, parse_payload(leaf.payload, tree))


def _sealed_entries(objects: ObjectStore, tree: Tree, file: SegmentFile, payloads: list[ObjectInfo]) -> Iterator[LedgerEntry]:
    segment = read_segment(read_file(objects, file.info))
    openings = {each.position: each for info in payloads for each in read_payloads(read_file(objects, info))}
    for position, committed in enumerate(segment.commitments, segment.first):
        opening = openings.get(position)
        if opening is None:
            continue
        if not opening.opens(committed):
            raise IntegrityError(f"the payload of {tree} entry {position} is not what was entered")
        yield LedgerEntry(position, parse_payload(opening.payload, tree))


def _refuse(info: ObjectInfo) -> None:
    raise IntegrityError(f"{info.ref.key} is not a file of the ledger")
