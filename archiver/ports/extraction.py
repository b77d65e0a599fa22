"""Port: reading documents in processes that may die."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from archiver.domain.extraction import Event, ExtractionTask, Locator


class ExtractionPool(Protocol):
    """A bounded set of killable children.

    The caller never waits for a child: a child past its deadline or memory limit is ended and shows as `Died`,
    the rest of its chunk is read by its successor. A task that needs a part which does not answer comes back as
    `Unreachable`, after a bounded time; those that don't need it are read. Safe to use from one thread.
    """

    def submit(self, chunk: Sequence[ExtractionTask]) -> None:
        """Queue a chunk for one child. Returns at once."""

    def poll(self, seconds: float) -> list[Event]:
        """Events since the last call, in order per task; waits at most `seconds` for the first one."""

    def pending(self) -> int:
        """Tasks submitted and neither `Finished`, `Died` nor `Unreachable`."""

    def close(self) -> None:
        """End all children. Safe to repeat."""


class MemberReader(Protocol):
    """Reads one member out of a stored container again."""

    def open(self, container: Path, locator: Locator, passwords: Sequence[str] = ()) -> Iterator[bytes]:
        """The member's plain bytes, in pieces.

        Raises:
            NotFoundError: the container has no such member.
            IntegrityError: the container is damaged there.
            NotPermittedError: it is encrypted and no password fits.
        """
