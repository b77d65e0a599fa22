"""Evidence of documents in a real archive: sound ones, and whatever may have become of them."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sqlite3
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archiver.bootstrap import Archive
from archiver.bootstrap.evidence import annex_of, attestation_of, evidence_of, evidence_pdf
from archiver.bootstrap.timetable import timetable_of
from archiver.domain.document import Document, LockMode
from archiver.domain.ledger import LedgerEvent, Tree
from archiver.domain.record import original_key
from archiver.errors import DestroyedError, NotFoundError, UnreachableError
from archiver.ports.objects import Bucket, Lock
from archiver.services.evidence.rereading import Rereading
from retention import evidence
from retention.evidence import Condition, Evidence, Found, NotChecked, Standing, What
from retention.evidence_annex import read_annex
from retention.evidence_check import EvidenceReport, Exhibit, check_evidence
from tests.support.command import SAMPLES, Minutier
from tests.support.moving_clock import MovingClock
from tests.support.purges import SAMPLES as DOCUMENTS
from tests.support.purges import Opened, copied, opened, template

BODIES = {name: body for name, body, _, _ in DOCUMENTS}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return copied(template()[0], tmp_path / "archive")


@pytest.fixture
def archive(home: Path) -> Iterator[Opened]:
    with opened(home, template()[1]) as one:
        yield one


def checked(one: Opened | Archive, data: bytes, **options: Any) -> EvidenceReport:
    """As somebody checks it who knows the archive's key; it must be authentic."""
    inside = one.archive if isinstance(one, Opened) else one
    key = inside.keys.public_key(inside.keys.signing_key_id())
    report = check_evidence(io.BytesIO(data), key, **options)
    assert (report.findings, report.signer_known) == ((), True)
    return report


def found(one: Opened, name: str, *, may_see_holds: bool = True, **options: Any) -> Evidence:
    """What evidence of the document of this name says."""
    document = one.documents()[name]
    body = checked(one, evidence_of(one.archive, document, may_see_holds=may_see_holds, **options)).body
    assert isinstance(body, Evidence)
    return body


def bytes_of(one: Opened, name: str) -> Path:
    """The file its bytes lie in."""
    document = one.documents()[name]
    key = original_key(document.collection, document.retention_class, document.sha256)
    return one.archive.objects.local_path(one.archive.objects.versions(Bucket.LOCKED, key)[0].ref)


def spoil(file: Path) -> None:
    file.chmod(0o640)
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.write_bytes(raw)


