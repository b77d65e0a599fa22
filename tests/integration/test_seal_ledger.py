"""Sequencing and sealing, cut off wherever it can be."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from archiver.domain.document import LockMode
from archiver.domain.ledger import HEARTBEAT, LedgerEvent, Tree
from archiver.domain.ledger_files import read_head
from archiver.errors import IntegrityError, NotFoundError
from archiver.ports.objects import Bucket
from archiver.services.seal_ledger import Sealing
from archiver.services.sequence_ledger import LedgerService
from archiver.services.verify.ledger import entries, verify_ledger
from tests.support.ledger_bench import LedgerBench, document_id
from tests.support.memory_keys import MemoryKeys


@pytest.fixture
def bench(tmp_path):
    bench = LedgerBench.on(tmp_path / "catalog.db")
    yield bench
    bench.engine.dispose()


def names(bench: LedgerBench) -> list[str]:
    return bench.objects.keys(Bucket.LOCKED) + bench.objects.keys(Bucket.DELETABLE)


def test_what_is_archived_is_entered_sealed_and_provable(bench):
    bench.archive(25)
    assert names(bench) == [
        "ledger/custody/heads/000000000010.json",
        "ledger/custody/heads/000000000020.json",
        "ledger/custody/heads/000000000025.json",
        "ledger/custody/segments/000000000000-000000000009.json",
        "ledger/custody/segments/000000000010-000000000019.json",
        "ledger/custody/segments/000000000020-000000000024.json",
        "ledger/custody/payloads/000000000000-000000000009.txt.gz",
        "ledger/custody/payloads/000000000010-000000000019.txt.gz",
        "ledger/custody/payloads/000000000020-000000000024.txt.gz",
    ]
    for number in range(25):
        proof = bench.service.inclusion_proof(document_id(number))
        assert (proof.position, proof.head.size) == (number, 25)
        assert proof.holds()
        assert proof.head.signed_by(bench.keys.public_key(bench.keys.signing_key_id()))


def test_every_sealed_file_is_locked_and_no_payload_is(bench):
    bench.archive(3)
    until = bench.clock.now() + timedelta(days=11 * 366)
    assert {(info.lock.mode, info.lock.until) for info in bench.objects.list(Bucket.LOCKED)} == {(LockMode.GOVERNANCE, until)}
    assert {info.lock.mode for info in bench.objects.list(Bucket.DELETABLE)} == {LockMode.NONE}


def test_proofs_in_a_tree_of_many_levels(tmp_path):
    bench = LedgerBench.on(tmp_path / "catalog.db", leaves=500)
    bench.archive(1_700)
    for number in (0, 255, 256, 511, 1_023, 1_024, 1_535, 1_698, 1_699):
        assert bench.service.inclusion_proof(document_id(number)).holds()
    assert verify_ledger(bench.rows, bench.objects, bench.keys).sound
    bench.engine.dispose()


def test_what_is_not_there_or_not_sealed_has_no_proof(bench):
    bench.archive(3)
    with pytest.raises(NotFoundError, match="no 'archived' entry"):
        bench.service.inclusion_proof(document_id(7))
    bench.archive(1, first=7, seal=False)
    with pytest.raises(NotFoundError, match="not sealed yet"):
        bench.service.inclusion_proof(document_id(7))


def test_less_than_a_segment_can_wait(bench):
    bench.archive(25, seal=False)
    assert bench.service.seal(partial=False) == 2
    assert bench.rows.state(Tree.CUSTODY).sealed == 20
    assert bench.service.seal() == 1
    assert bench.service.seal() == 0


def test_each_head_continues_the_one_before(bench):
    for first, count in ((0, 7), (7, 1), (8, 9), (17, 40)):
        bench.archive(count, first)
    heads = [
        read_head(bench.objects.body(Bucket.LOCKED, key)) for key in bench.objects.keys(Bucket.LOCKED, "ledger/custody/heads/")
    ]
    assert len(heads) > 4
    assert all(newer.continues(older) for older, newer in itertools.pairwise(heads))
    assert list(bench.rows.heads(Tree.CUSTODY)) == heads


def test_entries_are_read_back_in_order_sealed_or_not(bench):
    bench.archive(23)
    bench.archive(4, first=23, seal=False)
    found = list(entries(bench.objects, Tree.CUSTODY, bench.rows))
    assert [each.position for each in found] == list(range(27))
    assert [each.event for each in found] == [bench.event(number) for number in range(27)]
    assert len(list(entries(bench.objects, Tree.CUSTODY))) == 23


def test_access_segments_end_with_the_month(bench):
    bench.rows.enter(
        LedgerEvent("viewed", document_id(n), datetime(2026, 1 + n // 3, 15, tzinfo=UTC), {}, Tree.ACCESS) for n in range(7)
    )
    bench.service.sequence()
    bench.service.seal()
    assert bench.objects.keys(Bucket.LOCKED, "ledger/access/segments/") == [
        "ledger/access/segments/000000000000-000000000002.json",
        "ledger/access/segments/000000000003-000000000005.json",
        "ledger/access/segments/000000000006-000000000006.json",
    ]
    assert verify_ledger(bench.rows, bench.objects, bench.keys).sound


def test_long_payloads_make_short_segments(bench):
    bench.service = LedgerService(bench.rows, bench.objects, bench.keys, bench.clock, sealing=Sealing(leaves=8192))
    bench.rows.enter(LedgerEvent("archived", document_id(n), bench.clock.now(), {"note": "x" * 60_000}) for n in range(200))
    bench.service.sequence()
    assert bench.service.seal() == 2
    assert verify_ledger(bench.rows, bench.objects, bench.keys).trees[Tree.CUSTODY].opened == 200


def test_a_silent_day_leaves_a_heartbeat(bench):
    assert bench.service.beat() == 2
    assert bench.service.beat() == 0
    bench.clock.move(timedelta(hours=24))
    assert bench.service.beat() == 2
    assert [each.event.kind for each in entries(bench.objects, Tree.CUSTODY)] == [HEARTBEAT, HEARTBEAT]
    bench.clock.move(timedelta(hours=23))
    assert bench.service.beat() == 0
    bench.archive(1)
    bench.clock.move(timedelta(hours=2))
    assert bench.service.beat() == 1, "custody had news an hour ago, access had none for 25 hours"


def test_a_new_key_signs_on_and_the_old_heads_hold(bench):
    bench.archive(3)
    bench.keys = MemoryKeys("first", "second")
    bench.service = LedgerService(bench.rows, bench.objects, bench.keys, bench.clock)
    bench.archive(3, first=3)
    ids = {head.statement.key_id for head in bench.rows.heads(Tree.CUSTODY)}
    assert len(ids) == 2
    assert verify_ledger(bench.rows, bench.objects, bench.keys).sound


class Cut(Exception):
    """The moment at which the machine stops."""


class CutOff:
    """Passes calls on until the n-th of the named ones, which is cut off before or after it took effect."""

    def __init__(self, part: object, names: set[str], at: int, after: bool) -> None:
        self.part, self.names, self.left, self.after = part, names, at, after

    def __getattr__(self, name: str) -> object:
        method = getattr(self.part, name)
        if name not in self.names:
            return method

        def call(*args, **kwargs):
            self.left -= 1
            if self.left == 0 and not self.after:
                raise Cut
            result = method(*args, **kwargs)
            if self.left == 0:
                raise Cut
            return result

        return call


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 8))
@pytest.mark.parametrize("part", ["objects", "rows"])
def test_cut_off_anywhere_nothing_is_lost_or_doubled(bench, part, at, after):
    bench.rows.enter(bench.event(number) for number in range(25))
    rows = CutOff(bench.rows, {"advance", "plan", "seal"}, at, after) if part == "rows" else bench.rows
    objects = CutOff(bench.objects, {"put"}, at, after) if part == "objects" else bench.objects
    broken = LedgerService(rows, objects, bench.keys, bench.clock, sealing=Sealing(leaves=10))  # type: ignore[arg-type]
    try:
        broken.sequence()
        broken.seal()
    except Cut:
        report = verify_ledger(bench.rows, bench.objects, bench.keys)
        assert report.findings == [], "what a crash leaves is not taken for a forgery"
    bench.clock.move(timedelta(seconds=5))
    bench.archive(5, first=25)
    assert names(bench)[3:7] != []
    assert [each.event.document_id for each in entries(bench.objects, Tree.CUSTODY)] == [document_id(n) for n in range(30)]
    report = verify_ledger(bench.rows, bench.objects, bench.keys)
    assert report.findings == []
    assert report.trees[Tree.CUSTODY].leaves == 30
    assert not report.trees[Tree.CUSTODY].interrupted


def test_a_segment_cut_off_keeps_its_end_though_more_was_entered(bench):
    bench.archive(4, seal=False)
    broken = LedgerService(bench.rows, CutOff(bench.objects, {"put"}, 1, after=True), bench.keys, bench.clock)  # type: ignore[arg-type]
    with pytest.raises(Cut):
        broken.seal()
    assert verify_ledger(bench.rows, bench.objects, bench.keys).trees[Tree.CUSTODY].interrupted
    bench.archive(4, first=4)
    assert bench.objects.keys(Bucket.LOCKED, "ledger/custody/segments/") == [
        "ledger/custody/segments/000000000000-000000000003.json",
        "ledger/custody/segments/000000000004-000000000007.json",
    ]


@pytest.mark.parametrize(
    ("bucket", "key"),
    [
        (Bucket.LOCKED, "ledger/custody/segments/000000000000-000000000003.json"),
        (Bucket.LOCKED, "ledger/custody/heads/000000000004.json"),
        (Bucket.DELETABLE, "ledger/custody/payloads/000000000000-000000000003.txt.gz"),
    ],
)
def test_other_files_in_the_place_of_ours_stop_the_sealing(bench, tmp_path, bucket, key):
    other = LedgerBench.on(tmp_path / "other.db")
    other.archive(4, first=100)
    bench.archive(4, seal=False)
    bench.objects.put_on_top(bucket, key, other.objects.body(bucket, key))
    with pytest.raises(IntegrityError, match="another history"):
        bench.service.seal()
    assert bench.rows.newest_head(Tree.CUSTODY) is None
    other.engine.dispose()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "UPDATE ledger_leaves SET payload = replace(payload, 'archived', 'released') WHERE position = 12",
            "payload of ledger entry 12",
        ),
        ("DELETE FROM ledger_leaves WHERE position = 12", "lost leaves"),
        ("UPDATE ledger_leaves SET hash = zeroblob(32) WHERE position = 3", "not the one that was signed"),
        ("DELETE FROM ledger_heads", "newest head"),
        ("UPDATE ledger_heads SET body = replace(body, 'ed25519 ', 'ed25519 00')", "damaged"),
        ("UPDATE ledger_state SET frontier = zeroblob(length(frontier))", "does not end as it was built"),
    ],
)
def test_nothing_is_signed_over_a_forged_catalogue(bench, statement, message):
    bench.archive(8)
    bench.archive(7, first=8, seal=False)
    bench.tamper(statement)
    with pytest.raises(IntegrityError, match=message):
        bench.service.seal()
    assert "ledger/custody/heads/000000000015.json" not in names(bench)
