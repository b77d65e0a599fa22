"""Evidence says what was found, or it is refused with the reason."""

from __future__ import annotations

import base64
import io
import json
import random
from datetime import timedelta
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.domain.ledger import LedgerEvent, canonical, entry_hash
from retention import evidence_file
from retention.certificate import SignedText, Stamp
from retention.certificate_check import StampVerdict
from retention.errors import StatementError
from retention.evidence import (
    DEPOSIT,
    EVIDENCE,
    Condition,
    Destroyed,
    Enforcer,
    Found,
    LockMode,
    Reading,
    Standing,
    StoreLock,
    What,
    seal_digest,
    seal_reference,
)
from retention.evidence_annex import read_annex, write_annex
from retention.evidence_check import EvidenceReport, Exhibit, check_evidence
from retention.evidence_file import LIMIT, read_evidence
from retention.evidence_verdict import findings_of
from retention.signed_head import Statement
from tests.support.evidences import BYTES, DIGEST, DOCUMENT, REFERENCE, SALT, SOUND, START, EvidenceCase, at, changed
from tests.support.memory_keys import MemoryKeys

KINDS = (EVIDENCE, DEPOSIT)
OTHER = "21a0c723-3e9e-8218-a143-9c2d4ef8904f"


def check(data: bytes, pinned: bytes | None = None, **options) -> EvidenceReport:
    return check_evidence(io.BytesIO(data), pinned, **options)


def refusals(case: EvidenceCase, **options) -> str:
    """Why it is refused; "" when it is not."""
    return "\n".join(check(case.data(), case.public_key, **options).findings)


def lies(case: EvidenceCase) -> bytes:
    """The file as somebody with the key writes it who says what was not found."""
    with patch.object(evidence_file, "findings_of", lambda body: body.findings):
        return case.data()


# -- what is as it should be --------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_what_was_found_is_authentic_and_sound(kind):
    case = EvidenceCase(kind)
    report = check(case.data(), case.public_key)
    assert (report.findings, report.says, report.signer_known) == ((), (), True)
    assert (report.body.kind, report.body.document, report.time) == (kind, DOCUMENT, case.time)


def test_without_a_key_known_before_it_is_consistent_and_no_more():
    report = check(EvidenceCase().data())
    assert report.authentic
    assert not report.signer_known


moments = st.integers(-5000, 5000).map(at)
locks = st.builds(
    StoreLock, st.sampled_from(LockMode), st.none() | moments, st.none() | st.booleans(), st.sampled_from(LockMode),
    st.none() | moments, st.booleans(), st.sampled_from(Enforcer),
)  # fmt: skip
readings = st.lists(st.builds(Reading, st.sampled_from(What), st.sampled_from(Found), moments), max_size=2).map(tuple)


@given(
    st.integers(1, 70), st.integers(0, 69), locks | st.none(), readings, st.sampled_from(Standing), st.sampled_from(Condition),
    st.booleans(), st.sampled_from(KINDS),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_whatever_was_found_is_read_back_as_it_was(size, position, lock, read, ledger, state, sealed, kind):
    def change(body):
        body = changed(body, ledger=ledger, state=state, digest=body.digest if sealed else None)
        if ledger not in (Standing.SEALED, Standing.OTHER_BYTES):
            body = changed(body, entry=None)
        gone = Destroyed("2037-01-05-1", None) if state is Condition.DESTROYED else None
        return body if kind == DEPOSIT else changed(body, lock=lock, readings=read, destroyed=gone)

    case = EvidenceCase(kind, position % size, size, change=change)
    data = case.data()
    report = check(data, case.public_key)
    assert report.findings == ()
    assert report.says == findings_of(case.body())
    assert changed(report.body, issued_at="", findings=()) == case.body()
    if not report.says:
        assert (ledger, state, sealed) == (Standing.SEALED, Condition.COMMITTED, True)
        assert kind == DEPOSIT or (lock is not None and read and all(one.found is Found.SOUND for one in read))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"readings": ()}, "its bytes were not read"),
        ({"readings": (Reading(What.DOCUMENT, Found.OTHER, at(1)),)}, "its bytes are not what was archived"),
        ({"readings": (Reading(What.DOCUMENT, Found.GONE, at(1)),)}, "its bytes are not in the store"),
        ({"readings": (Reading(What.DOCUMENT, Found.SILENT, at(1)),)}, "the store did not answer"),
        ({"readings": (Reading(What.CONTAINER, Found.OTHER, at(1)), SOUND)}, "its container's bytes are not"),
        ({"readings": (Reading(What.CONTAINER, Found.SOUND, at(1)),)}, "its bytes were not read"),
        ({"lock": None}, "did not say which lock"),
        ({"digest": None}, "could never be read"),
        ({"ledger": Standing.UNSEALED, "entry": None}, "is not sealed yet"),
        ({"ledger": Standing.MISSING, "entry": None}, "has no entry"),
        ({"ledger": Standing.OTHER_HISTORY, "entry": None}, "not the history that was signed"),
        ({"ledger": Standing.OTHER_BYTES}, "tells of other bytes"),
        ({"state": Condition.RECEIVED}, "it is not committed yet"),
        ({"state": Condition.DESTROYED}, "it was destroyed"),
    ],
)
def test_what_speaks_against_it_is_said(change, says):
    case = EvidenceCase(change=lambda body: changed(body, **change))
    report = check(case.data(), case.public_key)
    assert report.authentic
    assert says in "\n".join(report.says)


