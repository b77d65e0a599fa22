"""The reference page tells an auditor how to check a ledger with everyday tools. These are its very words, run."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from archiver.adapters.objects.embedded import EmbeddedStore
from archiver.ports.objects import Bucket
from archiver.services.sequence_ledger import LedgerService
from archiver.services.verify.ledger import verify_ledger
from tests.support.ledger_bench import LedgerBench

PAGE = Path(__file__).parents[2] / "docs/reference/ledger.md"
TOOLS = ("bash", "xxd", "jq", "openssl", "gzip", "sha256sum")


@pytest.fixture
def archive(tmp_path):
    """`objects/` of an archive on disk with one segment of three entries."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    bench = LedgerBench.on(tmp_path / "catalog.db")
    store = EmbeddedStore(tmp_path / "objects", bench.clock)
    bench.service = LedgerService(bench.rows, store, bench.keys, bench.clock)
    bench.archive(3)
    assert verify_ledger(bench.rows, store, bench.keys).sound
    store.close()
    bench.engine.dispose()
    (tmp_path / "objects/public.key").write_bytes(bench.keys.public_key(bench.keys.signing_key_id()))
    return tmp_path / "objects"


SAID = ["payloads: as committed", "root: as signed", "Signature Verified Successfully", "key: the one named"]


def follow_the_page(folder: Path) -> subprocess.CompletedProcess[str]:
    script = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
    return subprocess.run(["bash", "-eu", "-c", script], cwd=folder, capture_output=True, text=True, check=False)


def forge(folder: Path, name: str, old: bytes, new: bytes) -> None:
    (file,) = folder.glob(name)
    body = file.read_bytes()
    assert old in body
    file.chmod(0o600)
    file.write_bytes(body.replace(old, new, 1))


def test_a_sound_ledger_passes_by_hand(archive):
    done = follow_the_page(archive)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == SAID


@pytest.mark.parametrize(
    ("name", "old", "new", "unsaid"),
    [
        ("locked/ledger/custody/segments/*.json", b'"commitments": [\n"', b'"commitments": [\n"00', "payloads: as committed"),
        ("locked/ledger/custody/segments/*.json", b'"commitments": [\n"', b'"commitments": [\n"00', "root: as signed"),
        ("locked/ledger/custody/heads/*.json", b"root sha256 ", b"root sha256 00", "root: as signed"),
        ("locked/ledger/custody/heads/*.json", b"size 3", b"size 4", "Signature Verified Successfully"),
        ("public.key", b"", b"x", "key: the one named"),
    ],
)
def test_a_forged_one_does_not(archive, name, old, new, unsaid):
    forge(archive, name, old, new)
    assert unsaid not in follow_the_page(archive).stdout.splitlines()


def test_the_page_names_the_files_that_are_written(archive):
    page = PAGE.read_text(encoding="utf-8")
    for folder, bucket in (("segments", Bucket.LOCKED), ("heads", Bucket.LOCKED), ("payloads", Bucket.DELETABLE)):
        assert f"| `{folder}/" in page
        assert len(list((archive / bucket / "ledger/custody" / folder).iterdir())) == 1
