"""A certificate says what happened, or it is refused with the reason."""

from __future__ import annotations

import base64
import io
import json
import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.domain.ledger import LedgerEvent, canonical, entry_hash
from retention.certificate import Ending, Item, Outcome, SignedText, Stamp
from retention.certificate_check import StampVerdict, check_certificate
from retention.certificate_report import SHOWN, Findings, Report
from retention.disposed_entry import leaf, payload
from retention.errors import StatementError
from retention.merkle import leaf_hash
from retention.signed_head import Statement
from retention.statements import CertificateStatement
from retention.timestamp import timestamp
from tests.support.certificates import ANNA, ARCHIVE, PURGE, Case, Person, at, changed, replace
from tests.support.memory_keys import MemoryKeys

ALL_GONE = (Outcome.EXECUTED,) * 6


def check(data: bytes, pinned: bytes | None = None, **options) -> Report:
    return check_certificate(io.BytesIO(data), pinned, **options)


def refusals(case: Case, data: bytes | None = None, *, careless: bool = True, **options) -> str:
    """Why the certificate of this case is refused; "" when it is not."""
    return "\n".join(check(data or case.data(careless=careless), case.public_key, **options).findings)


# -- what is as it should be --------------------------------------------------------------------------------------
@given(st.lists(st.sampled_from(list(Outcome)), min_size=1, max_size=40), st.integers(1, 60), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_what_happened_is_sound(outcomes, before, seed):
    case = Case(outcomes=outcomes, before=before, seed=seed)
    report = check(case.data(), case.public_key)
    assert report.findings == ()
    assert report.signer_known
    assert (report.archive, report.purge, report.documents) == (ARCHIVE, PURGE, len(outcomes))
    assert sum(tally.executed for tally in report.classes.values()) == outcomes.count(Outcome.EXECUTED)


def test_without_a_key_known_before_it_is_consistent_and_no_more():
    report = check(Case().data())
    assert report.sound
    assert not report.signer_known


def test_the_same_purge_is_the_same_bytes():
    assert Case().data() == Case().data()


def test_what_holds_only_so_far_is_said():
    notes = "\n".join(check(Case(approver=None).data()).notes)
    assert "the approval is asserted, not authenticated" in notes
    assert "asserted by the operator only" in notes
    assert "1 document failed" in notes
    assert "backups made before the purge" in notes


# -- bits ---------------------------------------------------------------------------------------------------------
def is_accepted(data: bytes, key: bytes) -> bool:
    try:
        report = check(data, key)
    except StatementError:
        return False
    return report.sound and report.signer_known


def test_no_bit_can_be_turned():
    case = Case(outcomes=(Outcome.EXECUTED, Outcome.WITHHELD))
    data, bits = case.data(), random.Random(5)
    assert is_accepted(data, case.public_key)
    for place in range(len(data)):
        turned = bytearray(data)
        turned[place] ^= 1 << bits.randrange(8)
        assert not is_accepted(bytes(turned), case.public_key), (place, data[place - 30 : place + 30])


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_nothing_can_be_taken_out_put_in_or_swapped(draw):
    case = Case(outcomes=(Outcome.EXECUTED, Outcome.FAILED, Outcome.EXECUTED))
    data = case.data()
    first, end = sorted(draw.draw(st.tuples(st.integers(0, len(data)), st.integers(0, len(data)))))
    put = draw.draw(st.one_of(st.just(b""), st.just(b" "), st.just(b"\n"), st.binary(max_size=20), st.just(data[first:end] * 2)))
    other = data[:first] + put + data[end:]
    assert other == data or not is_accepted(other, case.public_key)


@pytest.mark.parametrize(
    ("was", "then"),
    [
        (b'"position":0', b'"position": 0'),
        (b'"shared":false', b'"shared":false,"name":"x.pdf"'),
        (b'"shared":false,', b""),
        (b'{"position":0', b'{"position":0,"position":0'),
        (b'"kind":', b'"title":"x",\n"kind":'),
        (b"},\n{", b"},\n\n{"),
        (b'"timestamps":[\n]}\n', b'"timestamps":[\n]}'),
        (b'"timestamps":[\n]}\n', b'"timestamps":[\n]}\n\n'),
        (b'"FR-CV"', b'"FR-\\u0043V"'),
        (b'}\n]}\n,"statement"', b'},\n]}\n,"statement"'),
    ],
)
def test_another_form_of_the_same_is_refused(was, then):
    data = Case().data()
    assert was in data
    with pytest.raises(StatementError):
        check(data.replace(was, then, 1))


# -- what is none -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "cut off, or is none"),
        (b"%PDF-1.7\n", "not a certificate of Minutier"),
        (b"{}\n", "not a certificate of Minutier"),
        (b"x" * 100_000, "not a certificate of Minutier"),
        (b'{"body":\n{"format":"other/1",\n"kind":"destruction",\n', "not a certificate of Minutier"),
        (b'{"body":\n{"format":"minutier-certificate/2",\n"kind":"destruction",\n', "format version '2', this program knows 1"),
        (b'{"body":\n{"format":"minutier-certificate/1",\n"kind":"evidence",\n', "certificates of destruction"),
        (
            b'{"body":\n{"format":"minutier-certificate/1",\n"kind":"destruction",\n"items":[\n',
            "not a certificate as it is written",
        ),
    ],
)
def test_what_is_no_certificate(data, why):
    with pytest.raises(StatementError, match=why) as refused:
        check(data)
    assert refused.value.exit_code == 4