def locked(mode="compliance", until=9000, hold=False, promised=("compliance", 9000, False)):
    moment = None if until is None else at(until)
    ends = None if promised[1] is None else at(promised[1])
    return StoreLock(LockMode(mode), moment, hold, LockMode(promised[0]), ends, promised[2], Enforcer.STORE)


@pytest.mark.parametrize(
    ("lock", "says"),
    [
        (locked(), ""),
        (locked(until=9001, hold=True), ""),
        (locked(promised=("governance", 9000, False)), ""),
        (locked(promised=("none", None, False)), ""),
        (locked(until=8999), "weaker, or ends earlier"),
        (locked("governance"), "weaker, or ends earlier"),
        (locked("none", None), "weaker, or ends earlier"),
        (locked("none", None, promised=("none", None, True)), "does not hold it"),
        (locked("none", None, None, promised=("none", None, True)), "does not hold it"),
        (locked("none", None, True, promised=("none", None, True)), ""),
    ],
)
def test_a_lock_is_compared_with_what_was_promised(lock, says):
    said = check(EvidenceCase(change=lambda body: changed(body, lock=lock)).data()).says
    assert says in "\n".join(said)
    assert bool(says) == bool(said)


# -- bits and fields ----------------------------------------------------------------------------------------------
def is_accepted(data: bytes, key: bytes) -> bool:
    try:
        report = check(data, key)
    except StatementError:
        return False
    return report.authentic and report.signer_known


@pytest.mark.parametrize("kind", KINDS)
def test_no_bit_can_be_turned(kind):
    case, bits = EvidenceCase(kind), random.Random(5)
    data = case.data()
    assert is_accepted(data, case.public_key)
    for place in range(len(data)):
        turned = bytearray(data)
        turned[place] ^= 1 << bits.randrange(8)
        assert not is_accepted(bytes(turned), case.public_key), (place, data[place - 30 : place + 30])


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_nothing_can_be_taken_out_put_in_or_swapped(draw):
    case = EvidenceCase(draw.draw(st.sampled_from(KINDS)))
    data = case.data()
    first, end = sorted(draw.draw(st.tuples(st.integers(0, len(data)), st.integers(0, len(data)))))
    put_in = draw.draw(st.binary(max_size=20))
    other = data[:first] + put_in + data[end:]
    assert other == data or not is_accepted(other, case.public_key)


