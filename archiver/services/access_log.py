"""The access log: each answer is written down before it goes out; where that fails there is no answer."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from archiver.domain.accesses import Access, Cards, event
from archiver.domain.ledger import LedgerEvent, canonical
from archiver.errors import MinutierError, UnreachableError
from archiver.ports.clock import Clock
from archiver.ports.ledger import LedgerRows
from archiver.services.register import Register, month_of

WAITING = 1_024
"""Answers that may wait to be written down; one more is refused at once."""
NAMES_KEPT = 10_000


@dataclass(slots=True, eq=False)
class _Entry:
    """An event on its way. `done`: it is written, or `failure` says why it is not."""

    event: LedgerEvent
    done: bool = False
    failure: MinutierError | None = None


class AccessLog:
    """Writes entries of the access tree, from many threads at once.

    Whoever comes first writes for all that wait, in one transaction, while the next ones gather: a commit serves as many
    answers as came during the one before it, and nothing runs when nobody asks.

    Args:
        cards: finds card numbers in what was asked.
        waiting: answers that may wait.
    """

    def __init__(self, rows: LedgerRows, register: Register, clock: Clock, cards: Cards, *, waiting: int = WAITING) -> None:
        self._rows, self._register, self._clock, self._cards, self._most = rows, register, clock, cards, waiting
        self._pseudonyms: dict[tuple[str, str], str] = {}
        self._change = threading.Condition()
        self._gathered: list[_Entry] = []
        self._writing = self._closed = False

    def write(self, access: Access) -> None:
        """Write it down; returns once it is durable. Only then may the answer go out.

        An answer refused here may have been written down nevertheless, when the database was lost while it committed: an entry
        says that an answer was about to be given. Not to be repeated for one answer: it would be in the log twice.

        Raises:
            UnreachableError: it could not be written: catalogue or register do not answer, too many wait, or the log is closed.
            UsageError: the name of who asked can be nobody's.
        """
        now = self._clock.now()
        entered = event(access, self._pseudonym(access.principal_name, month_of(now)), now, self._cards)
        canonical(entered)  # what can be no entry fails here, alone, and not those that it would be written with
        self._enter(_Entry(entered))

    def close(self) -> None:
        """Take nothing more; returns when what was taken is written or has failed. Safe to repeat."""
        with self._change:
            self._closed = True
            self._change.wait_for(lambda: not self._writing)
            left = self._take_all()
        self._commit(left)

    def _enter(self, entry: _Entry) -> None:
        with self._change:
            self._require_room()
            self._gathered.append(entry)
            self._change.wait_for(lambda: entry.done or not self._writing)
            group = [] if entry.done else self._take_all()
        if group:
            self._commit(group)
        if entry.failure is not None:
            raise _no_answer(str(entry.failure)) from entry.failure

    def _require_room(self) -> None:
        if self._closed:
            raise _no_answer("the access log is closed")
        if len(self._gathered) >= self._most:
            raise _no_answer(f"{self._most:,} other answers wait for it")

    def _take_all(self) -> list[_Entry]:
        self._writing, group, self._gathered = True, self._gathered, []
        return group

    def _commit(self, group: Sequence[_Entry]) -> None:
        """One transaction for all of them. However it ends, nobody is left waiting."""
        failure: MinutierError | None = UnreachableError("writing it down was cut off")
        try:
            self._rows.enter(entry.event for entry in group)
            failure = None
        except MinutierError as error:
            failure = error
        finally:
            with self._change:
                self._writing = False
                for entry in group:
                    entry.done, entry.failure = True, failure
                self._change.notify_all()

    def _pseudonym(self, name: str, month: str) -> str:
        """Written to the register before the first entry of the month that names it."""
        if not name:
            return ""
        known = self._pseudonyms.get((name, month))
        if known is None:
            try:
                known = self._register.enter(name, month)
            except UnreachableError as error:
                raise _no_answer(str(error)) from error
            if len(self._pseudonyms) >= NAMES_KEPT:
                self._pseudonyms.clear()
            self._pseudonyms[name, month] = known
        return known


def _no_answer(why: str) -> UnreachableError:
    return UnreachableError(
        f"what is read cannot be written down, so nothing is shown: {why}", remedy="ask again later; `minutier doctor` says more"
    )
