"""The one form of an annex's file: what opens a part of a signed file, for whoever may see it."""

from __future__ import annotations

from typing import Protocol, TypeVar

import msgspec

from retention.errors import StatementError


class Form(Protocol):
    """A struct that names its format."""

    @property
    def format(self) -> str: ...


T = TypeVar("T", bound=Form)


def written(annex: Form) -> bytes:
    """The file: one object, a field a line."""
    return msgspec.json.format(msgspec.json.encode(annex), indent=1) + b"\n"


def parsed(data: bytes, kind: type[T], known: str, what: str) -> T:
    """Read an annex.

    Args:
        known: the format that this program reads.
        what: it is an annex to, for people.

    Raises:
        StatementError: it is none, or not in the one form that is written.
    """
    try:
        annex = msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise StatementError(f"this is not an annex to {what}: {error}", remedy="name the annex's JSON file") from error
    if annex.format != known:
        raise StatementError(f"the annex is of format {annex.format[:40]!r}, this program knows {known}")
    if written(annex) != data:
        raise StatementError("the annex was changed: it is not in the one form that is written")
    return annex
