"""What shapes cannot say: rules between the keys of a class, and between classes and collections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from retention.period import Period
from retention.policy import KEEP, Disposal, Lock, RetentionClass

Finding = tuple[str, str, str]
"""(key it concerns or "" for the whole class, what is wrong, what to write instead)."""


def class_findings(found: RetentionClass, *, has_trigger: bool) -> Iterator[Finding]:
    """Everything wrong between the keys of one class."""
    if found.name == KEEP:
        yield "", f"{KEEP} is the built-in class of what is kept without a date", "choose another name"
    yield from _term_findings(found, has_trigger)
    yield from _order_findings(found)
    if found.lock is Lock.COMPLIANCE and (found.period is None or not found.basis):
        lacking = " and ".join(
            key for key, there in (("period", found.period is not None), ("basis", bool(found.basis))) if not there
        )
        remedy = "write the law's minimum as `period` and its text as `basis`, or choose `lock: governance`"
        yield "lock", f"compliance locks nobody can lift need a minimum set by law: {lacking} is missing", remedy


def _term_findings(found: RetentionClass, has_trigger: bool) -> Iterator[Finding]:
    if found.term is None and found.then is not Disposal.KEEP:
        yield "", "has neither period nor limit", "write `period` (the law's minimum), `limit` (its maximum), or `then: keep`"
    if found.term is not None and not has_trigger:
        remedy = "write `from: received`, `from: metadata.<field>` or `from: event.<name>`"
        yield "", "does not say from which day its period counts", remedy
    if found.limit is not None and found.then is Disposal.KEEP:
        yield (
            "then",
            "keep contradicts a limit, after which the law wants the document gone",
            "write `then: destroy` or leave `limit` out",
        )


def _order_findings(found: RetentionClass) -> Iterator[Finding]:
    longest: list[tuple[str, Period | None, str, Period | None]] = [
        ("period", found.period, "limit", found.limit),
        ("period", found.period, "ceiling", found.ceiling),
        ("limit", found.limit, "ceiling", found.ceiling),
    ]
    for key, longer, bound_key, bound in longest:
        day = longer.exceeds(bound) if longer is not None and bound is not None else None
        if day is not None:
            what = f"{key} {longer} is longer than {bound_key} {bound}"
            yield key, what, f"counted from {day} it ends later: shorten `{key}` or lengthen `{bound_key}`"


def nearest(word: str, known: Iterable[str]) -> str:
    """ " (did you mean `x`?)" when a known word is close, else ""."""
    names = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold()[:100], list(names), n=1, cutoff=0.6)
    return f" (did you mean `{names[close[0]]}`?)" if close else ""


def same_but_for_case(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(later, earlier) names that a file system without case would take for one."""
    seen: dict[str, str] = {}
    for name in names:
        first = seen.setdefault(name.casefold(), name)
        if first != name:
            yield name, first