def test_one_cut_off_anywhere_is_refused():
    data = Case().data()
    for end in range(0, len(data), 7):
        with pytest.raises(StatementError):
            check(data[:end])


def test_a_line_without_end_is_not_taken_in():
    data = Case().data()
    start = data.index(b'{"position":0')
    with pytest.raises(StatementError, match="bytes"):
        check(data[:start] + b'{"position":0,"id":"' + b"0" * 1_000_000)


def test_one_without_signature_is_refused():
    data = Case().data()
    with pytest.raises(StatementError, match="ends before its signature"):
        check(data[: data.index(b'\n,"statement":') + 1])


@pytest.mark.parametrize(("limit", "why"), [("HEAD_LIMIT", "before its items"), ("TAIL_LIMIT", "follow the certificate's body")])
def test_no_more_is_taken_in_than_a_certificate_may_have(monkeypatch, limit, why):
    monkeypatch.setattr(f"retention.certificate_file.{limit}", 400)
    with pytest.raises(StatementError, match=why):
        check(Case().data())


def test_items_and_hashes_stand_on_lines_of_their_own():
    data = Case().data()
    lines, body = data.decode().splitlines(), json.loads(data)["body"]
    for alone in (*body["proof"], *body["keys"], *body["items"], *body["checks"], *body["not_covered"]):
        written = json.dumps(alone, separators=(",", ":"))
        assert written in lines or written + "," in lines


# -- leaves -------------------------------------------------------------------------------------------------------
def moved(items: list[Item], *order: int) -> list[Item]:
    return [changed(items[old], position=new) for new, old in enumerate(order)]


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (0, 2, 1, 3, 4, 5), (0, 1, 2, 3, 4, 5, 5), (1, 2, 3, 4, 5)])
def test_a_leaf_left_out_moved_or_doubled_is_found(order):
    case = Case(outcomes=ALL_GONE, change_items=lambda items: moved(items, *order))
    found = refusals(case)
    assert "do not lead to the root of the plan" in found
    if len(order) != 6:
        assert f"the plan has 6 documents, the certificate {len(order)} items" in found
    with pytest.raises(StatementError):
        case.data()


def test_items_out_of_their_places_are_found():
    case = Case(outcomes=ALL_GONE, change_items=lambda items: [items[1], items[0], *items[2:]])
    assert "item 1: it is not in its place" in refusals(case)


def test_a_document_told_twice_is_found():
    case = Case(outcomes=ALL_GONE, change_items=lambda items: [*items[:-1], changed(items[-1], id=items[0].id)])
    assert "1 document more than once among the items" in refusals(case)


def test_counts_are_compared():
    case = Case(change_body=lambda body: changed(body, execution=changed(body.execution, executed=4, withheld=0)))
    assert "outcomes are not as many" in refusals(case)
    with pytest.raises(StatementError, match="not as many"):
        case.data()


def test_items_are_written_in_the_plan_s_order():
    case = Case(outcomes=ALL_GONE, change_items=lambda items: [items[1], items[0], *items[2:]])
    with pytest.raises(StatementError, match="cannot follow 0 others"):
        case.data()


