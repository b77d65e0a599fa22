"""How an import goes: a live display on a terminal, a line now and then elsewhere. Always on standard error."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Protocol

from archiver.services.bulk_import import Progress

EVERY = 10.0
_LIVE_EVERY = 0.1


class Display(Protocol):
    """Shows progress until it is left."""

    def __enter__(self) -> Display: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    def progress(self, progress: Progress) -> None: ...


def display(total: int | None = None) -> Display:
    """The fitting display for where standard error goes."""
    return Live(total) if sys.stderr.isatty() else Lines()


class Lines:
    """A line every ten seconds."""

    def __init__(self) -> None:
        self._start = self._last = time.monotonic()

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None

    def progress(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last >= EVERY:
            self._last = now
            sys.stderr.write(summary(progress, now - self._start) + "\n")
            sys.stderr.flush()


class Live:
    """A line that is written over, ten times a second at most."""

    def __init__(self, total: int | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._start, self._last, self._total = time.monotonic(), 0.0, total
        columns = [SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()]
        if total:
            columns[1:1] = [BarColumn(bar_width=24)]
            columns += [TextColumn("left"), TimeRemainingColumn()]
        self._bar = Bar(*columns, console=Console(stderr=True), transient=True, refresh_per_second=8)
        self._task = self._bar.add_task("starting", total=total)

    def __enter__(self) -> Live:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()

    def progress(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last >= _LIVE_EVERY:
            self._last = now
            done = max(0, progress.lines - progress.waiting)
            self._bar.update(self._task, completed=done, description=summary(progress, now - self._start))


def summary(progress: Progress, seconds: float) -> str:
    """One line: documents, bytes, rate, outcomes so far."""
    rate = progress.lines / seconds if seconds > 0 else 0.0
    parts = [f"{progress.lines:,} lines", f"{progress.documents:,} documents", size(progress.bytes), f"{rate:,.0f}/s"]
    if progress.waiting:
        parts.append(f"{progress.waiting} being read")
    states = {name: count for name, count in progress.states.items() if name != "new"}
    trouble = {name: count for name, count in progress.outcomes.items() if name != "complete"}
    parts += [f"{count:,} {name.replace('_', ' ')}" for name, count in {**states, **trouble}.items()]
    return " · ".join(parts)


def size(count: float) -> str:
    """Bytes for people."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
