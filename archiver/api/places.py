"""Places for what costs much while it lasts: so many in all, and of one caller only a part, so that others find one."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from archiver.errors import BusyError


class Places:
    """Safe from several threads.

    Args:
        what: of which there may be so many, for people.
    """

    def __init__(self, what: str, *, most: int, of_one: int) -> None:
        self._what, self._most, self._of_one = what, most, of_one
        self._taken: Counter[str] = Counter()
        self._mutex = threading.Lock()

    def take(self, caller: str) -> Callable[[], None]:
        """A place; what is returned gives it back, and is safe to repeat.

        Raises:
            BusyError: all are taken, or as many as one caller may have by this one.
        """
        with self._mutex:
            if self._taken[caller] >= self._of_one or self._taken.total() >= self._most:
                raise BusyError(f"too many {self._what} at once", remedy="ask again in a moment, and fewer at a time")
            self._taken[caller] += 1
        left = [caller]

        def leave() -> None:
            with self._mutex:
                if left:
                    self._taken[left.pop()] -= 1
                    self._taken += Counter()  # names of those who have none are forgotten

        return leave
