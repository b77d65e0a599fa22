"""Time that a destruction may rely on: refused in every doubt. A leap is followed only when a person says so, and it is entered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from archiver.domain.ledger import LedgerEvent
from archiver.errors import RefusedError
from archiver.ports.clock import Clock, ConfirmedClock, Doubt
from archiver.ports.ledger import LedgerRows
from retention.timestamp import timestamp

CONFIRMED = "clock-confirmed"
"""Kind of the ledger entry that a person confirmed a leap of the clock: the archive's time before and after it."""

CONFIRM = "`minutier doctor --clock-is-right`"

REMEDIES = {
    Doubt.APART: "set the clocks right with a time service on every host, then run it again",
    Doubt.SILENT: "bring it back (`minutier doctor` tells of all parts), then run it again",
    Doubt.BEHIND: "set the clock right; if it is right, wait: an archive's time never goes back, and nothing is destroyed before it",
    Doubt.AHEAD: f"set the clock right; if it is right, and nobody used the archive for so long, say so: {CONFIRM}",
}


def require_trusted_time(clock: Clock) -> datetime:
    """The time, once nothing speaks against it.

    Raises:
        RefusedError: clocks disagree, one is silent, they lag behind the archive's time or leapt far ahead of it.
    """
    _require_no(clock, "nothing is destroyed while the time is in doubt", *Doubt)
    return clock.now()


def require_no_leap(clock: Clock) -> None:
    """Refuse to take in documents while the clock is far ahead: whichever of both times were taken, one might end too early.

    Raises:
        RefusedError: it is.
    """
    _require_no(clock, "nothing is taken in while it is in doubt which day it is", Doubt.AHEAD)


@dataclass(frozen=True, slots=True)
class Leap:
    """A leap that was confirmed: the archive's time before and after it."""

    before: datetime
    after: datetime


def confirm_leap(clock: ConfirmedClock, ledger: LedgerRows, by: str) -> Leap:
    """Follow the clock over its leap, entered in the ledger first. Cut off in between, it may be repeated.

    Args:
        by: who says that the clock is right, by pseudonym.

    Raises:
        RefusedError: there is no leap in doubt.
    """
    skew = clock.skew()
    if skew is None or skew.clock is None:
        raise RefusedError(
            f"there is no leap to confirm{': ' + skew.message if skew else ''}",
            remedy=REMEDIES[skew.doubt] if skew else "the archive's time follows the clock already",
        )
    leap = Leap(clock.now(), skew.clock)
    details = {"before": timestamp(leap.before), "after": timestamp(leap.after), "by": by}
    ledger.enter([LedgerEvent(CONFIRMED, "", leap.before, details)])
    clock.follow(leap.after)
    return leap


def _require_no(clock: Clock, what: str, *doubts: Doubt) -> None:
    skew = clock.skew()
    if skew is not None and skew.doubt in doubts:
        raise RefusedError(f"{what}: {skew.message}", remedy=REMEDIES[skew.doubt])
