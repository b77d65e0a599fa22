"""`minutier evidence` in a folder and on servers, and its check by somebody who has neither."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from archiver.bootstrap import Archive
from archiver.domain.document import Document, LockMode
from archiver.ports.objects import Bucket, Lock, ObjectRef
from retention.evidence import DEPOSIT, Found, Reading, What
from retention.evidence_annex import write_annex
from tests.support.certificates import Case
from tests.support.command import SAMPLES, Minutier, Ran
from tests.support.evidences import ARCHIVE, BYTES, DOCUMENT, REFERENCE, EvidenceCase, at, changed
from tests.support.on_servers import archive_on_servers

POLICY = """\
time_zone: Europe/Paris
collections:
  letters: {class: LEGAL, grants: {read: [group:a]}}
classes:
  LEGAL: {title: Law, period: P10Y, from: received, basis: Law, lock: governance, then: destroy}
"""
LETTER = "late payment reminder.docx"


def imported(archive: Minutier, folder: Path) -> dict[str, str]:
    """Letters under a governance lock; ids by file name."""
    (folder / "policy.yaml").write_text(POLICY)
    archive.run("policy", "apply", folder / "policy.yaml", "--accept-program-lock", code=None)
    archive.run("import", SAMPLES / "courrier", "--collection", "letters")
    archive.run("key", "export", folder / "archive.pem")
    return {Path(path).name: document_id for path, document_id in archive.ids().items()}


class Auditor:
    """Somebody elsewhere, with the archive's key and no archive."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._minutier = folder, Minutier(folder / "no archive here")
        for name in [name for name in self._minutier.environment if name.startswith("MINUTIER_") and name != "MINUTIER_HOME"]:
            del self._minutier.environment[name]

    def verify(self, file: Path, *more: str | Path, code: int) -> Ran:
        return self._minutier.run("certificate", "verify", file, "--key", self._folder / "archive.pem", *more, code=code)


# -- in a folder ------------------------------------------------------------------------------------------------------
@pytest.fixture
def archive(tmp_path: Path) -> Minutier:
    made = Minutier(tmp_path / "archive")
    made.run("init")
    return made


def test_from_evidence_to_the_auditor(archive: Minutier, tmp_path: Path) -> None:
    ids, auditor = imported(archive, tmp_path), Auditor(tmp_path)
    out, pdf, annex = (tmp_path / name for name in ("e.json", "e.pdf", "a.json"))
    ran = archive.run("--json", "evidence", ids[LETTER], "--out", out, "--pdf", pdf, "--annex", annex)
    assert ran.rows == [{"id": ids[LETTER], "file": str(out), "kind": "evidence", "findings": []}]
    assert pdf.read_bytes().startswith(b"%PDF-")
    told = auditor.verify(out, "--document", SAMPLES / "courrier" / LETTER, "--annex", annex, code=0).out
    assert "Authentic, signed by the key that was given, and it says: sound." in told
    assert "the bytes given are those it is of" in told
    assert "kept by the program" in told
    assert auditor.verify(out, "--document", SAMPLES / "courrier" / "rapport expert.odt", code=4)
    archive.run("evidence", ids[LETTER], "--out", out, code=1)  # never written over


def test_damaged_bytes_are_told_and_end_with_4(archive: Minutier, tmp_path: Path) -> None:
    ids, auditor = imported(archive, tmp_path), Auditor(tmp_path)
    with Archive(archive.home) as inside:
        file = inside.objects.local_path(ref_of(inside, ids[LETTER]))
    file.chmod(0o640)
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    ran = archive.run("evidence", ids[LETTER], "--out", tmp_path / "e.json", "--pdf", tmp_path / "e.pdf", code=4)
    assert "its bytes are not what was archived" in ran.out
    told = auditor.verify(tmp_path / "e.json", code=4).out
    assert "Authentic, and it says that the document is NOT sound:" in told
    assert "its bytes are not what was archived" in told
    assert "It does not hold" not in told
    archive.run("evidence", ids["rapport expert.odt"], "--out", tmp_path / "other.json")


