"""Numbers as a spreadsheet shows them."""

from __future__ import annotations

import pytest

from archiver.adapters.extraction.readers.number_format import formatter, general


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("General", 8.0, "8"),
        ("0", 1.5, "2"),
        ("0.00", 1.005, "1.01"),
        ("0.0#", 1.25, "1.25"),
        ("#,##0.00", 1234567.5, "1,234,567.50 1234567.5"),
        ('#,##0.00 "€";[Red]-#,##0.00 "€"', -12.5, "-12.50 €"),
        ("[$€-40C] #,##0.00", 12.3, "€ 12.30"),
        ("(0);(0)", -5.0, "(5)"),
        ('0;-0;"néant"', 0.0, "néant"),
        ("0.00%", 0.1234, "12.34%"),
        ("0.00E+00", 12345.0, "1.23E+04 12345"),
        ("00000", 1234.0, "01234"),
        ("0,", 12345.0, "12"),
        ('0#" "##" "##" "##" "##', 123456789.0, "01 23 45 67 89 123456789"),
        ("yyyy-mm-dd", 45413.0, "2024-05-01"),
        ("dd/mm/yyyy;@", 45413.0, "01/05/2024 2024-05-01"),
        ("d mmmm yyyy", 45413.0, "1 May 2024 2024-05-01"),
        ("m/d/yy h:mm", 45413.5, "5/1/24 12:00 2024-05-01 12:00"),
        ("h:mm AM/PM", 0.4375, "10:30 AM"),
        ("mm:ss", 0.001, "01:26"),
        ("[h]:mm", 1.5, "36:00"),
        ("# ?/?", 1.5, "1.5"),
        ("[<100]0;0.00", 5.0, "5"),
        (";;;", 5.0, "5"),
        ("@", 7.0, "7"),
        ("dd/mm/yyyy", -1.0, "-1"),
    ],
)
def test_shown(code: str, value: float, shown: str) -> None:
    assert formatter(code)(value) == shown


def test_the_calendar_of_1904() -> None:
    assert formatter("yyyy-mm-dd", date1904=True)(0.0) == "1904-01-01"


@pytest.mark.parametrize(
    ("value", "shown"), [(0.1 + 0.2, "0.3"), (1.0032134017094, "1.0032134017"), (4111111111111111.0, "4111111111111111")]
)
def test_general(value: float, shown: str) -> None:
    assert general(value) == shown
