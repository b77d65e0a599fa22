"""Kinds of ledger entries about holds. Their details name a hold by its id; what it is for lies apart, erasable."""

from __future__ import annotations

HOLD_PLACED = "hold-placed"
"""A hold exists; about no document."""
HELD = "held"
"""An original is held by it."""
RELEASED = "released"
"""An original is no longer held by it."""
HOLD_RELEASED = "hold-released"
"""The hold has ended; about no document."""
