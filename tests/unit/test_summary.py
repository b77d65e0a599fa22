"""The normal form of metadata."""

from __future__ import annotations

import pytest

from archiver.adapters.extraction.summary import iso_date, summary

DATES = [
    ("2024-03-05T10:20:30Z", "2024-03-05T10:20:30Z"),
    ("2024-03-05T10:20:30+02:00", "2024-03-05T08:20:30Z"),
    ("2024-03-05", "2024-03-05T00:00:00Z"),
    ("D:20240305102030+01'00'", "2024-03-05T09:20:30Z"),
    ("D:20140208195712Z00'00'", "2014-02-08T19:57:12Z"),
    ("D:2024", "2024-01-01T00:00:00Z"),
    ("Tue, 5 Mar 2024 10:20:30 +0100 (CET)", "2024-03-05T09:20:30Z"),
    ("Tue, 5 Mar 2024 10:20:30", "2024-03-05T10:20:30Z"),
    ("D:20241399", ""),
    ("hier", ""),
    ("", ""),
]


@pytest.mark.parametrize(("written", "expected"), DATES)
def test_dates_become_utc(written: str, expected: str) -> None:
    assert iso_date(written) == expected


def test_mail_summary() -> None:
    metadata = {
        "dc:subject": ["Relance"],
        "Message-From": ["Zoé Petit"],
        "Message:From-Email": ["/O=EX/CN=ZOE", "zoe@exemple.fr"],
        "Message-To": ["a@b.fr", "c@d.fr"],
        "Message:Raw-Header:Message-ID": ["<1@x>"],
    }
    assert summary(metadata, "fr") == {
        "subject": "Relance",
        "from": "Zoé Petit <zoe@exemple.fr>",
        "to": "a@b.fr; c@d.fr",
        "message_id": "<1@x>",
        "language": "fr",
    }


def test_what_is_not_known_is_absent() -> None:
    assert summary({"dc:title": [" "], "xmpTPg:NPages": ["0"], "dcterms:created": ["soon"]}, "") == {}
