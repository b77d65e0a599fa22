"""What a deposit is named by in the archive: its depositor, and the depositor's own reference."""

from __future__ import annotations

from urllib.parse import quote

DEPOSIT = "deposit:"
"""Before the source of every deposit; that of an import is a path."""


def deposit_source(depositor: str, reference: str) -> str:
    """The source. No two depositors can meet in it, nor a depositor and a path."""
    return f"{DEPOSIT}{quote(depositor, safe=':@')}/{reference}"


def own_reference(source: str) -> str:
    """The depositor's own reference out of the source of a deposit; any other source as it is."""
    return source.partition("/")[2] if source.startswith(DEPOSIT) else source
