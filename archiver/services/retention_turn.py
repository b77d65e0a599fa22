"""The turn in which retention is changed, as services are given it (`bootstrap.Archive.retention_turn` makes it)."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Turn(Protocol):
    """For a page of documents, for short. Whoever is inside must not ask for it again."""

    def __call__(self, *, shared: bool = False) -> AbstractContextManager[None]:
        """Inside alone, or, `shared`, with others that only add documents.

        Raises:
            LockedError: the turn did not come in time.
        """


def no_turn(*, shared: bool = False) -> AbstractContextManager[None]:  # noqa: ARG001  # the same for both
    """For whoever knows that nobody else is there."""
    return nullcontext()
