"""Deposits: documents that are handed in one by one, taken in together with whatever else waits at the same moment."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from archiver.domain.batch import Batch, BatchState, Line, LineState
from archiver.domain.caller import Caller
from archiver.domain.reference import deposit_source
from archiver.errors import (
    AlreadyExistsError,
    LockedError,
    MinutierError,
    NotFoundError,
    NotPermittedError,
    UnreachableError,
    UsageError,
)
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.objects import ObjectStore
from archiver.ports.sources import FileStamp, SourceEntry, SourceError
from archiver.services.bulk_import import GROUP
from archiver.services.intake import Intake, IntakeOptions
from archiver.services.placement import Placement
from archiver.services.retention_turn import Turn
from archiver.services.trusted_time import require_no_leap
from retention.policy import Policy

_NO_INPUT: dict[str, Any] = {
    "paths": [],
    "manifest": "",
    "folder": "",
    "collection": "default",
    "class": "",
    "grants": [],
    "declared": {},
    "follow_links": False,
    "rehash": False,
    "shard": None,
    "again": "",
}
"""What such a batch was started with: it has no input that could be read again."""

UNFINISHED = "it was not taken in, and whoever handed it in was told so"


class Body(Protocol):
    """The bytes of a deposit, here until it is taken in."""

    @property
    def sha256(self) -> str:
        """Of all of them, in hexadecimal."""

    def chunks(self) -> Iterator[bytes]:
        """All of them, from the first on, as often as asked."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """A document as it is handed in.

    Attributes:
        depositor: who hands it in; each has references of its own.
        reference: the depositor's own name for it, which with the same bytes makes the same document.
        name: what people call it: any characters, never a path.
        retention_class, grants: "" and () for those of the collection.
        declared: metadata that retention may read.
    """

    depositor: str
    reference: str
    name: str
    collection: str
    body: Body
    retention_class: str = ""
    grants: tuple[str, ...] = ()
    declared: Mapping[str, str] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """What names it in the archive."""
        return deposit_source(self.depositor, self.reference)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a deposit: `new` and `duplicate` were taken in, `already` was before, `refused` a purge has destroyed, and
    `failed` was not stored.

    Attributes:
        document_id: "" where there is none.
        reason: for people; of the bytes it says nothing that the depositor may not know.
    """

    state: LineState
    document_id: str
    reason: str


def require_admitted(collection: str, retention_class: str, grants: Iterable[str], caller: Caller, policy: Policy) -> None:
    """May this caller deposit there? Where its groups may read; and only its own groups may be granted anything.

    Raises:
        NotPermittedError: it may not, or there is no such collection, which is told in the same words.
        UsageError: the policy in force knows no such class.
    """
    named = policy.collections.get(collection)
    groups = caller.principal.groups
    if named is None or not groups.intersection(named.read) or groups.intersection(named.deny):
        raise NotPermittedError(
            f"nothing may be deposited here into a collection {collection}",
            remedy="name a collection that the policy in force lets a group of this key or token read; "
            "where no policy was ever applied there is none: `minutier policy apply` makes one",
        )
    foreign = sorted(set(grants) - groups)
    if foreign:
        raise NotPermittedError(
            f"{foreign[0]!r} is no group of this key or token", remedy="grant only groups that it has itself, or none"
        )
    if retention_class and retention_class not in policy.classes:
        raise UsageError(
            f"the policy in force has no class {retention_class}", remedy="leave it out for the collection's own class"
        )


@dataclass(frozen=True, slots=True)
class DepositParts:
    """What taking in deposits works with.

    Attributes:
        turn: taken shared, so that nothing that was stored is taken for an orphan before it is written down.
    """

    catalog: Catalog
    objects: ObjectStore
    clock: Clock
    placement: Placement
    identifier_key: bytes
    turn: Turn


