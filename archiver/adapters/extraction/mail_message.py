"""Mail messages as trees. Walker and reader of one mail ask for it one after the other: it is parsed once."""

from __future__ import annotations

import email
from email.message import Message
from email.policy import compat32
from functools import lru_cache
from pathlib import Path

from archiver.adapters.extraction.source import Source


def message(source: Source) -> Message:
    """The message, kept until `forget` or until another one is asked for. Not to be changed."""
    status = source.path.stat()
    return _message(source.path, status.st_ino, status.st_mtime_ns, status.st_size)


def forget() -> None:
    """Give the memory of the message back."""
    _message.cache_clear()


@lru_cache(maxsize=1)
def _message(path: Path, _inode: int, _changed: int, _size: int) -> Message:
    with path.open("rb") as file:
        return email.message_from_binary_file(file, policy=compat32)
