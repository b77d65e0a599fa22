"""Where a list goes on, as a cursor: of one list and one caller only."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import Query

from archiver.api.asked import Asked
from archiver.errors import UsageError

Cursor = Annotated[str | None, Query(max_length=4_000, description="`next_cursor` of the page before.")]
PageSize = Annotated[int, Query(alias="limit", ge=1, le=1_000, description="Lines of a page at most.")]


def cursor_to(asked: Asked, name: str, place: list[Any] | None) -> str | None:
    """The cursor for whoever asks to a place in the list of this name; None at its end."""
    return None if place is None else asked.front.cursors.sealed(json.dumps([name, *place]), asked.caller.principal)


def place_in(asked: Asked, name: str, cursor: str | None) -> list[Any] | None:
    """The place in the list of this name; None at its beginning.

    Raises:
        UsageError: the cursor was given for another list, to somebody else, or not at all.
    """
    inner = asked.front.cursors.opened(cursor, asked.caller.principal)
    if inner is None:
        return None
    try:
        found = json.loads(inner)
    except ValueError:
        found = None
    if not isinstance(found, list) or found[:1] != [name]:
        raise UsageError("this cursor was not given for this question", remedy="begin again without a cursor")
    return found[1:]
