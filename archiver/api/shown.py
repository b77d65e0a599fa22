"""Texts as JSON can carry them: names and metadata may hold bytes that are not UTF-8, kept as surrogates (PEP 383)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator


def shown(text: str) -> str:
    """A text as JSON can carry it: bytes that are not UTF-8 as `\\xNN`, other halves of a sign as `\\uNNNN`."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def shown_all(value: Any) -> Any:
    """The same for every text in a value that was JSON."""
    match value:
        case str():
            return shown(value)
        case dict():
            return {shown(str(name)): shown_all(one) for name, one in value.items()}
        case list() | tuple():
            return [shown_all(one) for one in value]
        case _:
            return value


Shown = Annotated[str, BeforeValidator(shown)]
"""A field of an answer whose text came from outside."""
