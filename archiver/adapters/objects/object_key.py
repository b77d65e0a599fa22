"""Which keys a folder can hold so that the file is found under the very same name."""

from __future__ import annotations

import re

from archiver.errors import UsageError

MAX_KEY_BYTES = 1024
"""The limit of S3, so that an archive can move there."""
MAX_SEGMENT_BYTES = 255

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_OURS = re.compile(r"[a-z0-9][A-Za-z0-9_-]*(?:/[A-Za-z0-9][A-Za-z0-9_.-]{0,199}){1,8}")
"""The keys that nearly all are: short enough, and made of nothing that needs a closer look."""


def checked_key(key: str) -> str:
    """`key` itself.

    Raises:
        UsageError: empty, absolute, too long, with `.`, `..` or empty segments, control characters or lone surrogates.
    """
    if len(key) < MAX_SEGMENT_BYTES and _OURS.fullmatch(key):
        return key
    _check_form(key)
    if not key or any(segment in ("", ".", "..") for segment in key.split("/")):
        raise _bad(key, "empty, `.` and `..` segments are not allowed")
    return key


def checked_prefix(prefix: str) -> str:
    """`prefix` itself: the beginning of a key, or "".

    Raises:
        UsageError: no valid key begins like this.
    """
    _check_form(prefix)
    *folders, _ = prefix.split("/")
    if any(segment in ("", ".", "..") for segment in folders):
        raise _bad(prefix, "empty, `.` and `..` segments are not allowed")
    return prefix


def _check_form(key: str) -> None:
    if _CONTROL.search(key):
        raise _bad(key, "control characters and lone surrogates are not allowed")
    if len(key.encode()) > MAX_KEY_BYTES or any(len(segment.encode()) > MAX_SEGMENT_BYTES for segment in key.split("/")):
        raise _bad(key, f"at most {MAX_KEY_BYTES} bytes, and {MAX_SEGMENT_BYTES} between two slashes")


def _bad(key: str, why: str) -> UsageError:
    return UsageError(
        f"not an object key: {key[:120]!r} ({why})", remedy="write it like originals/invoices/FR-ACCOUNTING/ab/ab12…"
    )
