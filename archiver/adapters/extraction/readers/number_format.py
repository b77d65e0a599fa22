"""Numbers as a spreadsheet shows them (ISO/IEC 29500-1, 18.8.30): people search what they see.

Beside what is shown stands the plain form where the two would not be found by the same words: 1,234.50 1234.5.

Covered: general, fixed decimals, grouping, percent, scientific, literals, currency, sections by sign, dates, times, elapsed time.
Fractions and conditions fall back to the general form. The decimal sign is a point and the grouping sign a comma, as stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import NamedTuple

Formatter = Callable[[float], str]

BUILT_IN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "General",
    13: "General", 14: "m/d/yy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
    20: "h:mm", 21: "h:mm:ss", 22: "m/d/yy h:mm", 37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;(#,##0.00)", 41: "#,##0", 42: "$#,##0", 43: "#,##0.00", 44: "$#,##0.00", 45: "mm:ss", 46: "[h]:mm:ss",
    47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
}  # fmt: skip
"""Formats known by number (18.8.30); 14 to 22 in their invariant form."""

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.|\[\$(?P<currency>[^\]-]*)[^\]]*\]|\[(?P<elapsed>h+|m+|s+)\]|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>General)|(?P<ampm>AM/PM|A/P)|(?P<date>y+|m+|d+|h+|s+(?:\.0+)?|e|b+|g+)|(?P<number>[#0?][#0?,.]*(?:[eE][+-][0#?]+)?)"
    r"|(?P<percent>%)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_SECTIONS = re.compile(r'(?:"[^"]*"|\\.|\[[^\]]*\]|[^;"\\\[]|["\\\[])*?(?=;|$)', re.DOTALL)
_DIGITS_APART = re.compile(r"\d[^\d.]+\d")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LAST_SERIAL = 2958466
_GENERAL_DIGITS = 11
_REMEMBERED = 4096
"""Values remembered per format, from one workbook to the next: they repeat their dates and amounts."""
_LARGEST_IN_FULL = 1e18
"""Integers below are written in full: account and card numbers are searched digit by digit."""
_Tokens = list[tuple[str, str]]


@lru_cache(maxsize=32)
def formatter(code: str, date1904: bool = False) -> Formatter:
    """What turns a cell's number into text by this format code. Dates are followed by their ISO form; what is hidden is shown."""
    if code.lower() == "general":
        return general
    sections = [_tokens(section) for section in _split(code)]
    if any(kind in ("date", "elapsed", "ampm") for kind, _ in sections[0]):
        return lru_cache(_REMEMBERED)(lambda value: _date(value, sections[0], date1904))
    if any(kind == "condition" for section in sections for kind, _ in section) or ("/" in code and "?" in code):
        return general
    return lru_cache(_REMEMBERED)(lambda value: _both(_signed(value, sections), general(value)))


def _both(shown: str, plain: str) -> str:
    apart = "," in shown or _DIGITS_APART.search(shown)
    return f"{shown} {plain}" if shown and apart else shown or plain


def general(value: float) -> str:
    """The form without a format: integers in full, otherwise as many digits as a cell shows."""
    if value == int(value) and abs(value) < _LARGEST_IN_FULL:
        return str(int(value))
    if not 1e-9 <= abs(value) < _LARGEST_IN_FULL:
        return f"{value:.10G}"
    digits = _GENERAL_DIGITS - max(1, len(str(int(abs(value)))))
    return _trimmed(f"{value:.{max(digits, 0)}f}")


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _rounded(value: float, digits: int) -> Decimal:
    number = Decimal(repr(value))
    try:
        return number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    except InvalidOperation:
        return number


def _split(code: str) -> list[str]:
    sections, at = [], 0
    while at <= len(code):
        match = _SECTIONS.match(code, at)
        end = match.end() if match else len(code)
        sections.append(code[at:end])
        at = end + 1
    return sections


def _tokens(section: str) -> _Tokens:
    out: _Tokens = []
    for match in _TOKEN.finditer(section):
        kind = match.lastgroup
        if kind is None:
            continue  # padding and filling
        if kind in ("quoted", "escaped", "currency", "other"):
            out.append(("literal", match[kind]))
        elif kind == "bracket":
            out.append(("condition" if match[kind][:1] in "<>=" else "colour", match[kind]))
        else:
            out.append((kind, match[kind]))
    return out


def _signed(value: float, sections: list[_Tokens]) -> str:
    if value < 0 and len(sections) > 1:
        return _number(-value, sections[1])
    if value == 0 and len(sections) > 2:
        return _number(value, sections[2])
    sign = "-" if value < 0 else ""
    shown = _number(abs(value), sections[0])
    return sign + shown if any(character in "123456789" for character in shown) else shown


def _number(value: float, tokens: _Tokens) -> str:
    numbers = [text for kind, text in tokens if kind == "number"]
    if any(text == "@" for _, text in tokens):
        return general(value)
    if len(numbers) > 1:
        return _spread(value, tokens)
    scaled = value * 100 ** sum(kind == "percent" for kind, _ in tokens)
    return "".join(_piece(scaled, kind, text) for kind, text in tokens).strip()


def _spread(value: float, tokens: _Tokens) -> str:
    """Digits of one integer with literals between them: telephone and registration numbers."""
    digits = str(int(_rounded(value, 0)))
    out = ""
    for kind, text in reversed(tokens):
        if kind == "literal":
            out = text + out
        for place in reversed(text) if kind == "number" else ():
            out = (digits[-1:] or ("0" if place == "0" else "")) + out
            digits = digits[:-1]
    return (digits + out).strip()


