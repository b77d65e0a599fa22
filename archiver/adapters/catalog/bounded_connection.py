"""A connection on which no answer is waited for without end."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from archiver.adapters.catalog import postgres_engine


class BoundedConnection(psycopg.Connection[Any]):
    """psycopg's own, which waits for ever on a server that is frozen: neither its kernel nor ours sees anything wrong then."""

    answer_seconds: float | None = None
    """For a statement that may take longer than others before the server says a word."""

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """What the server answers.

        Raises:
            OperationalError: nothing, for too long; the connection is closed.
        """
        try:
            return super().wait(gen, interval, self._patience if timeout is None else timeout)
        except psycopg.OperationalError as error:
            if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise  # it has answered: badly
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer for {self._patience:.0f} seconds") from error

    @property
    def _patience(self) -> float:
        return self.answer_seconds or postgres_engine.ANSWER_SECONDS
