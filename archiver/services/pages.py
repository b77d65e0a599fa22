"""Streams a page at a time: what is asked or written for many at once, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def pages(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """`items` in lists of at most `size`, lazily."""
    stream = iter(items)
    while page := list(islice(stream, size)):
        yield page
