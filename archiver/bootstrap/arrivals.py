"""The thread that has read what was deposited: by this process, or by workers where there is a broker.

It takes the archive for writing only while something waits, and lets go of it as soon as another command asks for it. While
somebody else writes, what was deposited waits: nothing of it can be lost any more.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from archiver.errors import LockedError, MinutierError

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive
    from archiver.services.reading_here import ReadingHere

_log = logging.getLogger("minutier.arrivals")

LOOK_EVERY = 30.0
"""Seconds after which it looks by itself for what another process has left."""
AGAIN = 1.0
"""Seconds before the archive is asked for again while somebody else writes."""
TROUBLE = 10.0
"""Seconds before it goes on after a part did not answer."""
WARM = 5.0
"""Seconds for which the reading processes are kept when nothing waits: deposits follow each other."""
LONGEST = 60.0
"""Seconds after which the archive is let go of once what is in hand is read, however much follows."""
BREATH = 0.2
"""Seconds for which it always lets go: whoever asks at this moment gets the archive."""
SHOW_EVERY = 1.0
"""Seconds after which what was read is made searchable while more is being read."""
GRACE = 5.0
"""Seconds that what is in hand gets when it is to let go at once."""


class Arrivals:
    """Sees to it that what was deposited is read and becomes searchable.

    Args:
        opened: opens the archive for writing; raises LockedError while somebody else writes.
        announce: tells the workers instead; None where there are none.
    """

    def __init__(self, opened: Callable[[], Archive], announce: Callable[[], object] | None) -> None:
        self._opened, self._announce = opened, announce
        self._something, self._closing = threading.Event(), threading.Event()
        self._something.set()  # what an earlier run has left
        self._thread = threading.Thread(target=self._run, name="arrivals", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Something was taken in."""
        self._something.set()

    def close(self) -> None:
        """Finish what is in hand, leave the rest to the next run, and return. Safe to repeat."""
        self._closing.set()
        self._something.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            pause = self._step()
            self._closing.wait(max(pause, BREATH))
            if not pause:
                self._something.wait(LOOK_EVERY)

    def _step(self) -> float:
        """Read what waits; seconds after which to try again, 0 to wait until something comes."""
        self._something.clear()
        try:
            if self._announce is not None:
                self._announce()
            else:
                self._read()
        except LockedError:
            self._something.set()
            return AGAIN
        except MinutierError as error:
            _log.warning("what was deposited is read later: %s", error)
            return TROUBLE
        except Exception:  # noqa: BLE001  # a mistake in this program must not end the only thread that reads
            _log.exception("what was deposited is read later")
            return TROUBLE
        return 0.0

    def _read(self) -> None:
        from archiver.bootstrap.reading import reading_parts
        from archiver.services.index_documents import catch_up
        from archiver.services.reading_here import ReadingHere

        with self._opened() as archive:
            if not archive.catalog.waiting(1):
                return
            catch_up(archive.catalog, archive.index, archive.texts)
            reading = ReadingHere(reading_parts(archive))
            try:
                reading.tidy()
                self._go_on(archive, reading)
            finally:
                reading.show()

    def _go_on(self, archive: Archive, reading: ReadingHere) -> None:
        """Until nothing came for a while, or somebody else asks for the archive."""
        until, shown, warm = time.monotonic() + LONGEST, time.monotonic(), time.monotonic() + WARM
        self._something.set()

        def enough() -> bool:
            return self._closing.is_set() or time.monotonic() > until or archive.wanted

        while not enough() and (reading.busy or time.monotonic() < warm):
            if self._something.is_set():
                self._something.clear()
                reading.take_up(enough)
                warm = time.monotonic() + WARM
            if reading.busy:
                reading.pump(0.1)
            if not reading.busy or time.monotonic() > shown + SHOW_EVERY:
                reading.show()
                shown = time.monotonic()
            if not reading.busy:
                self._something.wait(0.2)
        self._finish(archive, reading)

    def _finish(self, archive: Archive, reading: ReadingHere) -> None:
        """What is in hand is read to its end, or for a moment when somebody waits for that. The rest comes next time."""
        self._something.set()
        until = time.monotonic() + GRACE
        while reading.busy and not (time.monotonic() > until and (self._closing.is_set() or archive.wanted)):
            reading.pump(0.1)
