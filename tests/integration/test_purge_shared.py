"""Bytes that several documents share, when the store keeps them whatever the catalogue says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.domain.document import Document
from archiver.domain.record import original_key
from archiver.ports.objects import Bucket, ObjectInfo
from archiver.ports.retention_rows import HoldRecord
from retention.disposal import Withheld
from retention.plan import ItemState
from tests.support.purge_rules import require_certificate, require_rules, whole
from tests.support.purges import Opened, copied, opened, template

TWINS = ("twin-1.txt", "twin-2.txt")


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Opened]:
    home, keys = template()
    with opened(copied(home, tmp_path / "archive"), keys) as one:
        yield one


def _bytes_of(one: Opened, document: Document) -> list[ObjectInfo]:
    key = original_key(document.collection, document.retention_class, document.sha256)
    return one.archive.objects.versions(Bucket.LOCKED, key)


def test_what_the_store_holds_is_not_orphaned_by_all_who_share_it(one: Opened) -> None:
    """Each of two could go since the other keeps the bytes: but not both."""
    there = one.documents()
    purge = one.plan()
    assert purge is not None
    one.approve(purge)
    one.archive.objects.hold_group([info.ref for info in _bytes_of(one, there[TWINS[0]])], True)
    done = one.run(one.archive.catalog.purge(purge.id))
    became = {name: one.items(done)[str(there[name].id)] for name in TWINS}
    assert {(item.state, item.why) for item in became.values()} == {(ItemState.WITHHELD, Withheld.LOCKED.value)}
    assert [whole(one, there[name]) for name in TWINS] == ["", ""]
    require_rules(one, done, {str(each.id): each for each in there.values()})


def test_one_goes_and_the_bytes_stay_for_the_other(one: Opened) -> None:
    """The other is held, by somebody and at the store: it stays, and the certificate says that the bytes do."""
    there = one.documents()
    goes, stays = (there[name] for name in TWINS)
    purge = one.plan()
    assert purge is not None
    one.approve(purge)
    one.archive.objects.hold_group([info.ref for info in _bytes_of(one, stays)], True)
    one.archive.catalog.add_hold(HoldRecord("m1", "matter", "why", "who", one.clock.now(), "anna"), [])
    assert not one.archive.catalog.place("m1", [str(stays.id)], one.clock.now().date(), [])
    done = one.run(one.archive.catalog.purge(purge.id))
    items = one.items(done)
    assert (items[str(goes.id)].state, items[str(goes.id)].shared) == (ItemState.EXECUTED, True)
    assert (items[str(stays.id)].state, items[str(stays.id)].why) == (ItemState.WITHHELD, Withheld.HELD.value)
    assert _bytes_of(one, stays)
    require_rules(one, done, {str(each.id): each for each in there.values()}, {str(stays.id)})
    require_certificate(one, done)