def test_an_attestation_of_deposit(archive: Minutier, tmp_path: Path) -> None:
    ids, auditor, source = imported(archive, tmp_path), Auditor(tmp_path), SAMPLES / "courrier" / LETTER
    out = tmp_path / "d.json"
    archive.run("evidence", ids[LETTER], "--deposit", "--out", out, "--pdf", tmp_path / "d.pdf")
    told = auditor.verify(out, "--document", source, "--reference", str(source), code=0).out
    assert "and it says: deposited." in told
    assert "the bytes were accepted under the reference given" in told
    auditor.verify(out, "--document", source, "--reference", "another", code=4)
    auditor.verify(out, "--reference", str(source), code=2)


def test_others_see_what_their_groups_may_and_no_holds(archive: Minutier, tmp_path: Path) -> None:
    ids = imported(archive, tmp_path)
    archive.run("hold", "place", "--id", "h", "--matter", "2027-014", "--reason", "r", "--owner", "o", ids[LETTER])
    archive.run("--as", "anna", "--group", "b", "evidence", ids[LETTER], "--out", tmp_path / "no.json", code=1)
    assert not (tmp_path / "no.json").exists()
    archive.run("--as", "anna", "--group", "a", "evidence", ids[LETTER], "--out", tmp_path / "anna.json")
    archive.run("evidence", ids[LETTER], "--out", tmp_path / "owner.json")
    hers, his = (json.loads((tmp_path / name).read_text())["body"] for name in ("anna.json", "owner.json"))
    assert (hers["lock"]["hold"], his["lock"]["hold"]) == (None, True)
    assert "held" not in json.dumps(hers["later"])
    assert "held" in json.dumps(his["later"])


# -- on servers -------------------------------------------------------------------------------------------------------
@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Minutier]:
    with archive_on_servers(tmp_path / "archive", broker="") as made:
        for name, value in made.environment.items():
            if name.startswith("MINUTIER_"):
                monkeypatch.setenv(name, value)
        yield made


def ref_of(inside: Archive, document_id: str) -> ObjectRef:
    return inside.catalog.contents([key_of(inside.catalog.document(document_id))])[
        key_of(inside.catalog.document(document_id))
    ].ref


def key_of(document: Document) -> tuple[str, str, str]:
    return document.collection, document.retention_class, document.sha256


def sql(archive: Minutier, statement: str, *values: object) -> None:
    url = archive.environment["MINUTIER_CATALOG_URL"].replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url) as connection:
        assert connection.execute(statement, values).rowcount == 1


def test_on_minio_and_postgresql(served: Minutier, tmp_path: Path) -> None:
    ids, auditor = imported(served, tmp_path), Auditor(tmp_path)

    def issued(name: str, document: str, code: int) -> dict[str, Any]:
        served.run("evidence", ids[document], "--out", tmp_path / name, code=code)
        auditor.verify(tmp_path / name, code=code)
        body: dict[str, Any] = json.loads((tmp_path / name).read_text())["body"]
        return body

    sound = issued("sound.json", LETTER, 0)
    assert (sound["lock"]["mode"], sound["lock"]["enforced_by"]) == ("governance", "store")
    assert sound["readings"][0]["found"] == "as archived"
    auditor.verify(tmp_path / "sound.json", "--document", SAMPLES / "courrier" / LETTER, code=0)

    weaker, gone, forged = "rapport expert.odt", "complaint Pembroke.pdf", LETTER
    with Archive(served.home, writable=True) as inside:
        ref = ref_of(inside, ids[weaker])
        ends = inside.objects.head(ref).lock.until
        assert ends is not None
        inside.objects.set_lock_bypassing(ref, Lock(LockMode.GOVERNANCE, ends - timedelta(days=365)))
        inside.objects.delete_bypassing(ref_of(inside, ids[gone]))
        under = ref_of(inside, ids[forged])
        inside.objects.overwrite(Bucket.LOCKED, under.key, b"forged")
        on_top = next(one.ref for one in inside.objects.versions(Bucket.LOCKED, under.key) if one.ref != under)
    assert issued("weaker.json", weaker, 4)["findings"] == ["the store's lock is weaker, or ends earlier, than promised"]
    assert "its bytes are not in the store" in issued("gone.json", gone, 4)["findings"]
    assert issued("beneath.json", forged, 0)["findings"] == []  # what was put on top is never read
    sql(served, "UPDATE contents SET version = %s WHERE version = %s", on_top.version, under.version)
    assert "its bytes are not what was archived" in issued("forged.json", forged, 4)["findings"]


