"""Announcing: work that is due is told to the workers, in messages of bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from archiver.ports.jobs import Broker, Due, Jobs, Kind

RESEND = timedelta(seconds=60)
"""After this a message that nobody took up counts as lost. A doubled one costs a look at the catalogue."""
AT_ONCE = 1_024
MESSAGE_FILES = 32
MESSAGE_BYTES = 32 * 1024 * 1024


class Announcer:
    """Brings the catalogue's rows of work to the broker. Any number may run at once, anywhere."""

    def __init__(self, jobs: Jobs, broker: Broker, *, resend: timedelta = RESEND) -> None:
        self._jobs, self._broker, self._resend = jobs, broker, resend

    def announce(self, kind: Kind) -> int:
        """Send what is due; how many documents. What could not be sent is due again after a while.

        Raises:
            UnreachableError: the catalogue or the broker does not answer.
        """
        count = 0
        while due := self._jobs.due(kind, AT_ONCE, resend=self._resend):
            for message in messages(due):
                self._broker.send(kind, message)
                count += len(message)
            if len(due) < AT_ONCE:
                break
        return count


def messages(due: Iterable[Due]) -> Iterator[list[str]]:
    """Ids in messages of at most `MESSAGE_FILES` documents and about `MESSAGE_BYTES` bytes; suspects each alone."""
    message: list[str] = []
    size = 0
    for one in due:
        if one.alone:
            yield [one.document_id]
            continue
        if message and (len(message) >= MESSAGE_FILES or size + one.size > MESSAGE_BYTES):
            yield message
            message, size = [], 0
        message.append(one.document_id)
        size += one.size
    if message:
        yield message
