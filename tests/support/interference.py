"""Something that happens just before a chosen call of catalogue, object store or index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Happening = Callable[[str], None]
"""Told which call it comes before: "catalog.condemn"."""


class Interference:
    """Counts calls from when it is `armed`, and lets a happening come before the n-th, from 0."""

    def __init__(self, **happenings: Happening) -> None:
        self.armed = False
        self.calls: list[str] = []
        self.at: dict[int, Happening] = {}
        self.before: dict[str, Happening] = dict(happenings)

    def wrap(self, part: str, target: Any) -> Any:
        """The part, watched."""
        return _Watched(self, part, target)

    def note(self, call: str) -> None:
        """A call is about to be made."""
        if not self.armed:
            return
        number = len(self.calls)
        self.calls.append(call)
        if happening := self.at.pop(number, None) or self.before.pop(call, None):
            self.armed = False  # what it does itself is not counted
            try:
                happening(call)
            finally:
                self.armed = True


class _Watched:
    def __init__(self, interference: Interference, part: str, target: Any) -> None:
        self._interference, self._part, self._target = interference, part, target

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if not callable(value):
            return value

        def call(*arguments: Any, **options: Any) -> Any:
            self._interference.note(f"{self._part}.{name}")
            return value(*arguments, **options)

        return call