class Deposits:
    """Takes groups of deposits in: a batch for each process and day. For one thread at a time."""

    def __init__(self, parts: DepositParts) -> None:
        self._parts = parts
        self._bodies = _Bodies()
        self._batch, self._day, self._line = "", "", 0
        self._intake: Intake | None = None

    def take(self, group: Sequence[Deposit]) -> list[Receipt | MinutierError]:
        """What became of each, in order. What one comes to is no matter of the others.

        Raises:
            RefusedError: the clock leapt: nothing is taken in while it is in doubt which day it is.
            UnreachableError, LockedError: a part does not answer, or documents are being changed for long; what was taken in of
                the group is found when it is handed in again.
        """
        require_no_leap(self._parts.clock)
        try:
            return list(self._taken(group))
        except (UnreachableError, LockedError):
            raise
        except MinutierError as error:
            if len(group) == 1:
                return [error]
            return [told for one in group for told in self.take([one])]

    def close(self) -> None:
        """The batch gets no more lines. Safe to repeat."""
        if self._batch:
            self._parts.catalog.set_batch_state(self._batch, BatchState.FINISHED)
        self._batch = self._day = ""

    def _taken(self, group: Sequence[Deposit]) -> list[Receipt]:
        intake = self._of_today()
        pairs = [(self._next_line(one), _entry(one)) for one in group]
        self._bodies.of = {one.source: one.body for one in group}
        try:
            lines = self._in_turn(intake, pairs)
        except BaseException:
            self._give_up([line for line, _ in pairs])
            raise
        finally:
            self._bodies.of = {}
        return [Receipt(line.state, line.document_id, line.reason) for line in lines]

    def _in_turn(self, intake: Intake, pairs: list[tuple[Line, SourceEntry]]) -> list[Line]:
        for last in (False, True):
            try:
                with self._parts.turn(shared=True):
                    return intake.take(pairs)[1]
            except NotFoundError:  # a writer that opened the store at this moment has emptied staging: the bytes are still here
                if last:
                    raise
        raise AssertionError

    def _give_up(self, lines: Sequence[Line]) -> None:
        """Lines that wait would wait for ever. Where not even that can be written, a resumed batch settles them."""
        settled = [replace(line, state=LineState.FAILED, reason=UNFINISHED) for line in lines]
        with suppress(MinutierError):
            self._parts.catalog.add_lines(self._batch, settled)

    def _of_today(self) -> Intake:
        now = self._parts.clock.now()
        day = f"{now:%Y%m%d}"
        if self._intake is None or day != self._day:
            self.close()
            self._batch, self._day, self._line = self._new_batch(day, now), day, 0
            parts = self._parts
            self._intake = Intake(
                parts.catalog,
                parts.objects,
                self._bodies,
                parts.clock,
                parts.placement,
                parts.identifier_key,
                IntakeOptions(self._batch, "default"),
            )
        return self._intake

    def _new_batch(self, day: str, now: datetime) -> str:
        while True:
            name = f"deposits-{day}-{secrets.token_hex(2)}"
            with suppress(AlreadyExistsError):
                self._parts.catalog.create_batch(Batch(name, BatchState.RUNNING, now, _NO_INPUT, listed=True))
                return name

    def _next_line(self, deposit: Deposit) -> Line:
        self._line += 1
        return Line(self._line, deposit.source)


class _Bodies:
    """`SourceReader` over the deposits in hand."""

    def __init__(self) -> None:
        self.of: Mapping[str, Body] = {}

    def stamp(self, source: str) -> FileStamp | None:
        """None: a later import of the same name must not take it for seen."""
        return None

    def chunks(self, source: str) -> Iterator[bytes]:
        """See the port. Bytes that are not those that were handed in are never taken for them."""
        body, state = self.of[source], hashlib.sha256()
        for chunk in body.chunks():
            state.update(chunk)
            yield chunk
        if state.hexdigest() != body.sha256:
            raise SourceError("its bytes are not those that were handed in")


def together(waiting: Sequence[Deposit]) -> int:
    """How many of these, from the first on, may be taken in together: no two of one source, since it names its bytes."""
    sources: set[str] = set()
    for place, one in enumerate(waiting[:GROUP]):
        if one.source in sources:
            return place
        sources.add(one.source)
    return len(sources)


def _entry(deposit: Deposit) -> SourceEntry:
    return SourceEntry(
        deposit.source,
        name=deposit.name,
        collection=deposit.collection,
        retention_class=deposit.retention_class,
        grants=deposit.grants,
        declared=dict(deposit.declared),
    )


def written(deposit: Deposit) -> str:
    """Everything a deposit says, with the digest of its bytes, as one text: equal only for the same deposit."""
    said = {
        "reference": deposit.reference,
        "name": deposit.name,
        "collection": deposit.collection,
        "class": deposit.retention_class,
        "grants": sorted(deposit.grants),
        "declared": dict(deposit.declared),
        "sha256": deposit.body.sha256,
    }
    return json.dumps(said, sort_keys=True)
