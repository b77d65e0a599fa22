"""A document under circumstances that have changed: its new last day, its note, its lock. Never an earlier day. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from archiver.domain.document import Document, LockMode
from archiver.services.circumstances import wanted
from archiver.services.extend_terms import with_lock
from retention.disposal import Circumstances
from retention.policy import Policy
from retention.schedule import Deadline, deadline, extended


def renewed(document: Document, about: Circumstances, policy: Policy, now: datetime, note: str = "") -> Document:
    """An archived document as `about` makes it; the very same when that changes neither its last day nor its lock.

    Args:
        about: its facts as they are now, the promise made so far among them.
        note: why its last day is what it is, if the class does not say.
    """
    ends = deadline(policy, about.facts)
    until = extended(about.facts.retain_until, ends.until)
    lock = with_lock(document, LockMode(wanted(policy, about, now, scheduled=ends).lock.value))
    if (until, lock) == (document.retain_until, document.lock_mode):
        return document
    return replace(
        document, retain_until=until, retention_note=note or ends.reason, lock_mode=lock, policy_version=policy.version
    )


def waits_for(ends: Deadline, policy: Policy, about: Circumstances) -> str:
    """The event without which the end of a document is not known; "" when it waits for none."""
    from retention.policy import TriggerKind

    found = policy.retention_class(about.facts.retention_class)
    if found is None or found.trigger.kind is not TriggerKind.EVENT or ends.trigger_day is not None:
        return ""
    return found.trigger.name if found.trigger.name not in about.facts.events else ""
