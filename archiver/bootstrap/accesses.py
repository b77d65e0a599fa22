"""The access log of an open archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archiver.services.access_log import AccessLog
from archiver.services.register import Register

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive


def access_log(archive: Archive) -> AccessLog:
    """Of an archive opened for writing (`always` is enough); one for the whole process, closed before the archive is."""
    from archiver.adapters.extraction.screen import screen

    register = Register(archive.objects, archive.keys)
    return AccessLog(archive.ledger_rows, register, archive.clock, lambda text: screen(text)[1])