@pytest.mark.parametrize("kind", KINDS)
def test_no_field_can_be_left_out_or_added(kind):
    data = EvidenceCase(kind).data()
    lines = data.split(b"\n")
    for number in range(1, len(lines) - 2):
        with pytest.raises(StatementError):
            check(b"\n".join(lines[:number] + lines[number + 1 :]))
    with pytest.raises(StatementError, match="as it is written"):
        check(
            data.replace(b'"kind":', b'"name":"bail.pdf",\n"kind":', 1).replace(b',\n"name"', b',\n"kind":"evidence",\n"name"', 1)
        )
    with pytest.raises(StatementError, match="as it is written"):
        check(data.replace(b'"archive":', b'"title":"bail",\n"archive":', 1))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no evidence of Minutier"),
        (b"%PDF-1.7", "not the PDF made from it"),
        (EvidenceCase().data()[:300], "was cut off"),
        (EvidenceCase().data().replace(b"evidence/1", b"evidence/2", 1), "format version '2'"),
        (EvidenceCase().data().replace(b'"kind":"evidence"', b'"kind":"opinion"', 1), 'not what says "kind":"opinion"'),
        (EvidenceCase().data() + b" " * LIMIT, "more than"),
        (EvidenceCase().data().replace(b'"findings":[]', b'"findings": []'), "not in the one form"),
    ],
)
def test_what_is_no_evidence(data, why):
    with pytest.raises(StatementError) as refused:
        check(data)
    assert why in str(refused.value) + refused.value.remedy


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"timestamps":[]}\n', b'"timestamps": []}\n'),
        (b'"timestamps":[]}\n', b'"timestamps":[]}\n\n'),
        (b',\n"signature"', b',"signature"'),
    ],
)
def test_its_ending_has_one_form_too(old, new):
    data = EvidenceCase().data()
    assert data.count(old) == 1
    with pytest.raises(StatementError, match="one form"):
        check(data.replace(old, new))


# -- forgeries ----------------------------------------------------------------------------------------------------
def test_a_forged_head():
    forger = MemoryKeys("forger")
    case = EvidenceCase()
    assert "not among the archive's keys" in refusals(EvidenceCase(change_entry=lambda _: case.entry(keys=forger)))

    def resigned(entry):
        text = entry.head.statement.replace("size 11", "size 12")
        return changed(entry, head=SignedText(text, entry.head.signature))

    assert "its signature does not hold" in refusals(EvidenceCase(change_entry=resigned))


def test_a_head_of_the_other_tree():
    def of_access(entry):
        keys = MemoryKeys("archive")
        head = Statement.parse(entry.head.statement)
        text = Statement("access", head.size, head.root, head.time, head.key_id).text()
        return changed(entry, head=SignedText(text, keys.sign(text.encode()).hex()))

    assert "access tree" in refusals(EvidenceCase(change_entry=of_access))


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: changed(entry, position=entry.position + 1),
        lambda entry: changed(entry, leaf=EvidenceCase().entry(2).leaf),
        lambda entry: changed(entry, path=EvidenceCase().entry(2).path),
        lambda entry: changed(entry, path=entry.path[:-1]),
        lambda entry: changed(entry, path=(*entry.path, entry.path[0])),
    ],
)
def test_a_proof_that_is_not_this_entry_s(change):
    assert "another document's proof, or one that was altered" in refusals(EvidenceCase(change_entry=change))


def test_the_entry_of_another_document_is_found_by_its_annex():
    """Under the head it is, in its place: only what the entry holds tells whose it is."""
    case = EvidenceCase()
    case.change_entry = lambda _: case.entry(2)
    assert refusals(case) == ""
    assert "an annex shows it" in "\n".join(check(case.data()).notes)
    assert "does not open the ledger's entry" in refusals(case, exhibit=Exhibit(annex=case.annex()))


def test_another_archive_s_key():
    case, other = EvidenceCase(), MemoryKeys("other")
    report = check(case.data(), other.public_key(other.signing_key_id()))
    assert "it is another archive's" in report.findings[0]
    assert not report.signer_known


def test_a_forged_signature_by_a_known_key_makes_no_known_signer():
    case = EvidenceCase()
    signature = read_evidence(io.BytesIO(case.data())).ending.signature.value
    forged = case.data().replace(signature.encode(), signature[::-1].encode())
    report = check(forged, case.public_key)
    assert report.findings == ("its signature does not hold: it was forged, or its statement altered afterwards",)
    assert not report.signer_known


def test_a_signer_whose_key_is_not_in_it():
    other = MemoryKeys("other")
    case = EvidenceCase(change=lambda body: changed(body, keys=(other.public_key(other.signing_key_id()).hex(),)))
    assert "key that signed it is not among" in refusals(case)