def test_more_bytes_than_planned():
    case = Case(change_body=lambda body: changed(body, execution=changed(body.execution, bytes=10**9)))
    assert "more bytes" in refusals(case)


# -- what each item says of itself ----------------------------------------------------------------------------------
def of_item(position, **values):
    return lambda item: changed(item, **values) if item.position == position else item


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (of_item(0, outcome=Outcome.WITHHELD, why="kept"), "item 0: it is withheld, and yet a ledger entry is named"),
        (of_item(0, salt=None), "item 0: it is executed, but its ledger entry is not told"),
        (of_item(0, why="kept"), "item 0: it is executed, which 'kept' does not explain"),
        (of_item(1, why=""), "item 1: it is withheld, which 'no reason' does not explain"),
        (of_item(1, why="something remains"), "item 1: it is withheld, which 'something remains' does not explain"),
        (of_item(1, outcome=Outcome.EXECUTED, why=""), "item 1: it is executed, but its ledger entry is not told"),
        (of_item(0, until="2037-02-31"), "no day of the calendar"),
        (of_item(0, at=timestamp(at(18))), "before the purge began"),
        (of_item(0, at=timestamp(at(23))), "after it ended"),
        (of_item(0, at=timestamp(at(20.6))), "not under the signed head"),
        (of_item(0, salt="00" * 32), "not under the signed head"),
        (of_item(0, id="00000000-0000-8000-8000-000000000000"), "not under the signed head"),
        (of_item(0, commitment="00" * 32), "not under the signed head"),
    ],
)
def test_an_item_that_does_not_hold(change, why):
    assert why in refusals(Case(change_item=change))


def test_an_entry_that_was_there_before_the_approval():
    case = Case(change_item=of_item(0, entry=3))
    assert "item 0: its ledger entry is older than the head" in refusals(case)


def test_one_entry_for_two_documents():
    def share(items):
        return [changed(item, entry=items[0].entry) if item.entry is not None else item for item in items]

    assert "two items name the same ledger entry" in refusals(Case(change_items=share))


def test_entries_beyond_the_head():
    assert "does not fit the executed items" in refusals(
        Case(change_items=lambda items: [changed(items[0], entry=10**6), *items[1:]])
    )


def test_many_alike_are_counted():
    findings = Findings()
    for position in range(100_000):
        findings.add_item(position, "it is wrong")
    told = findings.sentences()
    assert len(told) == SHOWN + 1
    assert told[-1] == f"{100_000 - SHOWN:,} more items: it is wrong"


@given(st.uuids(), st.datetimes(timezones=st.just(UTC)), st.binary(min_size=32, max_size=32))
def test_an_entry_is_rebuilt_as_the_ledger_writes_it(identifier, when, salt):
    item = salt[::-1].hex()
    event = LedgerEvent("disposed", str(identifier), when, {"purge": PURGE, "item": item})
    rebuilt = payload(str(identifier), timestamp(when), PURGE, item)
    assert rebuilt == canonical(event)
    assert leaf(salt, rebuilt) == entry_hash(salt, canonical(event))


# -- plan and approval ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda case: replace(case, approver=ANNA), "given by the plan's own author"),
        (
            lambda case: replace(case, change_approval=lambda it: replace(it, approver=ANNA.pseudonym)),
            "given by the plan's own author",
        ),
        (
            lambda case: replace(case, change_approval=lambda it: replace(it, given=at(-90), expires=at(-40.5))),
            "after it had expired",
        ),
        (lambda case: replace(case, change_approval=lambda it: replace(it, given=at(21))), "before its approval was given"),
        (
            lambda case: replace(case, change_approval=lambda it: replace(it, given=at(21))),
            "the purge began before it was approved",
        ),
        (lambda case: replace(case, change_approval=lambda it: replace(it, given=at(-1))), "before the plan was made"),
        (lambda case: replace(case, change_approval=lambda it: replace(it, given=at(4))), "signed after the approval"),
        (lambda case: replace(case, change_approval=lambda it: replace(it, expires=at(9))), "had expired when it was given"),
        (lambda case: replace(case, change_approval=lambda it: replace(it, root=b"\7" * 32)), "is of another plan"),
        (lambda case: replace(case, change_approval=lambda it: replace(it, documents=4)), "is of another plan"),
        (lambda case: replace(case, change_approval=lambda it: replace(it, purge="other")), "of another archive or purge"),
        (
            lambda case: replace(case, change_approval=lambda it: replace(it, head_root=b"\7" * 32)),
            "not the one that the approval names",
        ),
        (lambda case: replace(case, change_approval=lambda it: replace(it, key_id="0" * 16)), "the key it names"),
        (lambda case: replace(case, change_approval=lambda it: replace(it, key_id=None)), "the key it names"),
        (lambda case: replace(case, change_plan=lambda it: replace(it, archive="other")), "the plan is of another archive"),
        (lambda case: replace(case, change_plan=lambda it: replace(it, root=b"\7" * 32)), "do not lead to the root of the plan"),
        (lambda case: replace(case, head_time=at(20.4)), "the head after the purge was not signed between"),
        (lambda case: replace(case, time=at(21)), "are not in order"),
    ],
)
def test_plans_and_approvals_that_do_not_hold(change, why):
    assert why in refusals(change(Case()))


