"""Kinds of the ledger entries of a purge, and where its files lie."""

from __future__ import annotations

PLANNED = "purge-planned"
"""A plan was frozen: its root, and how many documents."""
APPROVED = "purge-approved"
STARTED = "purge-started"
DONE = "purge-done"
"""A purge has ended: the digest of its certificate."""

STRAY = "stray"
"""A version was found that nobody should have written: a delete marker, or bytes put over others."""


def plan_key(purge_id: str) -> str:
    """Where the items of a plan lie, with their salts: in the deletable bucket."""
    return f"purges/{purge_id}/plan.jsonl.zst"


def statement_key(purge_id: str) -> str:
    """Where the plan's signed statement lies: in the locked bucket."""
    return f"purges/{purge_id}/plan.json"


def approval_key(purge_id: str, number: int) -> str:
    """Where an approval lies, counted from 1: in the locked bucket."""
    return f"purges/{purge_id}/approval-{number}.json"


def certificate_key(purge_id: str, number: int = 1) -> str:
    """Where a certificate lies: in the locked bucket. One with a higher number tells what was destroyed after the ones before."""
    return f"purges/{purge_id}/certificate{'' if number == 1 else f'-{number}'}.json"
