"""Leases: what a process has claimed stays claimed while the process lives, however long a document takes."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from archiver.errors import UnreachableError
from archiver.ports.jobs import Claim, Jobs, Kind

_log = logging.getLogger("minutier.work")
LEASE = timedelta(seconds=30)


def take_on(jobs: Jobs, kind: Kind, document_ids: Sequence[str], *, owner: str, lease: timedelta) -> list[Claim]:
    """Claim what a message names. A broker delivers again what a dead worker had, as it was: suspects among others are given back,
    to be announced and done in messages of their own."""
    claims = jobs.claim(kind, document_ids, owner=owner, lease=lease)
    suspects = [claim.document_id for claim in claims if claim.deaths]
    if len(document_ids) == 1 or not suspects:
        return claims
    jobs.release(kind, suspects, owner=owner, wait=timedelta(0))
    return [claim for claim in claims if not claim.deaths]


class Leases:
    """Renews the claims of this process from a thread of its own, three times in the length of a lease.

    A process that is killed renews nothing, and its claims run out.
    """

    def __init__(self, jobs: Jobs, *, lease: timedelta = LEASE) -> None:
        self._jobs, self.lease = jobs, lease
        self._owners: set[str] = set()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="leases", daemon=True)
        self._thread.start()

    @contextmanager
    def owner(self) -> Iterator[str]:
        """A name to claim under, kept alive until the block is left."""
        name = uuid.uuid4().hex
        self._owners.add(name)
        try:
            yield name
        finally:
            self._owners.discard(name)

    def close(self) -> None:
        """Stop renewing. Safe to repeat."""
        self._ending.set()
        self._thread.join(5)

    def _beat(self) -> None:
        while not self._ending.wait(self.lease.total_seconds() / 3):
            try:
                self._jobs.renew(list(self._owners), lease=self.lease)
            except UnreachableError as error:
                _log.warning("%s", error)  # tried again at the next beat; a claim that was lost meanwhile is told by the commit
            except Exception:  # noqa: BLE001  # were this thread to end, everything in hand would be taken for dead
                _log.exception("leases were not renewed")
