"""Admission of the office readers: on real files they find what Tika finds, or they doubt and Tika reads the file.

The files are not ours: a directory named by MINUTIER_CORPUS, or `../shared/corpus` beside the repository.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import zipfile
from collections import Counter
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

import pytest

from archiver.adapters.extraction.detect import media_type
from archiver.adapters.extraction.readers.registry import READERS, reader_for
from archiver.adapters.extraction.source import DoubtError, ProtectedError, Reading, Source
from archiver.domain.extraction import Outcome
from tests.support.tika_readings import TikaReading, tika_readings

CORPUS = Path(os.environ.get("MINUTIER_CORPUS") or Path(__file__).resolve().parents[3] / "shared" / "corpus")
OFFICE = {"word", "slides", "sheet", "odf"}
LEAST_RECALL = 0.98
OTHERWISE_WRITTEN = {
    "office/61991.docx": "Tika also reads the thumbnail, which repeats the page",
    "office/bug60858.xlsx": "a number stored as -1.0 is shown as -1",
    "office/testEXCEL_big_numbers.xlsx": "integers of 16 digits in full, where Tika has a power of ten",
}
"""Files in which fewer of Tika's words are found, and why that is no loss."""
NOT_TAKEN_OVER = re.compile(r"X-TIKA|Content-|resourceName|msoffice:|has-|Multipart|pdf:|embedded|language")
DIFFERENT_VALUES = {
    (
        "names/craftonhills.edu_programreview_report.aspx_goalpriorityreport_0011d159-1eeb-4b63-8833-867b0926e5f3.xlsx",
        "dcterms:modified",
    ),
    ("legacy/testFODS_embeddedChart.fods", "generator"),
}
"""The file says what the reader says; Tika adds its own or doubles it."""

pytestmark = pytest.mark.skipif(not (CORPUS / "manifest.jsonl").is_file(), reason=f"no corpus of real files at {CORPUS}")


def _entries() -> list[dict[str, Any]]:
    if not (CORPUS / "manifest.jsonl").is_file():
        return []
    return [json.loads(line) for line in (CORPUS / "manifest.jsonl").read_text("utf-8").splitlines()]


def _source(path: Path) -> Source:
    return Source(path, path.name, path.stat().st_size, media_type(path, path.name))


def _reading(path: Path) -> Reading | None:
    """What our reader makes of it; None where it leaves the file to Tika."""
    source = _source(path)
    read = reader_for(source.media_type)
    try:
        return read(source) if read else None
    except (DoubtError, ProtectedError):
        return None


def _is_office(path: Path) -> bool:
    return READERS.get(media_type(path, path.name)) in OFFICE


@pytest.fixture(scope="module")
def office() -> dict[str, dict[str, Any]]:
    """Manifest entries of the files that an office reader is asked to read."""
    return {entry["path"]: entry for entry in _entries() if _is_office(CORPUS / "files" / entry["path"])}


@pytest.fixture(scope="module")
def ours(office: dict[str, dict[str, Any]]) -> dict[str, Reading]:
    readings = {path: _reading(CORPUS / "files" / path) for path in office}
    return {path: reading for path, reading in readings.items() if reading is not None}


@pytest.fixture(scope="module")
def tikas(ours: dict[str, Reading]) -> dict[str, TikaReading]:
    files = {CORPUS / "files" / path: path for path in ours}
    return {files[path]: reading for path, reading in tika_readings(list(files)).items()}


@pytest.fixture(scope="module")
def score() -> ModuleType:
    """The rules by which the corpus compares phrases and values."""
    spec = importlib.util.spec_from_file_location("corpus_score", CORPUS / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.replace("ERROR:#", "#").casefold()))


def _picture_names(path: Path) -> Counter[str]:
    """Tika lists pictures by the names of their parts; nobody searches those."""
    if not zipfile.is_zipfile(path):
        return Counter()
    with zipfile.ZipFile(path) as archive:
        return _words(
            " ".join(PurePosixPath(name).name for name in archive.namelist() if "/media/" in name or "/embeddings/" in name)
        )


def _recall(path: str, ours: str, tikas: str) -> float:
    wanted = _words(tikas) - _picture_names(CORPUS / "files" / path)
    return 1 - (wanted - _words(ours)).total() / max(wanted.total(), 1)


def test_most_files_are_read_without_tika(office: dict[str, dict[str, Any]], ours: dict[str, Reading]) -> None:
    sound = {path for path in office if path.startswith(("office/", "signed/", "macros/"))}
    assert len(sound & ours.keys()) >= 0.85 * len(sound), sorted(sound - ours.keys())


def test_the_words_of_tika_are_found(ours: dict[str, Reading], tikas: dict[str, TikaReading]) -> None:
    poor = {
        path: round(recall, 3)
        for path, reading in ours.items()
        if reading.outcome is Outcome.COMPLETE and path not in OTHERWISE_WRITTEN
        if (recall := _recall(path, reading.text, tikas[path].text)) < LEAST_RECALL
    }
    assert poor == {}


def test_the_metadata_of_tika_is_there(ours: dict[str, Reading], tikas: dict[str, TikaReading]) -> None:
    missing = {
        (path, key): (values, reading.metadata.get(key))
        for path, reading in ours.items()
        for key, values in tikas[path].metadata.items()
        if reading.outcome is Outcome.COMPLETE and any(values) and not NOT_TAKEN_OVER.match(key)
        if (path, key) not in DIFFERENT_VALUES and reading.metadata.get(key) != values
    }
    assert missing == {}


def test_every_known_phrase_that_tika_finds_is_found(
    office: dict[str, dict[str, Any]], ours: dict[str, Reading], tikas: dict[str, TikaReading], score: ModuleType
) -> None:
    lost = [
        (path, phrase["text"])
        for path, reading in ours.items()
        for phrase in office[path].get("phrases") or []
        if score.norm(phrase["text"]) in score.norm(tikas[path].text)
        if score.norm(phrase["text"]) not in score.norm(reading.text)
    ]
    assert lost == []


def test_every_known_value_that_tika_finds_is_found(
    office: dict[str, dict[str, Any]], ours: dict[str, Reading], tikas: dict[str, TikaReading], score: ModuleType
) -> None:
    lost = [
        (path, key, value)
        for path, reading in ours.items()
        for key, value in (office[path].get("expected_metadata") or {}).items()
        if score.mmatch(key, value, tikas[path].metadata) and not score.mmatch(key, value, reading.metadata)
    ]
    assert lost == []


def test_nothing_that_must_not_be_read_is_read(
    office: dict[str, dict[str, Any]], ours: dict[str, Reading], score: ModuleType
) -> None:
    for path, reading in ours.items():
        for secret in office[path].get("must_not_contain", []):
            assert score.norm(secret) not in score.norm(reading.text), path


def test_any_file_at_all_is_read_or_left_without_another_error(tmp_path: Path) -> None:
    """Readers are asked for what detection says; detection can be wrong, so each must stand any file."""
    readers = [read for name in sorted(OFFICE) if (read := next(reader_for(kind) for kind, of in READERS.items() if of == name))]
    for entry in _entries():
        path = CORPUS / "files" / entry["path"]
        for read in readers:
            try:
                read(_source(path))
            except (DoubtError, ProtectedError):
                continue
