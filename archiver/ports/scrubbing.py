"""Port: what deleted and overwritten rows leave in a catalogue's files is gone, or it is said where it may be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """One statement for a certificate, without names of documents or persons.

    Attributes:
        what: which files or parts of the database; how: what was done there; result: what was found afterwards.
        clean: nothing of what was deleted or overwritten before is left there. False where it may be, or where it cannot be known.
    """

    what: str
    how: str
    result: str
    clean: bool


class Scrubbing(Protocol):
    """A catalogue that can be scrubbed."""

    def scrub(
        self,
        tables: Sequence[str] = (),
        *,
        rewrite: bool = True,
        patience: float = 30.0,
        alive: Callable[[], None] = lambda: None,
    ) -> list[Scrubbed]:
        """Rid the files of the catalogue of what was deleted from rows and overwritten in them. Safe to repeat and to cut off.

        Args:
            tables: those in which something was; none for all. A database in one file is scrubbed whole.
            rewrite: write files anew from the living rows, which is the only sure way, needs as much room again, and on a server
                keeps everybody from a table while it is written; else space is freed only.
            patience: seconds to wait for a reader or a lock before it is said that it could not be had.
            alive: called at least every few seconds while others are waited for.

        Returns: the same statements in the same order each time, what is not covered among them.

        Raises:
            UnreachableError: the database does not answer, or has no room.
            NotPermittedError: it was opened for reading only.
        """
