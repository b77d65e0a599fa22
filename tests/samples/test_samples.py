"""The committed samples are the ones their ground truth describes, and the program that makes them still makes them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.samples.make_samples import HERE, write

FACTS = ("path", "outcome", "phrases", "expected_metadata", "password", "members")


def truths(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "expected.jsonl").read_text(encoding="utf-8").splitlines()]


def test_every_file_is_described_and_unchanged() -> None:
    described = {entry["path"]: entry["sha256"] for entry in truths(HERE)}
    present = {p.relative_to(HERE / "files").as_posix(): p for p in (HERE / "files").rglob("*") if p.is_file()}
    assert described.keys() == present.keys()
    for path, digest in described.items():
        assert hashlib.sha256(present[path].read_bytes()).hexdigest() == digest, path


def test_set_stays_small_and_varied() -> None:
    entries = truths(HERE)
    assert sum(entry["size"] for entry in entries) < 3_000_000
    assert len(entries) >= 60
    assert {entry["outcome"] for entry in entries} >= {"complete", "partial", "encrypted", "corrupt", "unsupported", "empty"}


def test_program_makes_the_same_set(tmp_path: Path) -> None:
    for library in ("docx", "pptx", "xlsxwriter", "reportlab"):
        pytest.importorskip(library)
    write(tmp_path)
    made, kept = truths(tmp_path), truths(HERE)
    assert [[entry.get(fact) for fact in FACTS] for entry in made] == [[entry.get(fact) for fact in FACTS] for entry in kept]
    plain = (".txt", ".eml", ".csv", ".html", ".json", ".xml", ".md", ".rtf")  # compressed formats follow the zlib at hand
    ours = [(e["path"], e["sha256"]) for e in made if e["path"].endswith(plain) and not e.get("members")]
    theirs = {e["path"]: e["sha256"] for e in kept}
    assert [(path, theirs[path]) for path, _ in ours] == ours