def of_approval(**values):
    return lambda body: changed(body, approvals=tuple(changed(each, **values) for each in body.approvals))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (of_approval(signature="00" * 64), "the approval: its signature does not hold"),
        (of_approval(signature=None), "the key it names and that key's signature"),
        (of_approval(enrolled_at=timestamp(at(11))), "not enrolled by then"),
        (of_approval(enrolled_at=None), "not enrolled by then"),
        (of_approval(key=ANNA.public), "given by the plan's own author"),
        (lambda body: changed(body, approvals=()), "there is no approval"),
        (lambda body: changed(body, plan=changed(body.plan, signature="00" * 64)), "author's signature"),
        (lambda body: changed(body, plan=changed(body.plan, key=None)), "author's signature"),
        (lambda body: changed(body, archive="other"), "another kind or archive|the plan is of another archive"),
        (lambda body: changed(body, keys=()), "the key that signed the certificate is not among"),
    ],
)
def test_parts_that_do_not_hold(change, why):
    found = refusals(Case(change_body=change))
    assert any(each in found for each in why.split("|")), found


def test_a_plan_that_its_author_did_not_sign_is_noted():
    case = Case(change_body=lambda body: changed(body, plan=changed(body.plan, key=None, signature=None)))
    report = check(case.data(), case.public_key)
    assert report.sound
    assert any("author is asserted, not authenticated" in note for note in report.notes)


def test_an_approval_that_ran_out_and_the_one_after():
    """Two windows; what was destroyed lies in the second, or in neither."""

    def two(second_begins):
        case = Case()

        def add(body):
            early = replace(case, change_plan=moved, change_approval=lambda it: replace(it, given=at(-90), expires=at(-50)))
            again = replace(case, change_approval=lambda it: replace(it, given=at(second_begins), expires=at(60)))
            before, tree = case.history[: case.before], case.history
            head = case.head(before, at(-95))
            first = changed(early.signed_approval(before, tree), head=head)
            statement = moved(case.plan()).text()
            plan = changed(body.plan, statement=statement, signature=ANNA.sign(statement))
            return changed(body, plan=plan, approvals=(first, again.signed_approval(before, tree)))

        def moved(plan):
            return replace(plan, made=at(-99))

        case.change_body = add
        return refusals(case)

    assert two(18) == ""
    assert "after it had expired" in two(20.3)


def test_what_was_begun_in_time_and_ended_later_is_noted():
    case = Case(change_approval=lambda it: replace(it, expires=at(20.2)))
    report = check(case.data(), case.public_key)
    assert report.sound
    assert any("2 documents begun within the approval ended after it" in note for note in report.notes)


def test_an_approval_without_end_that_matters():
    assert refusals(Case(change_approval=lambda it: replace(it, expires=datetime.max.replace(tzinfo=UTC)))) == ""


# -- history --------------------------------------------------------------------------------------------------------
def rewritten(case: Case, place: int) -> Case:
    """Another beginning of the history, signed by the archive itself; all else as it was."""
    return replace(case, change_tree=lambda leaves: [*leaves[:place], leaf_hash(b"never happened"), *leaves[place + 1 :]])


@given(st.integers(1, 40), st.data())
@settings(max_examples=40, deadline=None)
def test_a_rewritten_history_is_found(before, draw):
    case = rewritten(Case(before=before), draw.draw(st.integers(0, before - 1)))
    assert "is not a beginning of the history after the purge: one of them was rewritten" in refusals(case)


