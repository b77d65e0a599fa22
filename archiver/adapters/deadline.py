"""An end to waiting for an answer over HTTP, whatever the other side does."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def ends_after(connection: http.client.HTTPConnection, seconds: float) -> Iterator[None]:
    """What is done on an open connection ends after so long. A socket's timeout starts anew with every byte; this one does not.

    Raises:
        TimeoutError: it did not end by itself.
    """
    late = threading.Event()

    def shut() -> None:
        late.set()
        with suppress(OSError):  # it was closed at this very moment
            open_socket.shutdown(socket.SHUT_RDWR)

    open_socket: socket.socket = connection.sock
    timer = threading.Timer(seconds, shut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        if late.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
    if late.is_set():
        raise TimeoutError
