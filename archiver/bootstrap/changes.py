"""Documents that were changed, and who is to know."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from archiver.errors import UnreachableError
from archiver.ports.jobs import Kind

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive


def announce_changes(archive: Archive) -> None:
    """States that were changed here are told to the index by workers, where there are any; a sweeper does it otherwise. Where there
    are none, whoever next writes the index brings it up to them."""
    if archive.settings.broker_url:
        with suppress(UnreachableError):
            archive.announcer.announce(Kind.INDEX)
