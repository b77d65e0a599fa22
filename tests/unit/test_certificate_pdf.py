"""The document made from a certificate: complete, inside its margins, the same each time."""

from __future__ import annotations

import hashlib
import io

import pypdfium2
import pytest

from archiver.adapters.certificates.pdf import write_pdf
from archiver.adapters.certificates.sheet import BOTTOM, LEFT, RIGHT
from archiver.adapters.certificates.typeset import CELL, CELL_MONO, TEXT, lines_of, width_of
from archiver.errors import IntegrityError
from retention.certificate import Check, Outcome, Stamp
from tests.support.certificates import ARCHIVE, BRUNO, PURGE, Case, changed

LONG_NAME = "W" * 64
GONE, KEPT, FAILED = Outcome.EXECUTED, Outcome.WITHHELD, Outcome.FAILED


def pdf_of(data: bytes) -> bytes:
    out = io.BytesIO()
    pages = write_pdf(io.BytesIO(data), out)
    assert pages == len(pypdfium2.PdfDocument(out.getvalue()))
    return out.getvalue()


def pages_of(data: bytes) -> list[str]:
    return [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf_of(data))]


def test_what_it_tells():
    case = Case()
    data = case.data()
    told = "\n".join(pages_of(data))
    for expected in (
        "Certificate of destruction", ARCHIVE, PURGE, "Of 5 documents planned, 3 were destroyed, 1 was withheld and 1 failed",
        "3,000 bytes", BRUNO.pseudonym, BRUNO.id, case.author.pseudonym, "version 3", "backups made before the purge",
        "each version asked for by its id", "Time and history are asserted by the operator only", hashlib.sha256(data).hexdigest(),
        "withheld: kept", "failed: something remains", "minutier certificate verify FILE --key KEY",
    ):  # fmt: skip
        assert expected in told
    for item in case.plan_items:
        assert item.document_id in told
        assert item.reason in " ".join(told.split())


def test_each_page_has_its_number_and_the_names_of_columns():
    pages = pages_of(Case(outcomes=[GONE] * 200).data())
    for number, text in enumerate(pages, 1):
        assert f"page {number} of {len(pages)}" in text
        assert f"Certificate of destruction {PURGE}" in text
        assert ARCHIVE in text
    assert all("outcome" in text for text in pages[2:])
    assert len(pages) < 12


@pytest.mark.parametrize("approver", [BRUNO, None])
def test_nothing_leaves_the_margins(approver):
    words = "unbreakable" * 40
    case = Case(
        outcomes=[GONE, KEPT, FAILED] * 30,
        approver=approver,
        change_item=lambda item: changed(item, retention_class=LONG_NAME, reason="m" * 300, shared=item.outcome is GONE),
        change_body=lambda body: changed(
            body, checks=(*body.checks, Check(words, words, words)), not_covered=(words, "x " * 290, "où ça ? 档案 → (a\\b)")
        ),
    )
    document = pypdfium2.PdfDocument(pdf_of(case.data()))
    for number in range(len(document)):
        text = document[number].get_textpage()
        for at in range(text.count_chars()):
            if text.get_text_range(at, 1).isspace():
                continue
            left, bottom, right, _ = text.get_charbox(at)
            assert LEFT - 1 <= left < right <= RIGHT + 1, (number, text.get_text_range(max(0, at - 20), 40))
            assert bottom > BOTTOM - 32
    told = "\n".join(page.get_textpage().get_text_range() for page in document)
    assert "où ça ? \\u6863\\u6848 \\u2192 (a\\b)" in told


def test_the_same_certificate_is_the_same_document():
    data = Case().data()
    assert pdf_of(data) == pdf_of(data)
    assert pdf_of(data) != pdf_of(Case(seed=2).data())


def test_it_is_dated_by_the_certificate():
    found = pypdfium2.PdfDocument(pdf_of(Case().data())).get_metadata_dict()
    assert found["CreationDate"] == "D:20370105094000+00'00'"
    assert found["Title"] == f"Certificate of destruction {PURGE}"


def test_time_stamps_are_named_and_not_judged():
    told = " ".join("\n".join(pages_of(Case(stamps=(Stamp("head 11", "AAAA"), Stamp("head 15", "AAAA"))).data())).split())
    assert "time-stamps of an outside authority over: head 11, head 15" in told
    assert "asserted by the operator only" not in told


def test_none_is_made_of_one_that_does_not_hold():
    with pytest.raises(IntegrityError, match="does not hold"):
        write_pdf(io.BytesIO(Case().data().replace(b'"failed":1', b'"failed":0')), io.BytesIO())


@pytest.mark.parametrize("text", ["", "word", "a b c " * 50, "x" * 500, "short " + "y" * 200 + " short", "é" * 300])
@pytest.mark.parametrize("style", [TEXT, CELL, CELL_MONO])
def test_lines_hold_everything_and_fit(text, style):
    lines = lines_of(text, style, 100)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(width_of(line, style) <= 100 for line in lines)
