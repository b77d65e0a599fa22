"""What is known of a container while it is walked, and the outcome that follows from it."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass, field

from archiver.domain.display import safe
from archiver.domain.extraction import Outcome

_LIMITS = (Outcome.TOO_DEEP, Outcome.TOO_LARGE)


@dataclass(slots=True)
class Tally:
    """Counts, not members: a container of a hundred thousand costs their names only.

    Attributes:
        names: the listing, a display name a line.
        stopped, reason: why the walk ended before the container did, if so.
        limit, limit_reason: the limit that this container or one inside it ran into.
    """

    room: int
    expected: int = 0
    failed: int = 0
    problems: Counter[Outcome] = field(default_factory=Counter)
    names: io.StringIO = field(default_factory=io.StringIO)
    stopped: Outcome | None = None
    reason: str = ""
    limit: Outcome | None = None
    limit_reason: str = ""
    cut: bool = False

    def list(self, name: str) -> None:
        """One more member. A listing longer than `room` characters is cut, and says so in the outcome."""
        self.expected += 1
        line = safe(name)
        self.cut = self.cut or self.names.tell() + len(line) > self.room
        if not self.cut:
            self.names.write(f"{line}\n")

    def fail(self, problem: Outcome, reason: str) -> None:
        """A member without bytes."""
        self.failed += 1
        self.problems[problem] += 1
        if problem in _LIMITS:
            self.hit(problem, reason)

    def hit(self, limit: Outcome, reason: str) -> None:
        """A limit was reached here or inside; the first one counts."""
        if self.limit is None:
            self.limit, self.limit_reason = limit, reason

    def stop(self, outcome: Outcome, reason: str) -> None:
        """The walk ended early."""
        self.stopped, self.reason = outcome, reason
        if outcome in _LIMITS:
            self.hit(outcome, reason)

    def verdict(self, own_text: bool) -> tuple[Outcome, str]:
        """Outcome of the container and its reason; (COMPLETE, "") when every member gave its bytes.

        Args:
            own_text: it is a document besides (a mail): lost members never make all of it unreadable.
        """
        if self.limit is not None:
            return self.limit, self.limit_reason
        if self.stopped is not None:
            return (Outcome.PARTIAL if self.expected or own_text else self.stopped), self.reason
        if self.failed == self.expected and len(self.problems) == 1 and not own_text:
            only = next(iter(self.problems))
            return only, f"none of its members could be read: {self._problems()}"
        if self.failed:
            return Outcome.PARTIAL, f"{self.failed} of {self.expected} members could not be read: {self._problems()}"
        if self.cut:
            return Outcome.PARTIAL, f"the listing of members is cut after {self.room} characters"
        return Outcome.COMPLETE, ""

    def _problems(self) -> str:
        return ", ".join(f"{count} {problem.value}" for problem, count in self.problems.most_common())
