"""The result for a container itself: its own text where it has one, else the names of what is inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from archiver.adapters.extraction.containers.kinds import Kind
from archiver.adapters.extraction.fingerprint import fingerprint
from archiver.adapters.extraction.source import Source
from archiver.adapters.extraction.tally import Tally
from archiver.domain.extraction import Extraction, Limits, Outcome

TOOL = "listing"
_UNREADABLE = (Outcome.CORRUPT, Outcome.UNSUPPORTED)


def container_extraction(source: Source, kind: Kind, tally: Tally, own: Callable[[], Extraction]) -> Extraction:
    """Combine what was read of the container itself with how its members fared."""
    if kind.has_text:
        return _with_members(own(), tally)
    listing = _listing(source, tally)
    if listing.outcome in _UNREADABLE and tally.failed == tally.expected:
        return _second_try(listing, own())
    return listing


def _with_members(body: Extraction, tally: Tally) -> Extraction:
    """A mail: its body's outcome, unless the body is complete and a member is not."""
    outcome, reason = tally.verdict(own_text=True)
    if body.outcome in (Outcome.COMPLETE, Outcome.EMPTY) and outcome is not Outcome.COMPLETE:
        return replace(body, outcome=outcome, reason=reason)
    return body


def _listing(source: Source, tally: Tally) -> Extraction:
    outcome, reason = tally.verdict(own_text=False)
    return Extraction(
        outcome=outcome,
        media_type=source.media_type,
        reason=reason,
        text=tally.names.getvalue(),
        metadata={"Content-Type": [source.media_type]},
        tool=TOOL,
        fingerprint=fingerprint(TOOL, _settings(source.limits)),
    )


def _second_try(listing: Extraction, other: Extraction) -> Extraction:
    """Nothing could be walked: the text another reader finds in the file as a whole, if any, is better than none."""
    if not other.text.strip():
        return listing
    return replace(other, outcome=Outcome.PARTIAL, reason=listing.reason, text=f"{listing.text}{other.text}")


def _settings(limits: Limits) -> str:
    return f"depth={limits.depth} entries={limits.entries} bytes={limits.expanded_bytes} ratio={limits.ratio}"
