"""Placement under the policy that is in force now."""

from __future__ import annotations

from dataclasses import replace

from archiver.services.placement import LivePlacement
from retention.policy import DEFAULT_POLICY


def test_a_policy_that_comes_into_force_is_taken_up_within_its_second() -> None:
    time, version, loads = [0.0], [0], []

    def load():
        loads.append(version[0])
        return replace(DEFAULT_POLICY, version=version[0])

    placement = LivePlacement(lambda: version[0], load, monotonic=lambda: time[0])
    assert placement.policy.version == 0
    version[0] = 1
    assert placement.policy.version == 0
    time[0] = 1.1
    assert placement.policy.version == 1
    time[0] = 5
    assert placement.policy.version == 1
    assert loads == [0, 1], "an unchanged policy is not read again"
