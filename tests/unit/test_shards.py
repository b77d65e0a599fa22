"""An input in parts for several importers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.cli.import_ import shard_of
from archiver.cli.run_import import sharded
from archiver.errors import UsageError
from archiver.ports.sources import SourceEntry

NAMES = st.lists(st.text(st.characters(exclude_categories=()), max_size=20), unique=True, max_size=60)


@given(NAMES, st.integers(1, 7))
def test_every_entry_is_in_exactly_one_part_wherever_it_stands(names: list[str], whole: int) -> None:
    parts = [{one.source for one in sharded(map(SourceEntry, names), part, whole) if one} for part in range(1, whole + 1)]
    assert sorted(name for part in parts for name in part) == sorted(names)
    again = {one.source for one in sharded(map(SourceEntry, reversed(names)), 1, whole) if one}
    assert again == parts[0]


def test_a_pause_of_the_input_is_passed_on() -> None:
    assert list(sharded([None, None], 2, 5)) == [None, None]


@pytest.mark.parametrize("written", ["", "1", "0/3", "4/3", "a/b", "1/0", "-1/3", "1/3/5"])
def test_what_is_no_part_is_refused(written: str) -> None:
    with pytest.raises(UsageError, match="--shard"):
        shard_of(written)
