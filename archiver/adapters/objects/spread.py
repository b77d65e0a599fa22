"""Spreads waiting for the disk over a few threads: many syncs at once cost hardly more than one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Lock
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Spread:
    """A small pool of threads, started when first needed. Safe from several threads, but not from its own."""

    def __init__(self, threads: int = 8) -> None:
        self._threads = threads
        self._mutex = Lock()
        self._pool: ThreadPoolExecutor | None = None

    def each(self, work: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """`work` of each item, in order. All have ended when this returns or raises the first error."""
        if len(items) < 2:
            return [work(item) for item in items]
        slices = [items[start :: self._threads] for start in range(min(self._threads, len(items)))]
        futures = [self._started().submit(_in_turn, work, part) for part in slices]
        wait(futures)
        parts = [future.result() for future in futures]
        return [parts[index % len(parts)][index // len(parts)] for index in range(len(items))]

    def close(self) -> None:
        """Safe to repeat."""
        with self._mutex:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()

    def _started(self) -> ThreadPoolExecutor:
        with self._mutex:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="objects")
            return self._pool


def _in_turn(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    return [work(item) for item in items]
