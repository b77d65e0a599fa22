"""The document made from evidence: complete, inside its margins, the same each time."""

from __future__ import annotations

import hashlib
import io

import pypdfium2
import pytest

from archiver.adapters.certificates.evidence_pdf import write_evidence_pdf
from archiver.adapters.certificates.sheet import BOTTOM, LEFT, RIGHT
from archiver.errors import IntegrityError
from retention.certificate import Stamp
from retention.evidence import DEPOSIT, Condition, Destroyed, Found, Later, NotChecked, Reading, Standing, What
from tests.support.evidences import ARCHIVE, DIGEST, DOCUMENT, LOCK, EvidenceCase, at, changed

GONE = Destroyed("2037-01-05-1", "2037-01-05")


def pdf_of(data: bytes) -> bytes:
    out = io.BytesIO()
    pages = write_evidence_pdf(io.BytesIO(data), out)
    assert pages == len(pypdfium2.PdfDocument(out.getvalue()))
    return out.getvalue()


def told(data: bytes) -> str:
    """Its words, with single spaces."""
    pages = pypdfium2.PdfDocument(pdf_of(data))
    return " ".join(" ".join(page.get_textpage().get_text_range() for page in pages).split())


def test_what_evidence_tells():
    case = EvidenceCase()
    data = case.data()
    for expected in (
        "Evidence of a document", ARCHIVE, DOCUMENT, "The document is sound", "FR-ACCOUNTING", "2046-12-31",
        "Found: the bytes that were archived", "compliance until 2037-01-11 15:00:00 UTC", "Kept by the object store, against whoever asks",
        "number 5, sealed", "of 11 entries", "Entry 7 event", "ledger entry 8", "Sound then.", NotChecked.COPIES.value,
        hashlib.sha256(data).hexdigest(), "minutier certificate verify FILE --key KEY --document BYTES", "asserted by the operator",
    ):  # fmt: skip
        assert expected in told(data), expected
    assert DIGEST.hex() not in told(data)


def test_what_an_attestation_tells():
    words = told(EvidenceCase(DEPOSIT).data())
    for expected in ("Attestation of deposit", "The document is committed", "the reference they came under", "number 5, sealed"):
        assert expected in words
    assert "The lock" not in words


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"readings": (Reading(What.DOCUMENT, Found.OTHER, at(1)),)}, "Its bytes are not what was archived."),
        ({"lock": None}, "The store did not say"),
        ({"lock": changed(LOCK, hold=True)}, "held until the hold is let go"),
        ({"ledger": Standing.UNSEALED, "entry": None}, "not sealed yet"),
        (
            {"state": Condition.DESTROYED, "readings": (), "lock": None, "digest": None, "destroyed": GONE},
            "The document was destroyed It was destroyed by purge 2037-01-05-1 on 2037-01-05.",
        ),
    ],
)
def test_what_speaks_against_it(change, expected):
    words = told(EvidenceCase(change=lambda body: changed(body, **change)).data())
    assert expected in words


def test_a_stamp_is_named_and_not_judged():
    words = told(EvidenceCase(stamp=lambda _: Stamp("certificate", "AAAA")).data())
    assert "whether it holds is for whoever checks it" in words
    assert "asserted by the operator" not in words


def test_nothing_leaves_the_margins():
    many = tuple(Later(number, "k" * 32) for number in range(100, 260))
    wide = changed(LOCK, hold=True, promised_hold=True)
    data = EvidenceCase(change=lambda body: changed(body, later=many, lock=wide, retention_class="W" * 64)).data()
    document = pypdfium2.PdfDocument(pdf_of(data))
    for number, page in enumerate(document):
        text = page.get_textpage()
        assert f"page {number + 1} of {len(document)}" in text.get_text_range()
        for place in range(text.count_chars()):
            if text.get_text_range(place, 1).isspace():
                continue
            left, bottom, right, _ = text.get_charbox(place)
            assert LEFT - 1 <= left < right <= RIGHT + 1
            assert bottom > BOTTOM - 32


def test_the_same_evidence_is_the_same_document():
    data = EvidenceCase().data()
    assert pdf_of(data) == pdf_of(data)


def test_none_is_made_of_what_does_not_hold():
    with pytest.raises(IntegrityError, match="does not hold"):
        pdf_of(EvidenceCase().data().replace(b'"position":5', b'"position":6'))
