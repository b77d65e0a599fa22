"""The composition root: the one place that knows which adapters an archive is made of."""

from archiver.bootstrap.archive import Archive
from archiver.bootstrap.creation import create, exists_on_servers
from archiver.bootstrap.home import DEFAULT_HOME, FORMAT, HOME, MARKER, home_of
from archiver.bootstrap.write_lock import WriteLock, holder_of

__all__ = [
    "DEFAULT_HOME",
    "FORMAT",
    "HOME",
    "MARKER",
    "Archive",
    "WriteLock",
    "create",
    "exists_on_servers",
    "holder_of",
    "home_of",
]