def test_an_entry_taken_out_of_the_history_is_found():
    case = Case(change_tree=lambda leaves: [*leaves[:-2], leaf_hash(b"silence"), leaves[-1]])
    assert "not under the signed head after the purge: the history was rewritten, or the certificate altered" in refusals(case)


def test_a_head_of_somebody_else_is_found():
    stranger, case = MemoryKeys("stranger"), Case()
    tree = Case()
    tree.items()
    case.change_body = lambda body: changed(body, after=tree.head(tree.history, at(30), stranger))
    assert "which is not among the archive's keys" in refusals(case)


def test_a_head_with_another_signature_is_found():
    case = Case(change_body=lambda body: changed(body, after=changed(body.after, signature="00" * 64)))
    assert "the head after the purge: its signature does not hold" in refusals(case)


def test_a_head_of_another_tree_is_found():
    case = Case()

    def access(body):
        told = Statement.parse(body.after.statement)
        text = replace(told, tree="access").text()
        return changed(body, after=SignedText(text, case.keys.sign(text.encode()).hex()))

    case.change_body = access
    assert "is of the access tree" in refusals(case)


def test_a_head_after_the_purge_that_was_signed_before_it():
    case = Case(outcomes=(Outcome.WITHHELD,), head_time=at(4))
    assert "was signed after the head that follows the purge" in refusals(case)


def test_a_proof_that_does_not_fit_is_found():
    case = Case(change_body=lambda body: changed(body, proof=body.proof[1:]))
    assert "does not fit the executed items" in refusals(case)


# -- signatures and keys ----------------------------------------------------------------------------------------------
def test_the_certificate_of_another_archive():
    report = check(Case(keys=MemoryKeys("other")).data(), Case().public_key)
    assert not report.sound
    assert not report.signer_known
    assert "it is another archive's, or was made by somebody else" in report.findings[0]


def test_a_body_under_another_signature():
    one, other = Case(seed=1).data(), Case(seed=2).data()
    cut = b',"statement":'
    mixed = one[: one.index(cut + b'"minutier cert')] + other[other.index(cut + b'"minutier cert') :]
    assert "body is not the one that was signed" in refusals(Case(), mixed)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda seal: changed(seal, value="00" * 64), "signature does not hold: it was forged"),
        (lambda seal: changed(seal, key=ANNA.public), "signature does not hold: it was forged"),
        (lambda seal: changed(seal, scheme="rsa"), "is signed by 'rsa', which is not ed25519"),
    ],
)
def test_a_seal_that_is_not_the_archive_s(change, why):
    data = Case().data()
    start = data.rindex(b',"statement":')
    ending = msgspec.json.decode(b"{" + data[start + 1 :], type=Ending)
    forged = data.replace(msgspec.json.encode(ending.signature), msgspec.json.encode(change(ending.signature)))
    assert forged != data
    assert why in refusals(Case(), forged)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda statement: replace(statement, archive="other"), "a certificate of another kind or archive than its body"),
        (lambda statement: replace(statement, kind="evidence"), "a certificate of another kind or archive than its body"),
        (lambda statement: replace(statement, body=b"\0" * 32), "body is not the one that was signed"),
        (lambda statement: replace(statement, key_id="0" * 16), "signature does not hold"),
    ],
)
def test_a_statement_of_something_else(change, why):
    case, data = Case(), Case().data()
    start = data.rindex(b',"statement":')
    ending = msgspec.json.decode(b"{" + data[start + 1 :], type=Ending)
    text = change(CertificateStatement.parse(ending.statement)).text()
    seal = changed(ending.signature, value=case.keys.sign(text.encode()).hex())
    forged = data[:start] + data[start:].replace(msgspec.json.encode(ending.statement), msgspec.json.encode(text))
    assert why in refusals(case, forged.replace(msgspec.json.encode(ending.signature), msgspec.json.encode(seal)))


def test_the_archive_key_may_change_between_heads():
    """A head signed by the key before counts as long as the certificate names it."""
    case, older = Case(), MemoryKeys("older")

    def signed_before(body):
        head = case.head(case.history[: case.before], at(5), older)
        keys = (*body.keys, older.public_key(older.signing_key_id()).hex())
        return changed(body, keys=keys, approvals=(changed(body.approvals[0], head=head),))

    case.change_body = signed_before
    assert refusals(case) == ""