def sql(home: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(home / "catalog.sqlite") as database:
        assert database.execute(statement, values).rowcount, "nothing was changed: the test proves nothing"
    database.close()


# -- what is as it should be --------------------------------------------------------------------------------------
def test_a_sound_document(archive: Opened) -> None:
    body = found(archive, "legal.txt")
    assert body.findings == ()
    assert (body.state, body.ledger, body.retention_class) == (Condition.COMMITTED, Standing.SEALED, "LEGAL")
    assert [(one.what, one.found) for one in body.readings] == [(What.DOCUMENT, Found.SOUND)]
    assert NotChecked.HOLDS not in body.not_checked
    assert NotChecked.OPENING not in body.not_checked


def test_of_every_document_there_is(archive: Opened) -> None:
    for name, document in archive.documents().items():
        body = found(archive, name)
        assert body.findings == (), name
        assert body.document == document.id
        attested = checked(archive, attestation_of(archive.archive, document), exhibit=Exhibit(bytes.fromhex(document.sha256)))
        assert attested.says == ()


def test_a_member_is_read_out_of_its_container(archive: Opened) -> None:
    body = found(archive, "inner.txt")
    assert [(one.what, one.found) for one in body.readings] == [(What.CONTAINER, Found.SOUND), (What.DOCUMENT, Found.SOUND)]
    assert body.digest is not None
    assert evidence.opens_digest(body.digest, hashlib.sha256(b"inner words").digest())


def test_whoever_has_the_bytes_and_the_reference_can_check_both(archive: Opened) -> None:
    document = archive.documents()["later.txt"]
    exhibit = Exhibit(hashlib.sha256(BODIES["later.txt"]).digest(), document.source)
    report = checked(archive, attestation_of(archive.archive, document), exhibit=exhibit)
    assert "the bytes were accepted under the reference given" in report.notes


def test_the_annex_opens_the_entry(archive: Opened) -> None:
    document = archive.documents()["later.txt"]
    annex = read_annex(annex_of(archive.archive, document))
    data = evidence_of(archive.archive, document, may_see_holds=True)
    report = checked(archive, data, exhibit=Exhibit(annex=annex))
    assert report.opened is not None
    assert report.opened["sha256"] == document.sha256
    other = evidence_of(archive.archive, archive.documents()["legal.txt"], may_see_holds=True)
    assert "another archive or document" in check_evidence(io.BytesIO(other), exhibit=Exhibit(annex=annex)).findings[0]


def test_no_name_path_digest_size_or_group_is_in_it(archive: Opened) -> None:
    for document in archive.documents().values():
        for data in (evidence_of(archive.archive, document, may_see_holds=True), attestation_of(archive.archive, document)):
            words = set(json.dumps(json.loads(data)).replace('"', " ").replace(",", " ").replace(":", " ").split())
            secrets = {
                document.sha256,
                document.record_sha256,
                document.name,
                document.source,
                document.batch_id,
                document.text_key,
            }
            for secret in secrets - {""}:
                assert secret.encode() not in data
                assert json.dumps(secret).strip('"').encode() not in data
            assert b"/" not in data.replace(b"minutier-evidence/1", b"")
            assert not {"size", document.collection, document.sha256[:16]} & words


def test_two_of_the_same_bytes_have_nothing_in_common_that_tells(archive: Opened) -> None:
    one, other = (found(archive, name) for name in ("twin-1.txt", "twin-2.txt"))
    assert one.digest is not None
    assert other.digest is not None
    assert one.digest.salt != other.digest.salt
    assert one.digest.commitment != other.digest.commitment


def test_pages_for_people(archive: Opened) -> None:
    out = io.BytesIO()
    data = evidence_of(archive.archive, archive.documents()["legal.txt"], may_see_holds=True)
    assert evidence_pdf(data, out) == 2
    assert out.getvalue().startswith(b"%PDF-")


def test_memory_stays_flat_however_large_the_original(tmp_path: Path) -> None:
    (tmp_path / "large.bin").write_bytes(b"\x7fLARGE" + bytes(48 * 1024 * 1024))
    minutier = Minutier(tmp_path / "archive")
    minutier.run("init")
    minutier.run("import", tmp_path / "large.bin", code=None)
    with Archive(minutier.home) as inside:
        (document,) = inside.catalog.select()
        rereading = Rereading(inside.catalog, inside.objects, inside.members, inside.clock)
        rereading.of(document)
        tracemalloc.start()
        try:
            (reading,) = rereading.of(document)
            assert tracemalloc.get_traced_memory()[1] < 8 * 1024 * 1024
        finally:
            tracemalloc.stop()
        assert reading.found is Found.SOUND


# -- bytes --------------------------------------------------------------------------------------------------------
def test_damaged_bytes(archive: Opened) -> None:
    spoil(bytes_of(archive, "legal.txt"))
    assert found(archive, "legal.txt").findings == ("its bytes are not what was archived",)
    assert found(archive, "later.txt").findings == ()


def test_bytes_that_are_gone(archive: Opened) -> None:
    bytes_of(archive, "legal.txt").unlink()
    assert "its bytes are not in the store" in found(archive, "legal.txt").findings


def test_a_damaged_container(archive: Opened) -> None:
    file = bytes_of(archive, "box.zip")
    file.chmod(0o640)
    file.write_bytes(file.read_bytes().replace(b"inner words", b"inner wordz"))
    body = found(archive, "inner.txt")
    assert "its container's bytes are not what was archived" in body.findings
    assert "its bytes are not what was archived" in body.findings or "could not be read out" in "".join(body.findings)
    assert [one.found for one in found(archive, "other.txt").readings] == [Found.OTHER, Found.SOUND]


def test_a_container_that_is_gone(archive: Opened) -> None:
    bytes_of(archive, "box.zip").unlink()
    body = found(archive, "inner.txt")
    assert {"its container's bytes are not in the store", "its bytes could not be read out of its container"} <= set(
        body.findings
    )


def test_a_member_behind_a_password(tmp_path: Path) -> None:
    from tests.samples.oddities import PASSWORD

    (tmp_path / "words").write_text(PASSWORD + "\n")
    minutier = Minutier(tmp_path / "archive")
    minutier.run("init")
    minutier.run("import", SAMPLES / "difficiles" / "coffre.zip", "--password-file", tmp_path / "words")
    with Archive(minutier.home) as inside:
        member = next(one for one in inside.catalog.select() if one.name == "codes.txt")
        closed = checked(inside, evidence_of(inside, member, may_see_holds=True))
        assert closed.says == ("its bytes could not be read out of its container",)
        assert checked(inside, evidence_of(inside, member, may_see_holds=True, passwords=(PASSWORD,))).says == ()


def test_a_member_that_could_never_be_read(tmp_path: Path) -> None:
    minutier = Minutier(tmp_path / "archive")
    minutier.run("init")
    minutier.run("import", SAMPLES / "difficiles" / "coffre.zip", code=None)
    with Archive(minutier.home) as inside:
        member = next(one for one in inside.catalog.select() if one.locator)
        body = checked(inside, evidence_of(inside, member, may_see_holds=True)).body
        assert body.digest is None
        assert "could never be read" in "".join(body.findings)


# -- a member opened later ----------------------------------------------------------------------------------------
def test_a_member_that_could_be_opened_later(tmp_path: Path) -> None:
    """What tells of its bytes is the entry of the later reading."""
    from tests.samples.oddities import PASSWORD

    (tmp_path / "words").write_text(PASSWORD + "\n")
    minutier = Minutier(tmp_path / "archive")
    minutier.run("init")
    minutier.run("import", SAMPLES / "difficiles" / "coffre.zip", "--batch", "b", code=None)
    minutier.run("batch", "retry", "b", "--outcome", "encrypted", "--password-file", tmp_path / "words", code=None)
    with Archive(minutier.home) as inside:
        member = next(one for one in inside.catalog.select() if one.name == "codes.txt")
        assert member.sha256
        data = evidence_of(inside, member, may_see_holds=True, passwords=(PASSWORD,))
        report = checked(inside, data, exhibit=Exhibit(annex=read_annex(annex_of(inside, member))))
        assert report.says == ()
        assert report.opened is not None
        assert report.opened["sha256"] == member.sha256
        assert isinstance(report.body, Evidence)
        assert [one.kind for one in report.body.later] == ["archived"]


# -- the store ----------------------------------------------------------------------------------------------------
class Store:
    """The store, but for one of its answers."""

    def __init__(self, objects: Any, **instead: Callable[..., Any]) -> None:
        self._objects, self._instead = objects, instead

    def __getattr__(self, name: str) -> Any:
        return self._instead.get(name) or getattr(self._objects, name)


def test_a_store_that_does_not_answer(home: Path) -> None:
    def silent(*_: Any, **__: Any) -> Any:
        raise UnreachableError("the store does not answer")

    def wrap(part: str, inner: Any) -> Any:
        silences = ("open", "local_path", "head", "facts", "list", "versions")
        return Store(inner, **dict.fromkeys(silences, silent)) if part == "objects" else inner

    with opened(home, template()[1], wrap=wrap) as one:
        body = found(one, "legal.txt")
        assert body.findings == (
            "its bytes could not be read: the store did not answer",
            "the store did not say which lock it has",
        )
        assert NotChecked.OPENING in body.not_checked
        assert body.ledger is Standing.SEALED
        assert "the store did not answer" in "".join(found(one, "inner.txt").findings)


@pytest.mark.parametrize(
    ("weaken", "says"),
    [
        (lambda lock: Lock(), True),
        (lambda lock: replace(lock, until=lock.until - timedelta(seconds=1)), True),
        (lambda lock: replace(lock, until=lock.until + timedelta(days=1)), False),
        (lambda lock: replace(lock, mode=LockMode.COMPLIANCE), False),
    ],
)
def test_a_lock_shorter_than_promised(home: Path, weaken: Callable[[Lock], Lock], says: bool) -> None:
    def wrap(part: str, inner: Any) -> Any:
        def head(ref: Any) -> Any:
            info = inner.head(ref)
            return replace(info, lock=weaken(info.lock))

        return Store(inner, head=head) if part == "objects" else inner

    with opened(home, template()[1], wrap=wrap) as one:
        body = found(one, "cousin.txt")
        assert body.findings == (("the store's lock is weaker, or ends earlier, than promised",) if says else ())
        assert body.lock is not None
        assert body.lock.promised_mode == "governance"


ROLLING = """\
time_zone: UTC
collections: {default: {class: CV}}
classes:
  CV: {title: Applications, limit: P2Y, from: received, basis: CNIL, lock: rolling, then: destroy}
"""


@pytest.mark.parametrize(("days", "says"), [(20, False), (40, True)])
def test_a_rolling_lock_is_promised_for_the_moment(tmp_path: Path, days: int, says: bool) -> None:
    (tmp_path / "cv.txt").write_text("ten years at the mill")
    (tmp_path / "policy.yaml").write_text(ROLLING)
    minutier = Minutier(tmp_path / "archive")
    minutier.run("init")
    minutier.run("policy", "apply", tmp_path / "policy.yaml", "--accept-program-lock")
    minutier.run("import", tmp_path / "cv.txt")
    clock = MovingClock(datetime.now(UTC) + timedelta(days=days))
    with opened(minutier.home, tmp_path, clock) as one:
        assert found(one, "cv.txt").findings == (("the store's lock is weaker, or ends earlier, than promised",) if says else ())


def test_a_document_without_a_date_is_held(home: Path) -> None:
    with opened(home, template()[1], wrap=lambda part, inner: _unheld(inner) if part == "objects" else inner) as one:
        for may_see_holds in (True, False):
            assert found(one, "case.txt", may_see_holds=may_see_holds).findings == ("the store does not hold it, as it should",)


def _unheld(inner: Any) -> Any:
    return Store(inner, head=lambda ref: replace(inner.head(ref), lock=replace(inner.head(ref).lock, hold=False)))


# -- holds --------------------------------------------------------------------------------------------------------
def test_holds_are_told_to_whoever_may_see_them(home: Path) -> None:
    minutier = Minutier(home)
    with Archive(home) as inside:
        ids = {one.name: one.id for one in inside.catalog.select()}
    minutier.run("hold", "place", "--id", "h", "--matter", "M-17", "--reason", "r", "--owner", "o", ids["cousin.txt"])
    with opened(home, template()[1]) as one:
        seen, unseen = found(one, "cousin.txt"), found(one, "cousin.txt", may_see_holds=False)
        assert seen.findings == unseen.findings == ()
        assert seen.lock is not None
        assert unseen.lock is not None
        assert (seen.lock.hold, seen.lock.promised_hold) == (True, True)
        assert (unseen.lock.hold, unseen.lock.promised_hold) == (None, False)
        assert "held" in [later.kind for later in seen.later]
        assert "held" not in [later.kind for later in unseen.later]
        assert NotChecked.HOLDS in unseen.not_checked


def test_without_the_right_a_hold_changes_nothing_that_is_told(home: Path) -> None:
    """The same document with and without a hold: the same evidence, but for salts, times and what signs them."""
    with Archive(home) as inside:
        ids = {one.name: one.id for one in inside.catalog.select()}
    shutil.copytree(home, home.with_name("held"))
    Minutier(home.with_name("held")).run(
        "hold", "place", "--matter", "m", "--reason", "r", "--owner", "o", ids["cousin.txt"], ids["case.txt"]
    )
    for name in ("cousin.txt", "case.txt"):
        told = []
        for place in (home, home.with_name("held")):
            with opened(place, template()[1]) as one:
                told.append(json.loads(evidence_of(one.archive, one.documents()[name], may_see_holds=False))["body"])
        for body in told:
            for changing in ("issued_at", "digest", "entry", "readings"):
                del body[changing]
        assert told[0] == told[1]


# -- the ledger ---------------------------------------------------------------------------------------------------
def test_what_waits_is_sealed_first_by_whoever_may_write(home: Path) -> None:
    with opened(home, template()[1]) as one:
        document = one.documents()["later.txt"]
        one.archive.ledger.sequence()
        one.archive.ledger_rows.enter([LedgerEvent("event", document.id, one.clock.now(), {})])
    with Archive(home) as reading:
        body = checked(reading, evidence_of(reading, document, may_see_holds=True)).body
        assert isinstance(body, Evidence)
        assert body.later == ()
        assert reading.ledger_rows.waiting(Tree.CUSTODY) == 1
    with opened(home, template()[1]) as one:
        assert [later.kind for later in found(one, "later.txt").later] == ["event"]
        assert one.archive.ledger_rows.waiting(Tree.CUSTODY) == 0


UNSEALED = (
    "DELETE FROM ledger_heads WHERE tree = 'custody'",
    "UPDATE ledger_state SET sealed_to = 0, planned_to = 0 WHERE tree = 'custody'",
)


@pytest.mark.parametrize(
    ("statements", "standing"),
    [
        (UNSEALED, Standing.UNSEALED),
        (("UPDATE ledger_leaves SET kind = 'other' WHERE kind = 'archived'",), Standing.MISSING),
        (("UPDATE ledger_leaves SET hash = zeroblob(32) WHERE kind = 'archived'",), Standing.OTHER_HISTORY),
        (("UPDATE ledger_heads SET body = replace(body, 'time 2', 'time 1')",), Standing.OTHER_HISTORY),
    ],
)
def test_a_ledger_that_does_not_tell_of_it(home: Path, statements: tuple[str, ...], standing: Standing) -> None:
    with opened(home, template()[1]) as one:
        one.archive.ledger.sequence()
    for statement in statements:
        sql(home, statement)
    with Archive(home) as inside:
        document = next(one for one in inside.catalog.select() if one.name == "later.txt")
        files = [evidence_of(inside, document, may_see_holds=True)]
        if standing is Standing.UNSEALED:
            with pytest.raises(NotFoundError, match="not sealed yet"):  # a receipt is of what the ledger holds
                attestation_of(inside, document)
        else:
            files.append(attestation_of(inside, document))
        for data in files:
            body = checked(inside, data).body
            assert body.ledger is standing
            assert body.entry is None
            assert len(body.findings) == 1


def test_a_catalogue_that_was_brought_to_tell_of_other_bytes(home: Path) -> None:
    """Bytes exchanged, and the catalogue with them: the ledger tells."""
    forged = b"later words, and others"
    digest = hashlib.sha256(forged).hexdigest()
    with opened(home, template()[1]) as one:
        document, file = one.documents()["later.txt"], bytes_of(one, "later.txt")
    file.chmod(0o640)
    file.write_bytes(forged)
    sql(home, "UPDATE documents SET sha256 = ? WHERE id = ?", digest, document.id)
    sql(home, "UPDATE contents SET sha256 = ? WHERE sha256 = ?", digest, document.sha256)
    with Archive(home) as inside:
        report = checked(inside, evidence_of(inside, inside.catalog.document(document.id), may_see_holds=True))
        assert report.body.ledger is Standing.OTHER_BYTES
        assert "the ledger tells of other bytes than the catalogue does" in report.says


def test_an_entry_whose_payload_was_erased(archive: Opened) -> None:
    document = archive.documents()["later.txt"]
    for info in list(archive.archive.objects.list(Bucket.DELETABLE, "ledger/custody/payloads")):
        archive.archive.objects.delete(info.ref)
    body = found(archive, "later.txt")
    assert body.findings == ()
    assert NotChecked.OPENING in body.not_checked
    with pytest.raises(NotFoundError):
        annex_of(archive.archive, document)


# -- where it is in its life --------------------------------------------------------------------------------------
def test_what_is_not_committed_is_not_attested(home: Path) -> None:
    with Archive(home) as inside:
        document = next(one for one in inside.catalog.select() if one.name == "later.txt")
    sql(home, "UPDATE documents SET state = 'received', archived_at = NULL WHERE id = ?", document.id)
    with Archive(home) as inside:
        received = inside.catalog.document(document.id)
        with pytest.raises(NotFoundError, match="is not committed yet"):
            attestation_of(inside, received)
        body = checked(inside, evidence_of(inside, received, may_see_holds=True)).body
        assert body.state is Condition.RECEIVED
        assert "it is not committed yet" in body.findings


def purged(one: Opened) -> tuple[str, Document]:
    document = one.documents()["alone.txt"]
    plan = one.plan()
    assert plan is not None
    purge = one.approve(plan)
    assert one.run(purge).ended_at is not None
    return purge.id, one.archive.catalog.document(document.id)


def test_of_a_destroyed_document_it_says_by_which_purge(archive: Opened) -> None:
    purge, document = purged(archive)
    report = checked(archive, evidence_of(archive.archive, document, may_see_holds=True))
    body = report.body
    assert isinstance(body, Evidence)
    assert body.findings == ("it was destroyed",)
    assert body.destroyed is not None
    assert (body.destroyed.purge, body.digest, body.readings, body.lock) == (purge, None, (), None)
    assert "disposed" in [later.kind for later in body.later]
    assert body.ledger is Standing.SEALED
    with pytest.raises(DestroyedError):
        attestation_of(archive.archive, document)
    out = io.BytesIO()
    evidence_pdf(evidence_of(archive.archive, document, may_see_holds=True), out)


# -- earlier verifications ----------------------------------------------------------------------------------------
def read_back(one: Opened) -> None:
    """The timetable's share of a day in which everything is due."""
    one.clock.move(timedelta(days=100))
    with timetable_of(one.archive) as timetable:
        assert len(list(timetable.run(only=("fixity", "ledger")))) == 2
    one.archive.ledger.sequence()
    one.archive.ledger.seal()


def test_the_last_verification_is_told(archive: Opened) -> None:
    assert found(archive, "legal.txt").verified is None
    read_back(archive)  # the first share of the first round is small
    read_back(archive)
    first = found(archive, "legal.txt").verified
    assert first is not None
    assert first.sound
    read_back(archive)
    second = found(archive, "legal.txt").verified
    assert second is not None
    assert second.sound
    assert second.entry > first.entry
    member = found(archive, "inner.txt").verified
    assert member is not None
    spoil(bytes_of(archive, "legal.txt"))
    read_back(archive)
    body = found(archive, "legal.txt")
    assert body.verified is not None
    assert not body.verified.sound
    assert "fixity" in [later.kind for later in body.later]
    other = found(archive, "later.txt").verified
    assert other is not None
    assert other.sound


def test_what_was_put_right_is_sound_again(archive: Opened) -> None:
    read_back(archive)
    spoil(bytes_of(archive, "legal.txt"))
    read_back(archive)
    spoil(bytes_of(archive, "legal.txt"))  # the same bit once more
    read_back(archive)
    body = found(archive, "legal.txt")
    assert body.findings == ()
    assert body.verified is not None
    assert body.verified.sound
    assert "fixity" in [later.kind for later in body.later]


def test_an_attestation_is_sealed_first_too(archive: Opened) -> None:
    document = archive.documents()["later.txt"]
    archive.archive.ledger_rows.enter([LedgerEvent("event", document.id, archive.clock.now(), {})])
    checked(archive, attestation_of(archive.archive, document))
    assert archive.archive.ledger_rows.waiting(Tree.CUSTODY) == 0