@pytest.mark.parametrize(
    "change",
    [
        {"readings": (Reading(What.DOCUMENT, Found.OTHER, at(1)),)},
        {"lock": locked("none", None)},
        {"state": Condition.DESTROYED},
        {"ledger": Standing.OTHER_BYTES},
        {"digest": None},
    ],
)
def test_it_cannot_say_sound_of_what_is_not(change):
    case = EvidenceCase(change=lambda body: changed(body, **change))
    findings = check(lies(case), case.public_key).findings
    assert findings == ("what it says in sum is not what its own readings, lock and ledger entry say",)


@pytest.mark.parametrize("change", [{"entry": None}, {"ledger": Standing.UNSEALED}, {"ledger": Standing.OTHER_HISTORY}])
def test_a_proof_goes_with_what_is_said_of_it(change):
    assert "does not go with the proof" in refusals(EvidenceCase(change=lambda body: changed(body, **change)))


@pytest.mark.parametrize(("wrong", "why"), [("kind", "another kind"), ("document", "another kind, archive or document")])
def test_a_statement_of_something_else(wrong, why):
    """A signature of the same key over another body, put on this one."""
    case = EvidenceCase()
    theirs = (
        EvidenceCase(DEPOSIT) if wrong == "kind" else EvidenceCase(change=lambda body: changed(body, document=OTHER))
    ).data()
    cut = b'\n,"statement"'
    mixed = case.data().split(cut)[0] + cut + theirs.split(cut)[1]
    findings = "\n".join(check(mixed, case.public_key).findings)
    assert "body is not the one that was signed" in findings
    assert why in findings


def test_another_time_than_the_signed_one():
    case, later = EvidenceCase(), EvidenceCase(time=START + timedelta(days=1))
    cut = b'\n,"statement"'
    mixed = case.data().split(cut)[0] + cut + later.data().split(cut)[1]
    assert "issued at another time" in "\n".join(check(mixed).findings)


def test_a_signature_over_a_certificate_is_none_over_evidence():
    """The first line of what is signed keeps them apart."""
    statement = read_evidence(io.BytesIO(EvidenceCase().data())).ending.statement
    assert statement.startswith("minutier evidence v1\n")


# -- what the reader holds ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_whoever_has_the_bytes_can_check_them(kind):
    case = EvidenceCase(kind)
    assert refusals(case, exhibit=Exhibit(DIGEST)) == ""
    assert "the bytes given are not those it is of" in refusals(case, exhibit=Exhibit(b"\1" * 32))


def test_a_reference_is_shown_with_the_bytes_only():
    case = EvidenceCase(DEPOSIT)
    assert refusals(case, exhibit=Exhibit(DIGEST, REFERENCE)) == ""
    assert "not accepted under the reference" in refusals(case, exhibit=Exhibit(DIGEST, REFERENCE + "x"))
    assert "together with the bytes" in refusals(case, exhibit=Exhibit(None, REFERENCE))
    assert "attestation of deposit" in refusals(EvidenceCase(), exhibit=Exhibit(DIGEST, REFERENCE))


def test_bytes_are_not_shown_by_evidence_that_seals_none():
    case = EvidenceCase(change=lambda body: changed(body, digest=None))
    assert "nothing in it seals bytes" in refusals(case, exhibit=Exhibit(DIGEST))


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32), st.text(max_size=40), st.text(max_size=40))
def test_seals_open_to_nothing_else(salt, other, reference, another):
    sealed = seal_reference(salt, DIGEST, reference)
    assert (seal_reference(salt, DIGEST, another) == sealed) == (reference == another)
    assert seal_reference(salt, other, reference) != sealed
    assert seal_digest(salt, other) != seal_digest(salt, DIGEST)
    assert (seal_digest(other, DIGEST) == seal_digest(salt, DIGEST)) == (other == salt)


def test_the_annex_shows_what_the_entry_holds():
    case = EvidenceCase()
    annex = read_annex(write_annex(case.annex()))
    report = check(case.data(), case.public_key, exhibit=Exhibit(annex=annex))
    assert report.findings == ()
    assert report.opened is not None
    assert (report.opened["sha256"], report.opened["size"]) == (DIGEST.hex(), len(BYTES))


PLAIN = DIGEST.hex()


