from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from archiver.domain.ledger import PAYLOAD_LIMIT, LedgerEvent, Tree, canonical, commitment, entry_hash, parse_payload
from archiver.domain.ledger_files import head_size, segment_key, segment_range, write_payloads
from archiver.errors import IntegrityError, UsageError
from retention.errors import StatementError
from retention.merkle import leaf_hash
from retention.signed_head import SignedHead, Statement
from tests.support.memory_keys import MemoryKeys

AT = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)


def test_the_payload_is_written_in_one_form_only():
    event = LedgerEvent("archived", "id-1", AT, {"size": 3, "collection": "pièces", "none": None, "list": [True, "x"]})
    assert canonical(event) == (
        '{"at":"2026-03-01T12:00:00.000005+00:00","data":{"collection":"pi\\u00e8ces","list":[true,"x"],"none":null,"size":3},'
        '"document":"id-1","kind":"archived","v":1}'
    )


def test_the_same_moment_in_another_zone_is_the_same_payload():
    there = AT.astimezone(timezone(timedelta(hours=2)))
    assert canonical(LedgerEvent("archived", "a", there)) == canonical(LedgerEvent("archived", "a", AT))


@pytest.mark.parametrize(
    "event",
    [
        LedgerEvent("archived", "a", AT, {"score": 0.5}),  # type: ignore[dict-item]
        LedgerEvent("archived", "a", AT, {"nested": [{"deep": float("nan")}]}),  # type: ignore[dict-item]
        LedgerEvent("archived", "a", AT, {"day": AT}),  # type: ignore[dict-item]
        LedgerEvent("archived", "a", AT, {3: "x"}),  # type: ignore[dict-item]
        LedgerEvent("Archived!", "a", AT),
        LedgerEvent("archived", "a", AT.replace(tzinfo=None)),
        LedgerEvent("archived", "a", AT, {"text": "x" * PAYLOAD_LIMIT}),
    ],
)
def test_what_has_no_canonical_form_is_refused(event):
    with pytest.raises(UsageError):
        canonical(event)


def test_a_commitment_binds_salt_and_payload():
    payload = canonical(LedgerEvent("archived", "a", AT))
    assert commitment(b"1" * 32, payload) != commitment(b"2" * 32, payload)
    assert entry_hash(b"1" * 32, payload) == leaf_hash(commitment(b"1" * 32, payload))


@pytest.mark.parametrize(
    "payload", ["", "[]", "{}", '{"v":2}', '{"at":"x","data":{},"document":"","kind":"k","v":1}', "[" * 10_000]
)
def test_what_is_no_payload_is_refused(payload):
    with pytest.raises(IntegrityError, match="not the payload"):
        parse_payload(payload, Tree.CUSTODY)


def statement(keys: MemoryKeys) -> Statement:
    return Statement(Tree.CUSTODY, 5, b"\x07" * 32, AT, keys.signing_key_id())


def test_a_statement_is_read_as_it_was_written():
    assert Statement.parse(statement(MemoryKeys("k")).text()) == statement(MemoryKeys("k"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("v1", "v2"),
        ("size 5", "size 05"),
        ("custody", "treasury"),
        ("sha256", "sha1"),
        ("2026", "2O26"),
        ("\nkey", "\r\nkey"),
        ("+00:00", "+01:00"),
    ],
)
def test_a_statement_in_another_form_is_refused(old, new):
    with pytest.raises(StatementError, match="not the statement"):
        Statement.parse(statement(MemoryKeys("k")).text().replace(old, new))


def test_a_signature_holds_for_its_key_and_words_only():
    keys, others = MemoryKeys("ours"), MemoryKeys("theirs")
    said = statement(keys)
    head = SignedHead(said, keys.sign(said.text().encode()))
    assert head.signed_by(keys.public_key(keys.signing_key_id()))
    assert not head.signed_by(others.public_key(others.signing_key_id()))
    assert not SignedHead(said, others.sign(said.text().encode())).signed_by(keys.public_key(keys.signing_key_id()))
    elsewhere = replace(said, key_id=others.signing_key_id())
    assert not SignedHead(elsewhere, keys.sign(elsewhere.text().encode())).signed_by(keys.public_key(keys.signing_key_id()))
    larger = Statement(said.tree, 6, said.root, said.time, said.key_id)
    assert not SignedHead(larger, head.signature).signed_by(keys.public_key(keys.signing_key_id()))


def test_a_head_continues_the_one_it_names_only():
    said = statement(MemoryKeys("k"))
    older, newer = SignedHead(said, b""), SignedHead(said, b"", previous=said.size)
    assert newer.continues(older)
    assert not SignedHead(said, b"", previous=4).continues(older)
    assert not newer.continues(SignedHead(replace(said, tree=Tree.ACCESS), b""))


def test_a_payload_file_does_not_depend_on_the_hour():
    assert write_payloads([])[4:8] == bytes(4)


def test_names_say_what_is_inside():
    assert segment_key(Tree.CUSTODY, 0, 8192) == "ledger/custody/segments/000000000000-000000008191.json"
    assert segment_range("ledger/custody/segments/000000000000-000000008191.json") == (0, 8192)
    assert segment_range("ledger/custody/segments/0-8191.json") is None
    assert head_size("ledger/custody/heads/000000008192.json") == 8192
    assert head_size("ledger/custody/heads/latest.json") is None
