"""Each way of forging the ledger, and what verification says of it."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest

from archiver.domain.digest import of_bytes
from archiver.domain.ledger import LedgerEvent, Tree, canonical
from archiver.domain.ledger_files import (
    Opening,
    Segment,
    read_head,
    read_payloads,
    read_segment,
    write_head,
    write_payloads,
    write_segment,
)
from archiver.domain.ledger_report import FINDINGS_KEPT, LedgerReport
from archiver.errors import IntegrityError, LockedError
from archiver.ports.objects import Bucket
from archiver.services.verify.ledger import entries, verify_ledger
from retention.merkle import Frontier, leaf_hash, root_of
from retention.signed_head import SignedHead, Statement
from tests.support.ledger_bench import LedgerBench, document_id
from tests.support.memory_keys import MemoryKeys

SEGMENT = "ledger/custody/segments/000000000010-000000000019.json"
PAYLOADS = "ledger/custody/payloads/000000000010-000000000019.txt.gz"
HEAD = "ledger/custody/heads/000000000020.json"
NEWEST = "ledger/custody/heads/000000000030.json"


@pytest.fixture
def bench(tmp_path):
    """Thirty entries in three segments, four more that are not sealed, one waiting."""
    bench = LedgerBench.on(tmp_path / "catalog.db")
    bench.archive(30)
    bench.archive(4, first=30, seal=False)
    bench.rows.enter([bench.event(34)])
    yield bench
    bench.engine.dispose()


def verify(bench: LedgerBench) -> LedgerReport:
    return verify_ledger(bench.rows, bench.objects, bench.keys)


def told(bench: LedgerBench) -> list[tuple[str, str]]:
    return [(finding.where, finding.what) for finding in verify(bench).findings]


def assert_told(bench: LedgerBench, where: str, what: str) -> None:
    """One finding at least says both."""
    findings = told(bench)
    assert any(where in place and what in text for place, text in findings), findings


def test_a_sound_ledger(bench):
    report = verify(bench)
    assert report.sound
    counts = report.trees[Tree.CUSTODY]
    assert (counts.segments, counts.heads, counts.leaves, counts.opened, counts.erased) == (3, 3, 30, 30, 0)
    assert (counts.unsealed, counts.waiting, counts.interrupted) == (4, 1, False)


def test_an_archive_without_any_entry_is_sound(tmp_path):
    bench = LedgerBench.on(tmp_path / "catalog.db")
    assert verify(bench).sound
    bench.engine.dispose()


# -- the catalogue ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE ledger_leaves SET hash = zeroblob(32) WHERE position = 12", "leaf 12 is not the sealed one"),
        ("UPDATE ledger_leaves SET document_id = 'x' WHERE position = 12", "its leaf 12 says 'archived' of x"),
        ("UPDATE ledger_leaves SET kind = 'released' WHERE position = 12", "its leaf 12 says 'released'"),
        ("DELETE FROM ledger_leaves WHERE position = 12", "lost leaf 12"),
        ("DELETE FROM ledger_leaves WHERE position = 29", "lost leaf 29"),
        ("DELETE FROM ledger_leaves WHERE position = 31", "lost leaves 31 to 31"),
        ("DELETE FROM ledger_leaves WHERE position = 33", "says the tree has 34 leaves, its leaves end at 33"),
        ("UPDATE ledger_leaves SET payload = replace(payload, '33', '44') WHERE position = 33", "payload of leaf 33 is not what"),
        ("UPDATE ledger_leaves SET payload = payload || 'é' WHERE position = 33", "payload of leaf 33 is not what was entered"),
        ("UPDATE ledger_leaves SET payload = '{}', salt = zeroblob(32) WHERE position = 3", "payload of leaf 3 is not what"),
        ("UPDATE ledger_leaves SET payload = NULL WHERE position = 33", "lost the payload of leaf 33"),
        ("UPDATE ledger_leaves SET document_id = 'x' WHERE position = 33", "its leaf 33 says 'archived' of x"),
        ("UPDATE ledger_leaves SET hash = zeroblob(32), payload = NULL WHERE position = 33", "not that of its 34 leaves"),
        ("UPDATE ledger_state SET sealed_to = 20, planned_to = 20", "says 20 leaves are sealed, the segments"),
        ("UPDATE ledger_state SET frontier = zeroblob(length(frontier))", "state it keeps of the tree"),
        ("DELETE FROM ledger_heads WHERE size = 20", "does not know the head of 20 leaves"),
        ("UPDATE ledger_heads SET body = replace(body, 'ed25519 ', 'ed25519 00')", "damaged"),
    ],
)  # fmt: skip
def test_an_edited_catalogue(bench, statement, what):
    bench.tamper(statement)
    assert_told(bench, "catalogue, custody ledger", what)


def test_a_leaf_added_behind_the_ledgers_back(bench):
    bench.tamper(
        "INSERT INTO ledger_leaves SELECT tree, 34, kind, document_id, hash, payload, salt FROM ledger_leaves WHERE position = 33"
    )
    assert_told(bench, "catalogue", "says the tree has 34 leaves, its leaves end at 35")


def test_a_head_only_the_catalogue_knows(bench):
    bench.tamper("INSERT INTO ledger_heads SELECT tree, 34, body FROM ledger_heads WHERE size = 30")
    assert_told(bench, "catalogue", "head is one of 30 leaves")
    bench.tamper("DELETE FROM ledger_heads WHERE size = 34")
    bench.objects.lose(Bucket.LOCKED, NEWEST)
    assert_told(bench, "catalogue", "its head of 30 leaves is not in the object store")


def test_a_head_the_catalogue_has_otherwise(bench):
    key = bench.keys.signing_key_id()
    old = read_head(bench.objects.body(Bucket.LOCKED, HEAD))
    statement = Statement(Tree.CUSTODY, 20, b"\x00" * 32, old.statement.time, key)
    forged = replace(old, statement=statement, signature=bench.keys.sign(statement.text().encode()))
    bench.tamper("UPDATE ledger_heads SET body = :body WHERE size = 20", body=write_head(forged).decode())
    assert_told(bench, "catalogue", "its head of 20 leaves is not the one in the object store")


def test_an_edited_inner_node(tmp_path):
    bench = LedgerBench.on(tmp_path / "catalog.db", leaves=300)
    bench.archive(700)
    bench.archive(100, first=700, seal=False)
    for position in range(3):
        assert verify(bench).sound
        bench.tamper("UPDATE ledger_nodes SET hash = zeroblob(32) WHERE position = :position", position=position)
        assert_told(bench, "catalogue", f"node {position} at level 8")
        if position < 2:  # the third one reaches beyond the newest head: no proof needs it yet
            with pytest.raises(IntegrityError):
                bench.service.inclusion_proof(document_id(699 if position == 0 else 0))
        bench.tamper("DELETE FROM ledger_nodes WHERE position = :position", position=position)
        assert_told(bench, "catalogue", "lost 1 nodes")
        good = root_of([leaf.hash for leaf in bench.rows.leaves(Tree.CUSTODY)][position * 256 : (position + 1) * 256])
        bench.tamper("INSERT INTO ledger_nodes VALUES ('custody', 8, :position, :hash)", position=position, hash=good)
    bench.engine.dispose()


# -- segments ---------------------------------------------------------------------------------------------------
def forge_segment(bench: LedgerBench, place: int) -> Segment:
    segment = read_segment(bench.objects.body(Bucket.LOCKED, SEGMENT))
    commitments = list(segment.commitments)
    commitments[place] = b"\x00" * 32
    return replace(segment, commitments=tuple(commitments))


def test_a_forged_commitment(bench):
    bench.objects.overwrite(Bucket.LOCKED, SEGMENT, write_segment(forge_segment(bench, 3)))
    assert_told(bench, SEGMENT, "do not lead to the root signed at 20 leaves")
    assert_told(bench, PAYLOADS, "payload of entry 13 is not what was committed to")
    assert_told(bench, "catalogue", "its leaf 13 is not the sealed one")


def test_a_flipped_byte(bench):
    for key in (SEGMENT, HEAD, PAYLOADS):
        bucket = Bucket.DELETABLE if key == PAYLOADS else Bucket.LOCKED
        body = bench.objects.body(bucket, key)
        bench.objects.overwrite(bucket, key, body[:-3] + bytes([body[-3] ^ 1]) + body[-2:], honest_digest=False)
        assert_told(bench, key, "is not what was written")
        bench.objects.overwrite(bucket, key, body)
        assert verify(bench).sound


def test_a_missing_segment(bench):
    bench.objects.lose(Bucket.LOCKED, SEGMENT)
    assert_told(bench, "000000000020-000000000029.json", "leaves 10 to 19, before it, are in no segment")
    assert_told(bench, PAYLOADS, "of no sound segment")


def test_a_missing_last_segment(bench):
    bench.objects.lose(Bucket.LOCKED, "ledger/custody/segments/000000000020-000000000029.json")
    assert_told(bench, "catalogue", "says 30 leaves are sealed, the segments in the object store end at 20")


def test_a_segment_with_a_leaf_dropped(bench):
    segment = read_segment(bench.objects.body(Bucket.LOCKED, SEGMENT))
    shorter = write_segment(replace(segment, commitments=segment.commitments[:-1]))
    bench.objects.overwrite(Bucket.LOCKED, SEGMENT, shorter)
    assert_told(bench, SEGMENT, "it holds leaves 10 to 18")


def test_a_segment_that_forges_what_was_before_it(bench):
    segment = read_segment(bench.objects.body(Bucket.LOCKED, SEGMENT))
    forged = replace(segment, before=Frontier(10, tuple(reversed(segment.before.hashes))))
    bench.objects.overwrite(Bucket.LOCKED, SEGMENT, write_segment(forged))
    assert_told(bench, SEGMENT, "was before it has not the root signed at 10 leaves")


def test_overlapping_segments(bench):
    segment = read_segment(bench.objects.body(Bucket.LOCKED, SEGMENT))
    key = "ledger/custody/segments/000000000010-000000000014.json"
    bench.objects.put_on_top(Bucket.LOCKED, key, write_segment(replace(segment, commitments=segment.commitments[:5])))
    assert_told(bench, SEGMENT, "leaves 10 to 14 are in another segment")


@pytest.mark.parametrize("key", [SEGMENT, HEAD])
def test_a_second_version_on_top(bench, key):
    bench.objects.put_on_top(Bucket.LOCKED, key, bench.objects.body(Bucket.LOCKED, key))
    assert_told(bench, key, "version")


@pytest.mark.parametrize("key", ["ledger/custody/segments/notes.txt", "ledger/custody/heads/latest.json"])
def test_a_stray_file(bench, key):
    bench.objects.put_on_top(Bucket.LOCKED, key, b"hello")
    assert_told(bench, key, "no file of the ledger has such a name")


def test_a_file_without_a_lock(bench):
    for key in (SEGMENT, HEAD):
        body = bench.objects.body(Bucket.LOCKED, key)
        bench.objects.lose(Bucket.LOCKED, key)
        bench.objects.put_on_top(Bucket.LOCKED, key, body)
        assert_told(bench, key, "it has no lock")


# -- payloads ---------------------------------------------------------------------------------------------------
def openings(bench: LedgerBench) -> list[Opening]:
    return read_payloads(bench.objects.body(Bucket.DELETABLE, PAYLOADS))


def test_a_forged_payload(bench):
    forged = openings(bench)
    other = canonical(LedgerEvent("archived", document_id(99), bench.clock.now(), {}))
    forged[4] = replace(forged[4], payload=other)
    bench.objects.overwrite(Bucket.DELETABLE, PAYLOADS, write_payloads(forged))
    assert_told(bench, PAYLOADS, "payload of entry 14 is not what was committed to")
    with pytest.raises(IntegrityError, match="entry 14"):
        list(entries(bench.objects, Tree.CUSTODY))


def test_a_payload_in_the_wrong_file(bench):
    moved = replace(openings(bench)[0], position=5)
    bench.objects.overwrite(Bucket.DELETABLE, PAYLOADS, write_payloads([*openings(bench), moved]))
    assert_told(bench, PAYLOADS, "entry 5 is none of this segment's")


def test_an_unreadable_payload_file(bench):
    bench.objects.overwrite(Bucket.DELETABLE, PAYLOADS, gzip.compress(b"not a payload\n"))
    assert_told(bench, PAYLOADS, "not a ledger payload file")


def test_erased_payloads_are_counted_and_the_tree_holds(bench):
    kept = [each for each in openings(bench) if each.position != 17]
    bench.objects.overwrite(Bucket.DELETABLE, PAYLOADS, write_payloads(kept))
    bench.objects.lose(Bucket.DELETABLE, "ledger/custody/payloads/000000000000-000000000009.txt.gz")
    report = verify(bench)
    assert report.sound
    assert (report.trees[Tree.CUSTODY].opened, report.trees[Tree.CUSTODY].erased) == (19, 11)
    assert [each.position for each in entries(bench.objects, Tree.CUSTODY)] == [n for n in range(10, 30) if n != 17]
    assert bench.service.inclusion_proof(document_id(17)).holds()


# -- heads ------------------------------------------------------------------------------------------------------
def rewritten(bench: LedgerBench, keys: MemoryKeys, **changes: object) -> SignedHead:
    old = read_head(bench.objects.body(Bucket.LOCKED, HEAD))
    statement = replace(old.statement, key_id=keys.signing_key_id(), **changes)  # type: ignore[arg-type]
    return replace(old, statement=statement, signature=keys.sign(statement.text().encode()))


def test_a_head_signed_by_a_key_of_somebody_else(bench):
    bench.objects.overwrite(Bucket.LOCKED, HEAD, write_head(rewritten(bench, MemoryKeys("intruder"))))
    assert_told(bench, HEAD, "not signed by a key of this archive")


def test_a_head_that_names_our_key_with_a_signature_of_another(bench):
    intruder = rewritten(bench, MemoryKeys("intruder"))
    forged = replace(intruder, statement=replace(intruder.statement, key_id=bench.keys.signing_key_id()))
    bench.objects.overwrite(Bucket.LOCKED, HEAD, write_head(forged))
    assert_told(bench, HEAD, "not signed by a key of this archive")


def test_a_history_rewritten_and_signed_again_with_our_own_key(bench):
    """What only the operator can do: new commitments and a new head over them. The next head gives it away."""
    forged = forge_segment(bench, 3)
    bench.objects.overwrite(Bucket.LOCKED, SEGMENT, write_segment(forged))
    first = read_segment(bench.objects.body(Bucket.LOCKED, "ledger/custody/segments/000000000000-000000000009.json"))
    root = root_of(leaf_hash(each) for each in (*first.commitments, *forged.commitments))
    bench.objects.overwrite(Bucket.LOCKED, HEAD, write_head(rewritten(bench, bench.keys, root=root)))
    assert_told(bench, HEAD, "not consistent with the head of 10 leaves")
    assert_told(bench, NEWEST, "not consistent with the head of 20 leaves")
    assert_told(bench, "catalogue", "its head of 20 leaves is not the one in the object store")


def test_a_head_moved_to_another_name(bench):
    bench.objects.overwrite(Bucket.LOCKED, HEAD, bench.objects.body(Bucket.LOCKED, NEWEST))
    assert_told(bench, HEAD, "it is the head of 30 leaves")


def test_a_head_of_the_other_tree(bench):
    bench.objects.overwrite(Bucket.LOCKED, HEAD, write_head(rewritten(bench, bench.keys, tree=Tree.ACCESS)))
    assert_told(bench, HEAD, "of the access tree")


def test_a_missing_head(bench):
    bench.objects.lose(Bucket.LOCKED, HEAD)
    assert_told(bench, NEWEST, "it follows a head of 20 leaves, but the sound head before it has 10")
    assert_told(bench, SEGMENT, "no sound head of 20 leaves")
    assert_told(bench, "catalogue", "its head of 20 leaves is not in the object store")


def test_a_missing_first_head(bench):
    bench.objects.lose(Bucket.LOCKED, "ledger/custody/heads/000000000010.json")
    assert_told(bench, HEAD, "the sound head of 10 leaves before it is missing")


def test_a_head_that_says_it_was_signed_before_the_one_it_follows(bench):
    earlier = bench.clock.now().replace(year=2025)
    bench.objects.overwrite(Bucket.LOCKED, HEAD, write_head(rewritten(bench, bench.keys, time=earlier)))
    assert_told(bench, HEAD, "signed before the head of 10 leaves")


def test_a_head_with_a_changed_proof(bench):
    found = json.loads(bench.objects.body(Bucket.LOCKED, NEWEST))
    found["consistency"] = found["consistency"][::-1]
    bench.objects.overwrite(Bucket.LOCKED, NEWEST, json.dumps(found, indent=0).encode() + b"\n")
    assert_told(bench, NEWEST, "not consistent with the head of 20 leaves")


# -- the report -------------------------------------------------------------------------------------------------
def test_more_findings_than_are_told_are_counted():
    report = LedgerReport()
    for number in range(FINDINGS_KEPT + 5):
        report.add(str(number), "x")
    assert (len(report.findings), report.not_listed) == (FINDINGS_KEPT, 5)


def test_a_ledger_that_grows_meanwhile_is_not_judged(bench):
    class Growing:
        def __getattr__(self, name):
            return getattr(bench.rows, name)

        def heads(self, tree):
            bench.service.sequence()
            return bench.rows.heads(tree)

    with pytest.raises(LockedError, match="grew"):
        verify_ledger(Growing(), bench.objects, bench.keys)  # type: ignore[arg-type]


def test_verification_changes_nothing(bench):
    before = {info.ref: info.sha256 for info in bench.objects.list(Bucket.LOCKED)}, list(bench.rows.leaves(Tree.CUSTODY))
    verify(bench)
    assert before == (
        {info.ref: info.sha256 for info in bench.objects.list(Bucket.LOCKED)},
        list(bench.rows.leaves(Tree.CUSTODY)),
    )
    assert all(
        info.sha256 == of_bytes(bench.objects.body(Bucket.LOCKED, info.ref.key)) for info in bench.objects.list(Bucket.LOCKED)
    )