# -- what may never be in it ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "values",
    [
        {"why": "held by matter 2027-014"},
        {"reason": "/home/anna/contrat.pdf"},
        {"reason": "anna@example.com"},
        {"reason": ""},
        {"commitment": "sha256:" + "5" * 64},
        {"retention_class": "Dossier de Mme Martin"},
        {"id": "contrat.pdf"},
        {"until": "bientôt"},
        {"at": "2037-01-05T09:20:00Z"},
        {"entry": -1},
        {"salt": "00"},
    ],
)
def test_what_is_no_word_of_a_certificate_is_not_written(values):
    with pytest.raises(StatementError, match="item 0 cannot be certified"):
        Case(change_items=lambda items: [changed(items[0], **values), *items[1:]]).data()


@pytest.mark.parametrize(
    "change",
    [
        lambda body: changed(body, not_covered=("a\nb",)),
        lambda body: changed(body, purge="../x"),
        lambda body: changed(body, keys=("short",)),
        lambda body: changed(body, kind="evidence"),
    ],
)
def test_a_body_that_cannot_be_read_is_not_written(change):
    with pytest.raises(StatementError):
        Case(change_body=change).data()


def test_no_digest_salt_or_collection_of_the_plan_is_in_it():
    case = Case()
    text = case.data().decode()
    for item in case.plan_items:
        assert item.sha256 not in text
        assert item.salt.hex() not in text
        assert item.collection not in text
    fields = {name for line in text.splitlines() if line.startswith('{"position"') for name in json.loads(line.rstrip(","))}
    assert fields == {
        "position", "id", "class", "until", "reason", "outcome", "why", "commitment", "shared", "entry", "at", "salt",
    }  # fmt: skip


# -- time-stamps --------------------------------------------------------------------------------------------------------
class Authority:
    """Stamps by remembering what it stamped."""

    def __init__(self, time: datetime) -> None:
        self._time = time

    def token(self, text: str) -> str:
        return base64.b64encode(b"token of " + text.encode()).decode()

    def holds(self, token: bytes, stamped: bytes) -> StampVerdict:
        return StampVerdict("" if token == b"token of " + stamped else "it is over something else", self._time)


def stamped(time: datetime) -> tuple[Case, Authority]:
    authority, case = Authority(time), Case()
    text = case.head(case.history[: case.before], at(5)).statement
    return replace(case, stamps=(Stamp("head 11", authority.token(text)),)), authority


def test_an_outside_stamp_before_the_approval_shows_its_history_from_outside():
    case, authority = stamped(at(6))
    report = check(case.data(), case.public_key, timestamp_holds=authority.holds)
    assert report.sound
    assert not any("operator only" in note for note in report.notes)
    assert any("stamped the head 11 at 2037-01-05T09:06" in note for note in report.notes)


def test_a_stamp_made_later_shows_nothing_of_before():
    case, authority = stamped(at(6) + timedelta(hours=1))
    report = check(case.data(), case.public_key, timestamp_holds=authority.holds)
    assert report.sound
    assert any("operator only" in note for note in report.notes)


def test_a_stamp_that_nothing_here_can_check_is_said():
    case, _ = stamped(at(6))
    notes = check(case.data(), case.public_key).notes
    assert any("was not checked" in note for note in notes)
    assert any("operator only" in note for note in notes)


def test_a_stamp_over_something_else_is_found():
    case, authority = stamped(at(6))
    other = replace(case, stamps=(Stamp("certificate", case.stamps[0].token),))
    assert "the time-stamp of the certificate does not hold" in refusals(other, timestamp_holds=authority.holds)
    gone = replace(case, stamps=(Stamp("head 12", case.stamps[0].token),))
    assert "which the certificate does not hold" in refusals(gone)


def test_a_stamp_of_the_certificate_itself_is_asked_for_when_it_is_signed():
    authority, case = Authority(at(41)), Case()
    data = case.data(stamp=lambda message: Stamp("certificate", authority.token(message.decode())))
    report = check(data, case.public_key, timestamp_holds=authority.holds)
    assert report.sound
    assert any("stamped the certificate" in note for note in report.notes)


def test_another_person_is_another_key():
    assert Person("anna").public == ANNA.public != Person("Anna").public
