"""A policy that comes into force while a purge runs judges all that is left of it, from its first moment."""

from __future__ import annotations

from pathlib import Path

import pytest

import archiver.services.purge.run as purge_run
from archiver.ports.retention_rows import PurgeItem
from archiver.services.policies import Policies
from archiver.services.purge.run import Counts
from retention.plan import ItemState
from tests.support.purges import POLICY, copied, opened, template

REVIEWED = POLICY.replace("then: destroy", "then: review")


def test_the_rest_of_a_running_purge_waits_for_the_review_a_new_policy_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge_run, "CHUNK", 1)
    with opened(copied(template()[0], tmp_path / "archive"), template()[1]) as inside:
        archive = inside.archive
        policies = Policies(archive.catalog, archive.objects, inside.clock)
        purge = inside.approve(inside.plan())  # type: ignore[arg-type]
        applied = list[object]()

        def apply_once(counts: Counts) -> None:
            """After the first chunk: a document, or a container with all that is in it."""
            if sum(counts.by_state.values()) and not applied:
                applied.append(policies.apply(REVIEWED.encode(), by="owner"))

        inside.purging.running(lambda _: None, apply_once).run(purge)
        items = sorted(inside.items(purge).values(), key=lambda one: one.item.position)

    assert items[0].state is ItemState.EXECUTED
    assert {said(one) for one in items[1:] if one.item.root_id is None} == {(ItemState.WITHHELD, "waits for a decision")}


def said(one: PurgeItem) -> tuple[ItemState, str]:
    return one.state, one.why
