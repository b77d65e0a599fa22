"""Enrolled keys: one person's each, never forgotten, revoked once; and the register that names pseudonyms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from archiver.domain.ledger import LedgerEvent, canonical
from archiver.domain.persons import pseudonym
from archiver.errors import AlreadyExistsError, IntegrityError, NotFoundError, RefusedError, UsageError
from archiver.ports.objects import Bucket, Put
from archiver.ports.retention_rows import Signer
from archiver.services.register import Register, register_key
from archiver.services.signers import Signers
from retention.signature import key_id
from tests.support.memory_keys import MemoryKeys
from tests.support.memory_objects import MemoryObjects
from tests.support.moving_clock import MovingClock


class SignerRows:
    """The part of the port that keys need."""

    def __init__(self) -> None:
        self.rows: dict[str, Signer] = {}
        self.events: list[LedgerEvent] = []

    def add_signer(self, signer: Signer, events: Iterable[LedgerEvent]) -> None:
        if signer.key_id in self.rows:
            raise AlreadyExistsError("enrolled")
        self.rows[signer.key_id] = signer
        self.events += events

    def revoke_signer(self, key_id: str, at: datetime, events: Iterable[LedgerEvent]) -> None:
        self.rows[key_id] = replace(self.rows[key_id], revoked_at=at)
        self.events += events

    def signers(self) -> list[Signer]:
        return list(self.rows.values())

    def signer(self, key_id: str) -> Signer:
        if key_id not in self.rows:
            raise NotFoundError("none")
        return self.rows[key_id]


class Bench:
    def __init__(self) -> None:
        self.clock, self.keys, self.rows = MovingClock(), MemoryKeys("archive"), SignerRows()
        self.objects = MemoryObjects(self.clock)
        self.register = Register(self.objects, self.keys)
        self.signers = Signers(self.rows, self.register, self.keys, self.clock)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def _public() -> bytes:
    return Ed25519PrivateKey.generate().public_key().public_bytes_raw()


def test_a_key_is_enrolled_with_an_entry_that_names_nobody(bench: Bench) -> None:
    public = _public()
    signer, fresh = bench.signers.enroll("Anna Lévy", public, by="owner")
    assert fresh
    assert (
        signer
        == bench.signers.signer(key_id(public))
        == Signer(key_id(public), "Anna Lévy", pseudonym(b"\x01" * 32, "Anna Lévy"), public.hex(), bench.clock.now(), "owner")
    )
    (event,) = bench.rows.events
    assert (event.kind, event.details["public"], event.details["person"]) == ("key-enrolled", public.hex(), signer.pseudonym)
    assert "Anna" not in canonical(event)
    assert "owner" not in canonical(event)


def test_enrolling_again_changes_nothing(bench: Bench) -> None:
    public = _public()
    first, _ = bench.signers.enroll("anna", public, by="owner")
    bench.clock.move(timedelta(days=1))
    assert bench.signers.enroll("anna", public, by="owner") == (first, False)
    assert len(bench.rows.events) == 1


def test_a_key_is_one_persons_and_a_person_may_have_several(bench: Bench) -> None:
    first, second = _public(), _public()
    bench.signers.enroll("anna", first, by="owner")
    with pytest.raises(AlreadyExistsError, match="for somebody else") as caught:
        bench.signers.enroll("Anna", first, by="owner")
    assert "anna" not in str(caught.value)
    bench.signers.enroll("anna", second, by="owner")
    assert [(one.person, one.public_key) for one in bench.signers.all()] == [("anna", first.hex()), ("anna", second.hex())]


def test_two_who_enroll_at_once_get_one_answer(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    public = _public()
    bench.signers.enroll("anna", public, by="owner")
    monkeypatch.setattr(bench.signers, "_known", lambda _given: None)
    assert bench.signers.enroll("anna", public, by="owner")[1] is False
    with pytest.raises(AlreadyExistsError):
        bench.signers.enroll("bruno", public, by="owner")


def test_the_archives_own_key_is_nobodys(bench: Bench) -> None:
    with pytest.raises(RefusedError, match="the archive's own key"):
        bench.signers.enroll("anna", bench.keys.public_key(bench.keys.signing_key_id()), by="owner")
    assert bench.signers.all() == []


def test_a_revoked_key_stays_revoked_and_listed(bench: Bench) -> None:
    public = _public()
    signer, _ = bench.signers.enroll("anna", public, by="owner")
    bench.clock.move(timedelta(days=1))
    revoked, fresh = bench.signers.revoke(signer.key_id, "laptop stolen", by="owner")
    assert (revoked.revoked_at, fresh) == (bench.clock.now(), True)
    bench.clock.move(timedelta(days=1))
    assert bench.signers.revoke(signer.key_id, "again", by="owner") == (revoked, False)
    assert [event.kind for event in bench.rows.events] == ["key-enrolled", "key-revoked"]
    with pytest.raises(RefusedError, match="was revoked on 2026-01-16"):
        bench.signers.enroll("anna", public, by="owner")
    with pytest.raises(AlreadyExistsError):
        bench.signers.enroll("bruno", public, by="owner")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1001])
def test_a_key_is_revoked_for_a_reason(bench: Bench, reason: str) -> None:
    signer, _ = bench.signers.enroll("anna", _public(), by="owner")
    with pytest.raises(UsageError, match="for a reason"):
        bench.signers.revoke(signer.key_id, reason, by="owner")
    assert bench.signers.signer(signer.key_id).revoked_at is None


def test_a_key_nobody_enrolled(bench: Bench) -> None:
    with pytest.raises(NotFoundError, match="'0123'"):
        bench.signers.revoke("0123", "why not", by="owner")


def test_the_register_names_a_pseudonym_until_it_is_erased(bench: Bench) -> None:
    person = bench.register.enter("Anna Lévy")
    assert bench.register.enter("Anna Lévy") == person
    assert bench.register.name(person) == "Anna Lévy"
    (info,) = bench.objects.versions(Bucket.DELETABLE, register_key(person))
    bench.objects.delete(info.ref)
    assert bench.register.name(person) is None


@pytest.mark.parametrize("body", [b"", b"[]", b'{"name": "Bruno"}', b'{"name": 3}', b"\xff", b'{"name": ""}'])
def test_a_register_that_was_changed_is_noticed(bench: Bench, body: bytes) -> None:
    person = bench.register.pseudonym("Anna")
    bench.objects.put([Put(Bucket.DELETABLE, register_key(person), body=body)])
    with pytest.raises(IntegrityError, match="does not hold the name"):
        bench.register.name(person)