def entered(kind="archived", document=DOCUMENT, sha256=PLAIN) -> tuple[str, bytes]:
    payload = canonical(LedgerEvent(kind, document, START, {"sha256": sha256}))
    return payload, entry_hash(SALT, payload)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (entered(document=OTHER), "is of another document"),
        (entered(kind="disposed"), "does not tell which bytes"),
        (entered(sha256="00" * 32), "tells of other bytes than the evidence"),
        (entered(sha256="xyz"), "tells of other bytes than the evidence"),
        (("[]", entry_hash(SALT, "[]")), "no entry of a ledger"),
        (("{", entry_hash(SALT, "{")), "no entry of a ledger"),
    ],
)
def test_an_entry_that_tells_something_else(other, why):
    case = EvidenceCase(change_entry=lambda entry: changed(entry, leaf=other[1].hex()))
    assert why in refusals(case, exhibit=Exhibit(annex=case.annex(payload=other[0])))


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"document": OTHER}, "another archive or document"),
        ({"archive": "other"}, "another archive or document"),
        ({"position": 6}, "does not open"),
        ({"salt": "00" * 32}, "does not open"),
        ({"payload": "{}"}, "does not open"),
    ],
)
def test_an_annex_of_something_else(other, why):
    case = EvidenceCase()
    assert why in refusals(case, exhibit=Exhibit(annex=case.annex(**other)))


@pytest.mark.parametrize("data", [b"", b"{}", b"[" * 9999, write_annex(EvidenceCase().annex(format="minutier-annex/1"))])
def test_what_is_no_annex(data):
    with pytest.raises(StatementError):
        read_annex(data)


def test_an_annex_has_one_form():
    with pytest.raises(StatementError, match="one form"):
        read_annex(write_annex(EvidenceCase().annex()).replace(b'": ', b'":', 1))


# -- how far it reaches -------------------------------------------------------------------------------------------
def test_without_a_stamp_the_time_is_the_operator_s_word():
    assert "asserted by the operator only" in "\n".join(check(EvidenceCase().data()).notes)


STAMP = Stamp("certificate", base64.b64encode(b"token").decode())


@pytest.mark.parametrize(
    ("verdict", "found", "noted"),
    [
        (StampVerdict(time=START), "", f"stamped it at {at(0)}"),
        (StampVerdict("it is of something else"), "does not hold: it is of something else", ""),
        (StampVerdict(unchecked="nobody trusts it"), "", "does not count here: nobody trusts it"),
    ],
)
def test_a_stamp_is_over_the_statement(verdict, found, noted):
    seen = []

    def holds(token, message):
        seen.append((token, message))
        return verdict

    data = EvidenceCase(stamp=lambda _: STAMP).data()
    report = check(data, timestamp_holds=holds)
    assert found in "\n".join(report.findings)
    assert bool(found) == bool(report.findings)
    assert noted in "\n".join(report.notes)
    assert seen == [(b"token", read_evidence(io.BytesIO(data)).ending.statement.encode())]
    assert "nothing at hand" in "\n".join(check(data).notes)


def test_a_stamp_of_something_else():
    assert "which evidence does not hold" in refusals(EvidenceCase(stamp=lambda _: Stamp("head 3", "AAAA")))
    assert "not base64" in refusals(
        EvidenceCase(stamp=lambda _: Stamp("certificate", "AAAAA")), timestamp_holds=lambda *_: StampVerdict()
    )


# -- what it never holds ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_it_holds_no_digest_and_no_reference(kind):
    text = EvidenceCase(kind).data().decode()
    for secret in (DIGEST.hex(), base64.b64encode(DIGEST).decode(), REFERENCE, "bail", BYTES.decode()):
        assert secret not in text
        assert json.dumps(secret) not in text


@pytest.mark.parametrize(
    "change",
    [
        {"retention_class": "a/b"},
        {"retention_class": "bail de M. Durand"},
        {"archive": "../etc"},
        {"document": "bail.pdf"},
        {"program": "minutier /home/x"},
        {"until": "soon"},
        {"keys": ("00",)},
    ],
)
def test_there_is_no_place_for_a_name_or_a_path(change):
    with pytest.raises(StatementError):
        EvidenceCase(change=lambda body: changed(body, **change)).data()
