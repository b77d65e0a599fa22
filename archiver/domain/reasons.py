"""Why something was done, in the words of whoever did it."""

from __future__ import annotations

from archiver.errors import UsageError

LONGEST = 1_000
"""Characters of a reason at most."""


def stated_reason(given: str, required: str) -> str:
    """The words, without blanks around them.

    Args:
        required: what is said where there are none, such as "a key is revoked for a reason".

    Raises:
        UsageError: there are none, or too many.
    """
    words = given.strip()
    if not words or len(words) > LONGEST:
        raise UsageError(required, remedy=f"say it with --reason, in at most {LONGEST} characters")
    return words