def _piece(value: float, kind: str, text: str) -> str:
    if kind == "number":
        return _digits(value, text)
    if kind == "general":
        return general(value)
    return text if kind in ("literal", "percent") else ""


class _Pattern(NamedTuple):
    """What digits and signs of a pattern such as `#,##0.00` ask for; `scale` counts the thousands left out."""

    most: int
    least: int
    minimum: int
    grouped: bool
    scale: int


@lru_cache(maxsize=256)
def _pattern(written: str) -> _Pattern:
    whole = written.partition(".")[0]
    plain = whole.rstrip(",")
    return _Pattern(*_decimals(written), whole.count("0"), "," in plain, len(whole) - len(plain))


def _digits(value: float, written: str) -> str:
    if "e" in written.lower():
        return f"{value:.{_decimals(re.split('[eE]', written)[0])[0]}E}"
    pattern = _pattern(written)
    head, _, tail = _fixed(value / 1000**pattern.scale, pattern.most, pattern.grouped).partition(".")
    head = head.rjust(pattern.minimum, "0") if pattern.minimum else head.lstrip("0")
    while len(tail) > pattern.least and tail.endswith("0"):
        tail = tail[:-1]
    return f"{head}.{tail}" if tail else head


def _fixed(value: float, most: int, grouped: bool) -> str:
    """With so many decimals; halves are rounded up, as people do, wherever there is anything to round."""
    stored = repr(value)
    if "e" not in stored and (value.is_integer() or len(stored) - stored.index(".") - 1 <= most):
        return f"{value:,.{most}f}" if grouped else f"{value:.{most}f}"
    number = _rounded(value, most)
    return f"{number:,f}" if grouped else f"{number:f}"


def _decimals(pattern: str) -> tuple[int, int]:
    """Most and fewest digits after the point."""
    fraction = pattern.partition(".")[2]
    return sum(sign in "0#?" for sign in fraction), fraction.count("0")


def _date(value: float, tokens: _Tokens, date1904: bool) -> str:
    if not 0 <= value < _LAST_SERIAL:
        return general(value)
    moment = _moment(value, date1904)
    twelve = any(kind == "ampm" for kind, _ in tokens)
    shown = "".join(_date_piece(index, tokens, value, moment, twelve) for index in range(len(tokens))).strip()
    iso = _iso(value, moment) if any(kind == "date" and text[0] in "yYdD" for kind, text in tokens) else ""
    return shown if shown == iso else f"{shown} {iso}".strip()


def _moment(value: float, date1904: bool) -> datetime:
    """Serial day numbers count from 1 January 1904, or from 1900 with a 29 February 1900 that never was."""
    epoch = datetime(1904, 1, 1) if date1904 else datetime(1899, 12, 31 if value < 60 else 30)  # noqa: DTZ001  cells have no zone
    seconds = round(value * 86400, 3)
    return epoch + timedelta(seconds=round(seconds) if abs(seconds - round(seconds)) < 0.002 else seconds)


def _iso(value: float, moment: datetime) -> str:
    if value < 1:
        return ""
    return moment.strftime("%Y-%m-%d") if value == int(value) else moment.isoformat(" ", "minutes")


def _date_piece(index: int, tokens: _Tokens, value: float, moment: datetime, twelve: bool) -> str:
    kind, text = tokens[index]
    low = text.lower()
    if kind == "literal":
        return text
    if kind == "elapsed":
        return str(int(value * {"h": 24, "m": 1440, "s": 86400}[low[0]] + 1e-6)).rjust(len(low), "0")
    if kind == "ampm":
        return "AM" if moment.hour < 12 else "PM"
    if kind != "date":
        return ""
    if low[0] == "m" and _is_minute(index, tokens):
        return f"{moment.minute:0{min(len(low), 2)}}"
    return _calendar(low, moment, twelve)


def _is_minute(index: int, tokens: _Tokens) -> bool:
    """ "m" is a minute after hours or before seconds, otherwise a month."""
    places = [(at, kind, text.lower()) for at, (kind, text) in enumerate(tokens) if kind in ("date", "elapsed")]
    at = next(position for position, place in enumerate(places) if place[0] == index)
    before = places[at - 1][2][0] if at else ""
    after = places[at + 1][2][0] if at + 1 < len(places) else ""
    return len(tokens[index][1]) <= 2 and (before == "h" or after == "s")


def _calendar(low: str, moment: datetime, twelve: bool) -> str:
    letter, length = low[0], len(low)
    if letter in "ye":
        return f"{moment.year:04}" if length > 2 or letter == "e" else f"{moment.year % 100:02}"
    if letter == "m":
        name = _MONTHS[moment.month - 1]
        return name[:1] if length == 5 else name if length > 3 else name[:3] if length == 3 else f"{moment.month:0{length}}"
    if letter == "d":
        day = _DAYS[moment.weekday()]
        return day if length > 3 else day[:3] if length == 3 else f"{moment.day:0{length}}"
    if letter == "h":
        hour = (moment.hour % 12 or 12) if twelve else moment.hour
        return f"{hour:0{min(length, 2)}}"
    if letter == "s":
        whole, _, fraction = low.partition(".")
        tail = "." + f"{moment.microsecond:06}"[: len(fraction)] if fraction else ""
        return f"{moment.second:0{min(len(whole), 2)}}{tail}"
    return ""
