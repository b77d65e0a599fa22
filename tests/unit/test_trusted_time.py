"""Nothing is destroyed while the time is in doubt; a leap is followed only when somebody says so, and that is entered."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from archiver.adapters.clock.embedded import HighWaterClock
from archiver.domain.ledger import LedgerEvent
from archiver.errors import RefusedError
from archiver.ports.clock import Doubt, Skew
from archiver.services.trusted_time import confirm_leap, require_no_leap, require_trusted_time
from tests.support.moving_clock import MovingClock

YEARS = timedelta(days=3000)


class Ledger:
    """What was entered; `broken`: the power fails right after the next entry."""

    def __init__(self) -> None:
        self.events: list[LedgerEvent] = []
        self.broken = False

    def enter(self, events: Iterable[LedgerEvent]) -> int:
        self.events += events
        if self.broken:
            raise KeyboardInterrupt
        return len(self.events)


@pytest.mark.parametrize("doubt", Doubt)
def test_every_doubt_stops_a_destruction_with_what_to_do(doubt: Doubt) -> None:
    clock = MovingClock()
    clock.doubted = Skew(doubt, timedelta(0), "the machine says noon")
    with pytest.raises(RefusedError, match="in doubt: the machine says noon") as caught:
        require_trusted_time(clock)
    assert caught.value.exit_code == 5
    assert caught.value.remedy
    assert ("--clock-is-right" in caught.value.remedy) is (doubt is Doubt.AHEAD)


@pytest.mark.parametrize("doubt", Doubt)
def test_only_a_leap_stops_what_comes_in(doubt: Doubt) -> None:
    clock = MovingClock()
    clock.doubted = Skew(doubt, timedelta(0), "the machine says noon")
    if doubt is not Doubt.AHEAD:
        require_no_leap(clock)
        return
    with pytest.raises(RefusedError, match="nothing is taken in"):
        require_no_leap(clock)


def test_time_without_doubt_is_given() -> None:
    clock = MovingClock()
    assert require_trusted_time(clock) == clock.now()


def test_running_other_commands_cures_no_leap_and_confirming_does(tmp_path: Path) -> None:
    machine, ledger = MovingClock(), Ledger()

    def opened() -> HighWaterClock:
        return HighWaterClock(tmp_path / "clock", machine.now, elapsed=lambda: 0.0)

    opened().close()
    honest = machine.now()
    machine.move(YEARS)
    for _ in range(3):
        with pytest.raises(RefusedError):
            require_trusted_time(opened())
    leap = confirm_leap(opened(), ledger, "0123456789abcdef")
    assert (leap.before, leap.after) == (honest, machine.now())
    assert require_trusted_time(opened()) == machine.now()
    (event,) = ledger.events
    assert (event.kind, event.at) == ("clock-confirmed", honest)
    assert event.details == {
        "before": "2026-01-15T12:00:00.123456+00:00",
        "after": "2034-04-03T12:00:00.123456+00:00",
        "by": "0123456789abcdef",
    }


def test_a_confirmation_cut_off_is_repeated_and_never_unentered(tmp_path: Path) -> None:
    machine, ledger = MovingClock(), Ledger()
    HighWaterClock(tmp_path / "clock", machine.now, elapsed=lambda: 0.0).close()
    machine.move(YEARS)
    clock, ledger.broken = HighWaterClock(tmp_path / "clock", machine.now, elapsed=lambda: 0.0), True
    with pytest.raises(KeyboardInterrupt):
        confirm_leap(clock, ledger, "x")
    with pytest.raises(RefusedError):
        require_trusted_time(clock)
    ledger.broken = False
    confirm_leap(clock, ledger, "x")
    assert require_trusted_time(clock) == machine.now()


@pytest.mark.parametrize("leap", [timedelta(0), -YEARS])
def test_without_a_leap_nothing_is_confirmed_or_entered(tmp_path: Path, leap: timedelta) -> None:
    machine, ledger = MovingClock(), Ledger()
    HighWaterClock(tmp_path / "clock", machine.now, elapsed=lambda: 0.0).close()
    machine.move(leap)
    with pytest.raises(RefusedError, match="no leap to confirm"):
        confirm_leap(HighWaterClock(tmp_path / "clock", machine.now, elapsed=lambda: 0.0), ledger, "x")
    assert ledger.events == []
