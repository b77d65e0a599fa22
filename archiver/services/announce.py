"""Announcing: work that is due is told to the workers, in messages of bounded size."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from archiver.errors import UnreachableError
from archiver.ports.jobs import Broker, Due, Jobs, Kind

RESEND = timedelta(seconds=60)
"""After this a message that nobody took up counts as lost. A doubled one costs a look at the catalogue."""
QUIET = timedelta(seconds=30)
AT_ONCE = 1_024
MESSAGE_FILES = 32
MESSAGE_BYTES = 32 * 1024 * 1024
MESSAGE_ENDS = 128
"""Originals in a message that are to be destroyed: one transaction of the catalogue, whatever their bytes."""

ENOUGH = 64
"""Messages in a queue above which nothing is sent again: they are not lost, they wait."""
NEVER = timedelta(days=36_500)


class Announcer:
    """Brings the catalogue's rows of work to the broker. Any number may run at once, anywhere.

    Args:
        quiet: after the catalogue was out of reach, leases are let run on for so long: their holders could not renew them.
    """

    def __init__(
        self,
        jobs: Jobs,
        broker: Broker,
        *,
        resend: timedelta = RESEND,
        quiet: timedelta = QUIET,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._jobs, self._broker, self._resend, self._quiet, self._monotonic = jobs, broker, resend, quiet, monotonic
        self._quiet_until = float("-inf")

    def announce(self, kind: Kind) -> int:
        """Send what is due; how many documents. What could not be sent is due again after a while.

        Raises:
            UnreachableError: the catalogue or the broker does not answer.
        """
        resend = self._resend if self._broker.waiting(kind) < ENOUGH else NEVER
        count = 0
        while due := self._due(kind, resend):
            for message in messages(due) if kind is not Kind.PURGE else messages(due, files=MESSAGE_ENDS, bytes_=sys.maxsize):
                self._broker.send(kind, message)
                count += len(message)
            if len(due) < AT_ONCE:
                break
        return count

    def _due(self, kind: Kind, resend: timedelta) -> list[Due]:
        take_over = self._monotonic() >= self._quiet_until
        try:
            return self._jobs.due(kind, AT_ONCE, resend=resend, take_over=take_over)
        except UnreachableError:
            self._quiet_until = self._monotonic() + self._quiet.total_seconds()
            raise


def messages(due: Iterable[Due], *, files: int = MESSAGE_FILES, bytes_: int = MESSAGE_BYTES) -> Iterator[list[str]]:
    """Ids in messages of at most so many documents and about so many bytes; suspects each alone."""
    message: list[str] = []
    size = 0
    for one in due:
        if one.alone:
            yield [one.document_id]
            continue
        if message and (len(message) >= files or size + one.size > bytes_):
            yield message
            message, size = [], 0
        message.append(one.document_id)
        size += one.size
    if message:
        yield message
