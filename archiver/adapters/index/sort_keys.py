"""The sort key by which every answer is ordered, and the names under which values are kept; the same for every engine."""

from __future__ import annotations

import uuid
from datetime import date

from archiver.errors import UsageError

_ID_BITS = 41
_ID_MASK = (1 << _ID_BITS) - 1


def id_number(document_id: str) -> int:
    """A document id as a number of 128 bits.

    Raises:
        UsageError: it is not a UUID in its canonical form.
    """
    try:
        parsed = uuid.UUID(document_id)
    except ValueError:
        parsed = None
    if parsed is None or str(parsed) != document_id:
        raise UsageError(f"{document_id!r} is not a document id", remedy="give the id as it is shown, e.g. 6f1c…-…")
    return parsed.int


def order_key(day: date, document_id: str) -> int:
    """Newest day first, then smallest id, when sorted downwards; equal only where the first 41 bits of two ids agree."""
    return (day.toordinal() << _ID_BITS) | (_ID_MASK - (id_number(document_id) >> (128 - _ID_BITS)))


def key_range(low: date | None, high: date | None) -> tuple[int, int]:
    """Smallest and greatest sort key of the days from `low` to `high`."""
    first, last = low or date.min, high or date.max
    return first.toordinal() << _ID_BITS, (last.toordinal() << _ID_BITS) | _ID_MASK


def field_name(name: str) -> str:
    """A metadata name as a key of the `fields` column: `dc:title` -> `dc_title`."""
    return "".join(char if char.isalnum() else "_" for char in name.casefold()) or "_"


def tag(name: str, value: str) -> str:
    """The term a whole value is searched by; the case of a value never matters."""
    return f"{name}={value.casefold() if name != 'collection' else value}"
