"""The purge of the tutorial on MinIO, Elasticsearch and PostgreSQL, with a store that itself refuses what comes too early."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from archiver.bootstrap import Archive
from archiver.domain.document import LockMode
from archiver.errors import RefusedError
from archiver.ports.objects import Bucket, Lock, ObjectRef
from tests.support.command import SAMPLES, Minutier
from tests.support.on_servers import archive_on_servers, workers

POLICY = """\
time_zone: Europe/Paris
collections:
  letters: {class: DUE, grants: {read: [group:a]}}
classes:
  DUE: {title: Due at once, period: PT0S, from: event.closed, basis: a test, lock: compliance, then: destroy}
"""
SECONDS = 8
LOCKED, HELD, FORGED = "mise en demeure Bruyères.docx", "complaint Pembroke.pdf", "rapport expert.odt"


@pytest.fixture(params=["", "rabbitmq"], ids=["alone", "with-workers"])
def archive(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Minutier]:
    with archive_on_servers(tmp_path / "archive", broker=request.param) as made:
        for name, value in made.environment.items():
            if name.startswith("MINUTIER_"):
                monkeypatch.setenv(name, value)
        if not request.param:
            yield made
            return
        with workers(made, "--processes", "1"):
            yield made


def prepared(archive: Minutier, folder: Path) -> dict[str, str]:
    """Seven letters whose matter is closed, two persons with keys; ids by file name."""
    (folder / "policy.yaml").write_text(POLICY)
    archive.run("policy", "apply", folder / "policy.yaml")
    archive.run("import", SAMPLES / "courrier", "--collection", "letters")
    archive.run("event", "record", "closed", "--date", "2024-05-01", "--collection", "letters")
    for person in ("anna", "bruno"):
        archive.run("key", "new", folder / person, "--no-passphrase")
        archive.run("key", "enroll", person, folder / f"{person}.pub")
    return {Path(path).name: document_id for path, document_id in archive.ids().items()}


def original_of(archive: Archive, document_id: str) -> ObjectRef:
    document = archive.catalog.document(document_id)
    key = (document.collection, document.retention_class, document.sha256)
    return archive.catalog.contents([key])[key].ref


def approved(archive: Minutier, folder: Path, name: str, *more: str) -> None:
    archive.run("purge", "plan", "--id", name, "--key", folder / "anna")
    archive.run("purge", "approve", name, "--key", folder / "anna", code=12)
    archive.run("purge", "approve", name, "--key", folder / "bruno", *more)


def outcomes(archive: Minutier, name: str) -> dict[str, tuple[str, str]]:
    rows = archive.run("--json", "purge", "show", name, "--items").rows
    return {row["id"]: (row["state"], row["why"]) for row in rows}


def test_from_policy_to_certificate_with_compliance_locks_of_seconds(archive: Minutier, tmp_path: Path) -> None:
    ids = prepared(archive, tmp_path)
    archive.run("hold", "place", "--id", "h", "--matter", "2027-014", "--reason", "r", "--owner", "o", ids[HELD])
    approved(archive, tmp_path, "first")
    with Archive(archive.home, writable=True, beside=True) as inside:
        ref = original_of(inside, ids[LOCKED])
        ends = inside.clock.now() + timedelta(seconds=SECONDS)
        inside.objects.protect([(ref, Lock(LockMode.COMPLIANCE, ends))])
        with pytest.raises(RefusedError):  # the store itself, with all the rights there are
            inside.objects.delete_bypassing(ref)
        forged = original_of(inside, ids[FORGED])
        inside.objects.overwrite(Bucket.LOCKED, forged.key, b"forged")
        inside.objects.hide(Bucket.LOCKED, forged.key)
        assert len(inside.objects.versions(Bucket.LOCKED, forged.key)) == 3
    ran = archive.run("purge", "run", "first")
    if not archive.environment["MINUTIER_BROKER_URL"]:
        assert ran.err.count(f"not written by this archive, and removed with document {ids[FORGED]}") == 2
    found = outcomes(archive, "first")
    assert found.pop(ids[LOCKED]) == ("withheld", "locked by the store")
    assert len(found) == 5
    assert set(found.values()) == {("executed", "")}
    assert ids[HELD] not in found
    verified(archive, tmp_path, "first", executed=5, withheld=1)
    assert "1 documents had such; each is entered in the ledger" in (tmp_path / "first.json").read_text()

    with Archive(archive.home) as inside:
        assert inside.objects.head(ref).sha256
        assert inside.objects.versions(Bucket.LOCKED, forged.key) == []
        time.sleep(max(0.0, (inside.objects.head(ref).lock.until - inside.clock.now()).total_seconds() + 0.5))  # type: ignore[operator]
    if archive.environment["MINUTIER_BROKER_URL"]:
        return  # once is enough to see that workers do the same
    approved(archive, tmp_path, "second")
    archive.run("purge", "run", "second")
    assert outcomes(archive, "second") == {ids[LOCKED]: ("executed", "")}
    verified(archive, tmp_path, "second", executed=1, withheld=0)
    with Archive(archive.home) as inside:
        assert inside.objects.versions(Bucket.LOCKED, ref.key) == []

    assert [row["id"] for row in archive.run("--json", "search", "Pembroke").rows if "id" in row] == [ids[HELD]]
    assert not [row for row in archive.run("--json", "search", "Bruyères").rows if "id" in row]
    assert archive.run("import", SAMPLES / "courrier", "--collection", "letters", code=5)
    archive.run("verify")


def verified(archive: Minutier, folder: Path, name: str, *, executed: int, withheld: int) -> None:
    """The certificate, checked without the archive, with the key and without; and spoilt."""
    archive.run("purge", "certificate", name, "--out", folder / f"{name}.json", "--pdf", folder / f"{name}.pdf")
    if not (folder / "archive.pem").exists():
        archive.run("key", "export", folder / "archive.pem")
    elsewhere = Minutier(folder / "nowhere")
    for variable in [each for each in elsewhere.environment if each.startswith("MINUTIER_") and each != "MINUTIER_HOME"]:
        del elsewhere.environment[variable]
    ran = elsewhere.run("--json", "certificate", "verify", folder / f"{name}.json", "--key", folder / "archive.pem")
    assert ran.rows[0]["signer_known"]
    elsewhere.run("certificate", "verify", folder / f"{name}.json", code=1)
    body = json.loads((folder / f"{name}.json").read_text())["body"]
    assert (body["execution"]["executed"], body["execution"]["withheld"]) == (executed, withheld)
    spoilt = (folder / f"{name}.json").read_bytes().replace(b'"until":"2024', b'"until":"2014')
    (folder / "spoilt.json").write_bytes(spoilt)
    elsewhere.run("certificate", "verify", folder / "spoilt.json", "--key", folder / "archive.pem", code=4)
    assert (folder / f"{name}.pdf").read_bytes().startswith(b"%PDF")
