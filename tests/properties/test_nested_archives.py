"""For any archive of archives: every listed member is accounted for, and each can be read again."""

from __future__ import annotations

import gzip
import hashlib
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.adapters.extraction.engine import run
from archiver.adapters.extraction.member_reader import ArchiveMemberReader
from archiver.domain.extraction import Finished, Found, Limits, Locator
from archiver.errors import MinutierError
from tests.support.archives import PACKERS, flip, found, stub_read, task

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0/\\", exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
LEAVES = st.binary(max_size=200).map(lambda data: b"leaf " + data)
PACKED = st.sampled_from(sorted(set(PACKERS) - {"ar"}))


@st.composite
def archives(draw: st.DrawFn, depth: int = 3) -> bytes:
    """An archive whose members are leaves or archives."""
    inner = st.one_of(LEAVES, archives(depth=depth - 1), LEAVES.map(gzip.compress)) if depth > 1 else LEAVES
    members = draw(st.lists(st.tuples(NAMES, inner), max_size=4, unique_by=lambda member: member[0]))
    return PACKERS[draw(PACKED)](members)


def _read(path: Path, limits: Limits) -> list[Found]:
    events = list(run(task(path), limits, read=stub_read))
    assert isinstance(events[-1], Finished)
    results = found(events)
    assert results[-1].locator == ()
    return results


def _check_accounts(results: list[Found]) -> None:
    """Each container's count is what was reported below it; nothing is reported twice or before its parts."""
    below: dict[Locator, list[Found]] = {}
    for result in results:
        members = below.pop(result.locator, [])
        assert result.expected == len(members)
        assert result.failed == sum(1 for member in members if not member.sha256)
        if result.locator:
            below.setdefault(result.locator[:-1], []).append(result)
    assert below == {}
    assert len({result.locator for result in results}) == len(results)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=archives())
def test_expected_is_emitted_plus_failed_and_every_member_reads_again(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "original"
        path.write_bytes(data)
        results = _read(path, Limits())
        _check_accounts(results)
        for result in results[:-1]:
            again = b"".join(ArchiveMemberReader().open(path, result.locator))
            assert (hashlib.sha256(again).hexdigest(), len(again)) == (result.sha256, result.size)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=archives(depth=2), cut=st.floats(0, 1), flipped=st.booleans())
def test_damage_anywhere_keeps_the_accounts(data: bytes, cut: float, flipped: bool) -> None:
    place = int(cut * (len(data) - 1))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "original"
        path.write_bytes(flip(data, place) if flipped else data[:place])
        results = _read(path, Limits(expanded_bytes=50_000_000))
        _check_accounts(results)
        for result in results[:-1]:
            try:
                again = b"".join(ArchiveMemberReader().open(path, result.locator))
            except MinutierError:
                assert not result.sha256
            else:
                assert hashlib.sha256(again).hexdigest() == result.sha256


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=archives(), entries=st.integers(0, 6), expanded=st.integers(0, 3000), depth=st.integers(0, 3))
def test_limits_are_never_passed_and_keep_the_accounts(data: bytes, entries: int, expanded: int, depth: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "original"
        path.write_bytes(data)
        results = _read(path, Limits(entries=entries, expanded_bytes=expanded, depth=depth))
        _check_accounts(results)
        assert len(results) - 1 <= entries
        assert max(len(result.locator) for result in results) <= depth
        assert sum(result.size for result in results if result.locator and result.sha256) <= expanded
