"""A fast reader is admitted only when it finds at least what Tika finds in real files."""

from __future__ import annotations

import re
from typing import Any

import pytest

from archiver.adapters.extraction.detect import media_type
from archiver.adapters.extraction.extract import extract
from archiver.adapters.extraction.readers.registry import READERS
from archiver.domain.extraction import Extraction, Limits, Outcome
from tests.support import corpus

pytestmark = pytest.mark.skipif(not corpus.present(), reason=corpus.ABSENT)

OURS = ("pdf", "html", "text", "mail")
ENOUGH = 0.98
LESS_IS_RIGHT = {
    "corrupt/testPDF_bad_page_303226.pdf": "words hyphenated at line ends are joined; Tika keeps their halves",
    "encrypted/testRFC822_encrypted_zip": "Tika lists the attached zip's entries; here it is a member",
    "mail/testRFC822-multipart": "an attached text is a member, not part of the message",
    "mail/testRFC822_multipart_attachments.eml": "attached messages are members",
}
KEYS = {"page_count": "xmpTPg:NPages"}


def readable() -> list[dict[str, Any]]:
    """Files that one of our readers is asked to read."""
    return [row for row in corpus.rows() if READERS.get(media_type(corpus.file(row), row["path"])) in OURS]


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def both(row: dict[str, Any]) -> tuple[Extraction, Extraction]:
    """The file by our lanes, and by Tika alone."""
    path = corpus.file(row)
    return extract(path, path.name, limits=Limits()), extract(path, path.name, limits=Limits(), readers=False)


@pytest.mark.parametrize("row", readable(), ids=lambda row: row["path"])
def test_reader_finds_what_tika_finds(row: dict[str, Any]) -> None:
    score = corpus.scoring()
    ours, tikas = both(row)
    text, theirs = score.norm(ours.text), score.norm(tikas.text)
    for phrase in row.get("phrases", []):
        wanted = score.norm(phrase["text"])
        assert wanted in text or wanted not in theirs, phrase
    for key, wanted in (row.get("expected_metadata") or {}).items():
        assert score.mmatch(key, wanted, ours.metadata) or not score.mmatch(key, wanted, tikas.metadata), (key, wanted)
    if row["path"] not in LESS_IS_RIGHT:
        found, known = words(ours.text), words(tikas.text)
        assert len(known & found) >= ENOUGH * len(known), sorted(known - found)[:20]


def test_most_files_are_read_without_tika() -> None:
    """The readers carry the load: of whole files of their formats they leave few to Tika."""
    whole = [row for row in readable() if row["status_gt"] == "ok"]
    tools = [extract(corpus.file(row), row["path"], limits=Limits()).tool for row in whole]
    assert tools.count("tika") <= 0.15 * len(tools)


@pytest.mark.parametrize("row", [row for row in corpus.rows() if row["status_gt"] == "strict"], ids=lambda row: row["path"])
def test_encrypted_files_say_so_and_open_with_their_password(row: dict[str, Any]) -> None:
    if row["expected_status"] != "encrypted":
        pytest.skip("an archive's limits are tested with the containers")
    path = corpus.file(row)
    assert extract(path, path.name, limits=Limits()).outcome is Outcome.ENCRYPTED
    if "password" in row and path.suffix not in (".ppt", ".7z", ".zip", ".rar"):
        opened = extract(path, path.name, limits=Limits(), passwords=("wrong", row["password"]))
        assert opened.outcome in (Outcome.COMPLETE, Outcome.PARTIAL), opened.reason
