"""Every archive and mail of the corpus: its known phrases are found, its limits named, its members readable again."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from archiver.adapters.extraction.engine import run
from archiver.adapters.extraction.member_reader import ArchiveMemberReader
from archiver.domain.extraction import Found, Limits, Outcome
from tests.support.archives import found, task

CORPUS = Path(os.environ.get("MINUTIER_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
MANIFEST = CORPUS / "manifest.jsonl"
ENCRYPTED = ("full_encrypted.7z", "test7Z_protected_passTika.7z")

pytestmark = pytest.mark.skipif(not MANIFEST.exists(), reason="no corpus: set MINUTIER_CORPUS or put it in ../shared/corpus")


def _records() -> list[dict]:
    if not MANIFEST.exists():
        return []
    records = [json.loads(line) for line in MANIFEST.read_text(encoding="utf-8").splitlines()]
    return [record for record in records if record["path"].startswith(("archives/", "mail/"))]


def _results(path: Path) -> list[Found]:
    return found(list(run(task(path), Limits())))


def _plain(text: str) -> str:
    return " ".join(text.replace("’", "'").casefold().split())


@pytest.mark.parametrize("record", _records(), ids=lambda record: record["path"])
def test_phrases_are_found_and_members_read_again(record: dict) -> None:
    path = CORPUS / "files" / record["path"]
    results = _results(path)
    text = _plain(" ".join(result.extraction.text for result in results))
    for phrase in record.get("phrases", []):
        assert _plain(phrase["text"]) in text
    if record["expected_status"] == "ok":
        assert results[-1].extraction.outcome in (Outcome.COMPLETE, Outcome.PARTIAL)
    for result in results[:-1]:
        if result.sha256:
            again = hashlib.sha256(b"".join(ArchiveMemberReader().open(path, result.locator)))
            assert again.hexdigest() == result.sha256


@pytest.mark.parametrize("name", ["droste.zip", "quine.gz"])
def test_archives_that_hold_themselves_end_in_a_limit(name: str) -> None:
    root = _results(CORPUS / "files" / "hostile" / name)[-1]
    assert root.extraction.outcome in (Outcome.TOO_DEEP, Outcome.TOO_LARGE)
    assert "limit" in root.extraction.reason


@pytest.mark.parametrize("name", ["moby.zip", "testZIP_corrupted_oom.zip", "testLZMA_oom", "testZ_oom.Z"])
def test_hostile_archives_have_an_outcome(name: str) -> None:
    root = _results(CORPUS / "files" / "hostile" / name)[-1]
    assert root.extraction.outcome not in (Outcome.COMPLETE, Outcome.CRASHED)


@pytest.mark.parametrize("name", ENCRYPTED)
def test_encrypted_archives_say_so(name: str) -> None:
    assert _results(CORPUS / "files" / "encrypted" / name)[-1].extraction.outcome is Outcome.ENCRYPTED
