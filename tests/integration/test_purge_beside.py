"""What happens beside a purge, or to its rows, between the last judgement and the removal, and between its chunks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from archiver.domain.record import record_key
from archiver.errors import IntegrityError, RefusedError, UnreachableError
from archiver.ports.objects import Bucket
from archiver.services.policies import Policies
from archiver.services.purge.plan import Criteria
from retention.certificate import Failure
from retention.plan import ItemState
from tests.support.purge_rules import require_certificate
from tests.support.purges import POLICY, Opened, copied, opened, template


class Stopped(Exception):
    """The end of the process."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return copied(template()[0], tmp_path / "archive")


@pytest.fixture
def one(home: Path) -> Iterator[Opened]:
    with opened(home, template()[1]) as one:
        yield one


def before_removal(act: Any) -> Any:
    """A wrapper: `act` happens once, after the last judgement and before anything is removed."""
    done = []

    def wrap(name: str, part: Any) -> Any:
        if name == "objects":
            remove = part.delete_group

            def removed(refs: Any) -> Any:
                if not done:
                    done.append(True)
                    act(part)
                return remove(refs)

            part.delete_group = removed
        return part

    return wrap


def approved(one: Opened, criteria: Criteria | None = None) -> Any:
    purge = one.plan(criteria=criteria)
    assert purge is not None
    return one.approve(purge)


def test_what_remains_under_its_key_is_taken_down_and_removed_by_the_next_run(home: Path) -> None:
    """The store says that it removed, and something is there."""
    with opened(home, template()[1]) as one:
        document = one.documents()["alone.txt"]
        purge = approved(one)
        removed, key = one.archive.objects.delete_group, record_key(document.collection, document.id)
        one.archive.objects.delete_group = lambda refs: removed([ref for ref in refs if ref.key != key])
        one.destroy(purge)
        item = one.items(purge)[str(document.id)]
        assert (item.state, item.why) == (ItemState.FAILED, Failure.REMAINS.value)
        one.archive.objects.delete_group = removed
        done = one.run(one.archive.catalog.purge(purge.id))
        assert one.items(done)[str(document.id)].state is ItemState.EXECUTED
        require_certificate(one, done)


def test_a_text_that_is_leaving_cannot_be_relied_on(home: Path) -> None:
    """The process ended after the last judgement; the same bytes come in another class, whose text lies under the same key."""

    def stop(_: Any) -> None:
        raise Stopped

    with opened(home, template()[1], wrap=before_removal(stop)) as one:
        document = one.documents()["alone.txt"]
        purge = approved(one)
        with pytest.raises(Stopped):
            one.destroy(purge)
    with opened(home, template()[1]) as one:
        living = replace(document, id=one.documents()["stays.txt"].id, purge_id="")
        with pytest.raises(UnreachableError, match="being removed by purge"):
            one.archive.catalog.commit_archived([living], [])
        done = one.run(one.archive.catalog.purge(purge.id))
        one.archive.catalog.commit_archived([living], [])  # it has ended: what stores the text anew may enter it
        assert one.items(done)[str(document.id)].state is ItemState.EXECUTED


def test_addresses_written_into_the_rows_by_hand_are_refused(home: Path) -> None:
    def stop(_: Any) -> None:
        raise Stopped

    with opened(home, template()[1], wrap=before_removal(stop)) as one:
        there = one.documents()
        purge = approved(one)
        with pytest.raises(Stopped):
            one.destroy(purge)
        kept = record_key("default", there["stays.txt"].id)
        refs = f'[["locked","{kept}","1"]]'
        with one.archive.catalog.engine.begin() as connection:
            connection.execute(text("UPDATE purge_items SET refs = :refs WHERE state = 'going'"), {"refs": refs})
    with opened(home, template()[1]) as one:
        with pytest.raises(IntegrityError, match="not its own"):
            one.destroy(one.archive.catalog.purge(purge.id))
        assert one.archive.objects.versions(Bucket.LOCKED, kept)


def test_items_made_to_look_begun_are_refused(one: Opened) -> None:
    document = one.documents()["stays.txt"]
    purge = approved(one)
    refs = f'[["locked","{record_key("default", document.id)}","1"]]'
    with one.archive.catalog.engine.begin() as connection:
        connection.execute(text("UPDATE purge_items SET state = 'going', refs = :refs WHERE position = 0"), {"refs": refs})
    with pytest.raises(IntegrityError, match="its document says no such thing"):
        one.destroy(one.archive.catalog.purge(purge.id))


def test_a_visa_that_a_policy_asks_for_meanwhile_keeps_what_is_left(home: Path) -> None:
    """Between the start of the run and a chunk."""
    asked = POLICY.replace("SHORT: {title: Short, limit: P1Y,", "SHORT: {title: Short, visa: required, limit: P1Y,").encode()

    def apply(one: Opened) -> None:
        Policies(one.archive.catalog, one.archive.objects, one.clock).apply(asked, by="test")

    with opened(home, template()[1]) as one:
        purge = approved(one)
        service = one.purging.running(lambda _: None, lambda _: None)
        running = service.begin(purge)
        apply(one)
        service.work_off(running, (ItemState.PLANNED,), _counts())
        found = {item.item.retention_class: (item.state, item.why) for item in one.items(purge).values() if not item.item.root_id}
        assert found["SHORT"] == (ItemState.WITHHELD, "needs the visa of an authority")
        assert found["LEGAL"][0] is ItemState.EXECUTED


def test_two_plans_do_not_empty_a_class_together_unsaid(one: Opened) -> None:
    """Each leaves some of it when it is approved; the second would leave none."""
    there = [name for name, document in one.documents().items() if document.retention_class == "LEGAL"]
    assert there == ["cousin.txt", "legal.txt"]
    first = one.plan(criteria=Criteria(retention_class="LEGAL"))
    assert first is not None
    first = one.approve(first, empties=[])
    with one.archive.catalog.engine.begin() as connection:
        connection.execute(text("DELETE FROM documents WHERE name = 'cousin.txt'"))
    with pytest.raises(RefusedError, match="every document of LEGAL"):
        one.destroy(first)


def _counts() -> Any:
    from archiver.services.purge.run import Counts

    return Counts()
