"""How an import goes: a live display on a terminal, a line now and then elsewhere. Always on standard error."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from archiver.errors import MinutierError
from archiver.services.bulk_import import Progress

if TYPE_CHECKING:
    from rich.console import Console, RenderableType, RichCast
    from rich.live import Live as RichLive
    from rich.text import Text

EVERY = 10.0
STOPPING = "stopping: what is in hand is being made safe (Ctrl-C once more: stop at once)"
_LIVE_EVERY = 0.1


class Display(Protocol):
    """Shows progress until it is left."""

    def __enter__(self) -> Display: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    def progress(self, progress: Progress) -> None: ...


class Ahead:
    """Counts the input in a thread of its own, so that the time left can be told while the import goes on."""

    def __init__(self, entries: Iterator[object]) -> None:
        self.total: int | None = None
        self._entries = entries
        threading.Thread(target=self._count, name="count-ahead", daemon=True).start()

    def _count(self) -> None:
        with suppress(MinutierError):  # the import itself meets the same error, and tells it
            self.total = sum(1 for _ in self._entries)


def display(
    entries: Iterator[object] | None, total: int | None, before: Mapping[str, int], stopping: Callable[[], bool]
) -> Display:
    """The fitting display for where standard error goes.

    Args:
        entries: the input once more, to be counted ahead.
        total: how many lines there are, when that is known already.
        before: lines by outcome that earlier runs of the batch left.
        stopping: whether it was asked to stop.
    """
    return Live(Ahead(entries) if entries is not None else None, total, before, stopping) if sys.stderr.isatty() else Lines()


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
    """Two lines that are written over, eight times a second at most."""

    def __init__(self, ahead: Ahead | None, total: int | None, before: Mapping[str, int], stopping: Callable[[], bool]) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._start, self._last, self._ahead = time.monotonic(), 0.0, ahead
        self._before, self._stopping, self._said = sum(before.values()), stopping, "starting"
        columns = (BarColumn(bar_width=30), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        console = Console(stderr=True)
        self._bar = Bar(*columns, console=console, transient=True, refresh_per_second=8)
        self._total, self._task = total, self._bar.add_task("", total=total)
        self._live = _live(self._bar, self, console)

    def __rich__(self) -> Text:
        """The second line, as it is at the moment it is drawn."""
        from rich.text import Text

        return Text(STOPPING if self._stopping() else self._said)

    def __enter__(self) -> Live:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.stop()

    def progress(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last >= _LIVE_EVERY:
            self._last = now
            total = self._ahead.total if self._ahead else self._total
            self._bar.update(self._task, completed=max(0, self._before + progress.lines - progress.waiting), total=total)
            self._said = summary(progress, now - self._start)


def _live(bar: RenderableType, words: RichCast, console: Console) -> RichLive:
    from rich.console import Group
    from rich.live import Live as RichLive

    return RichLive(Group(bar, words), console=console, transient=True, refresh_per_second=8)


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