def test_a_host_without_the_signing_key_issues_none(served: Minutier, tmp_path: Path) -> None:
    ids = imported(served, tmp_path)
    (served.home / "keys").rename(tmp_path / "keys elsewhere")
    ran = served.run("evidence", ids[LETTER], "--out", tmp_path / "e.json", code=12)
    assert "the signing key is not on this host" in ran.err
    assert not (tmp_path / "e.json").exists()


# -- the check alone --------------------------------------------------------------------------------------------------
@pytest.fixture
def auditor(tmp_path: Path) -> Auditor:
    (tmp_path / "archive.pem").write_text(EvidenceCase().public_key.hex())
    (tmp_path / "document").write_bytes(BYTES)
    (tmp_path / "annex.json").write_bytes(write_annex(EvidenceCase().annex()))
    return Auditor(tmp_path)


def test_what_each_exit_says(auditor: Auditor, tmp_path: Path) -> None:
    damaged = Reading(What.DOCUMENT, Found.OTHER, at(20))
    file, bad = tmp_path / "e.json", tmp_path / "bad.json"
    file.write_bytes(EvidenceCase().data())
    bad.write_bytes(EvidenceCase(change=lambda body: changed(body, readings=(damaged,))).data())
    alone = Minutier(tmp_path / "none")
    assert "and it says: sound." in auditor.verify(file, code=0).out
    assert "is NOT sound" in auditor.verify(bad, code=4).out
    unknown = alone.run("certificate", "verify", bad, code=1).out
    assert "Consistent, signer unknown." in unknown
    assert "it is not sound" in unknown
    file.write_bytes(file.read_bytes().replace(b'"as archived"', b'"other bytes"'))
    told = auditor.verify(file, code=4).out
    assert "It does not hold, 2 reasons:" in told
    assert "altered afterwards" in told


def test_json_is_one_object(auditor: Auditor, tmp_path: Path) -> None:
    (tmp_path / "d.json").write_bytes(EvidenceCase(DEPOSIT).data())
    more = ("--document", tmp_path / "document", "--reference", REFERENCE, "--annex", tmp_path / "annex.json", "--json")
    (told,) = auditor.verify(tmp_path / "d.json", *more, code=0).rows
    assert (told["authentic"], told["sound"], told["signer_known"]) == (True, True, True)
    assert (told["kind"], told["archive"], told["document"]) == (DEPOSIT, ARCHIVE, DOCUMENT)
    assert told["annex"]["size"] == len(BYTES)
    assert told["body"]["entry"]["position"] == 5


def test_it_is_read_from_a_pipe_too(auditor: Auditor, tmp_path: Path) -> None:
    minutier = Minutier(tmp_path / "none")
    ran = minutier.run("certificate", "verify", "/dev/stdin", stdin=EvidenceCase().data(), code=1)
    assert "Consistent, signer unknown." in ran.out


def test_a_certificate_of_destruction_is_still_one(tmp_path: Path) -> None:
    (tmp_path / "archive.pem").write_text(Case().public_key.hex())
    (tmp_path / "c.json").write_bytes(Case().data())
    (tmp_path / "document").write_bytes(BYTES)
    auditor = Auditor(tmp_path)
    assert "Sound, and signed by the key that was given." in auditor.verify(tmp_path / "c.json", code=0).out
    auditor.verify(tmp_path / "c.json", "--document", tmp_path / "document", code=2)


def test_no_pdf_of_what_does_not_hold(tmp_path: Path) -> None:
    (tmp_path / "e.json").write_bytes(EvidenceCase().data().replace(b'"position":5', b'"position":6'))
    minutier = Minutier(tmp_path / "none")
    minutier.run("certificate", "pdf", tmp_path / "e.json", tmp_path / "e.pdf", code=4)
    assert not (tmp_path / "e.pdf").exists()
    (tmp_path / "good.json").write_bytes(EvidenceCase().data())
    minutier.run("certificate", "pdf", tmp_path / "good.json", tmp_path / "e.pdf")
