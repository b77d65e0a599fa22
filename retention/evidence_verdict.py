"""What speaks against a document, from the facts that evidence of it holds. Who issues and who checks come to the same."""

from __future__ import annotations

from collections.abc import Iterator

from retention.evidence import Body, Condition, Evidence, Found, LockMode, Standing, StoreLock, What

_LEDGER = {
    Standing.UNSEALED: "the ledger's entry that it was archived is not sealed yet",
    Standing.MISSING: "the ledger has no entry that it was archived",
    Standing.OTHER_HISTORY: "the catalogue's ledger is not the history that was signed",
    Standing.OTHER_BYTES: "the ledger tells of other bytes than the catalogue does",
}
_READ = {
    (What.DOCUMENT, Found.OTHER): "its bytes are not what was archived",
    (What.DOCUMENT, Found.GONE): "its bytes are not in the store",
    (What.DOCUMENT, Found.CLOSED): "its bytes could not be read out of its container",
    (What.DOCUMENT, Found.SILENT): "its bytes could not be read: the store did not answer",
    (What.CONTAINER, Found.OTHER): "its container's bytes are not what was archived",
    (What.CONTAINER, Found.GONE): "its container's bytes are not in the store",
    (What.CONTAINER, Found.CLOSED): "its container's bytes could not be read",
    (What.CONTAINER, Found.SILENT): "its container's bytes could not be read: the store did not answer",
}
UNCOMMITTED = "it is not committed yet"
DESTROYED = "it was destroyed"
UNREAD = "its bytes were not read"
NEVER_READ = "its bytes could never be read: it is a member whose container does not give it out"
LOCK_UNKNOWN = "the store did not say which lock it has"
LOCK_WEAKER = "the store's lock is weaker, or ends earlier, than promised"
NOT_HELD = "the store does not hold it, as it should"


def findings_of(body: Body) -> tuple[str, ...]:
    """All that speaks against it, in a fixed order and fixed words; empty when it is sound."""
    return tuple(_findings(body))


def _findings(body: Body) -> Iterator[str]:
    if body.state is Condition.DESTROYED:
        yield DESTROYED
    elif body.state is Condition.RECEIVED:
        yield UNCOMMITTED
    if body.ledger in _LEDGER and body.state is not Condition.RECEIVED:
        yield _LEDGER[body.ledger]
    if body.state is Condition.DESTROYED:
        return
    if body.digest is None:
        yield NEVER_READ
    if isinstance(body, Evidence):
        yield from _bytes(body)
        yield from _lock(body.lock)


def _bytes(body: Evidence) -> Iterator[str]:
    if body.digest is not None and not any(one.what is What.DOCUMENT for one in body.readings):
        yield UNREAD
    for one in body.readings:
        if one.found is not Found.SOUND:
            yield _READ[one.what, one.found]


def _lock(lock: StoreLock | None) -> Iterator[str]:
    if lock is None:
        yield LOCK_UNKNOWN
        return
    if _weaker(lock):
        yield LOCK_WEAKER
    if lock.promised_hold and not lock.hold:
        yield NOT_HELD


def _weaker(lock: StoreLock) -> bool:
    hardness = list(LockMode).index
    if hardness(lock.mode) < hardness(lock.promised_mode):
        return True
    return lock.promised_until is not None and (lock.until is None or lock.until < lock.promised_until)
