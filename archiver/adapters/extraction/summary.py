"""The small normal form of metadata, from Tika's keys."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_KEYS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("title", ("dc:title", "pdf:docinfo:title", "title")),
    ("author", ("dc:creator", "meta:author", "pdf:docinfo:creator", "Author", "author", "meta:last-author")),
    ("subject", ("dc:subject", "cp:subject", "pdf:docinfo:subject", "dc:description")),
    ("to", ("Message-To", "Message:To-Email")),
    ("message_id", ("Message:Raw-Header:Message-ID", "Message:Raw-Header:Message-Id", "mapi:internet-message-id")),
)
_DATES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("created", ("dcterms:created", "meta:creation-date", "pdf:docinfo:created", "xmp:CreateDate", "Creation-Date", "date")),
    ("modified", ("dcterms:modified", "pdf:docinfo:modified", "xmp:ModifyDate", "Last-Modified")),
)
_PAGES = ("xmpTPg:NPages", "meta:page-count", "Page-Count", "meta:slide-count", "Slide-Count")
_LONGEST = 2000
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?$")
_PDF = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:([Zz])(?:00'?00'?)?|([+-])(\d\d)'?(\d\d)?'?)?")


def summary(metadata: dict[str, list[str]], language: str) -> dict[str, str]:
    """Keys among title, author, created, modified, pages, subject, from, to, message_id, language; absent when unknown."""
    found = {name: value for name, keys in _KEYS if (value := _joined(_values(metadata, keys), "; " if name == "to" else ", "))}
    if sender := _sender(metadata):
        found["from"] = sender
    found |= {name: value for name, keys in _DATES if (value := _first_date(_values(metadata, keys)))}
    pages = next((value.strip() for value in _values(metadata, _PAGES) if value.strip().isdecimal()), "")
    if pages.strip("0"):
        found["pages"] = pages
    if language:
        found["language"] = language
    return found


def iso_date(written: str) -> str:
    """A date as found in a document, as ISO 8601 in UTC with `Z`; a date without a zone is taken as UTC. "" when it is none.

    Understands ISO 8601, PDF dates (D:20231124093000+01'00') and mail dates (RFC 5322).
    """
    written = written.strip()
    try:
        moment = _iso(written) or _pdf(written) or _mail(written)
        return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    except (ValueError, OverflowError):
        return ""


def _values(metadata: dict[str, list[str]], keys: tuple[str, ...]) -> list[str]:
    """Values of the first key that has any."""
    return next((kept for key in keys if (kept := [value for value in metadata.get(key, []) if value.strip()])), [])


def _joined(values: Iterable[str], between: str) -> str:
    kept = dict.fromkeys(" ".join(value.split()) for value in values)
    return between.join(kept)[:_LONGEST]


def _sender(metadata: dict[str, list[str]]) -> str:
    """`Name <address>` as far as both are known."""
    shown = _joined(_values(metadata, ("Message-From",)), ", ")
    address = next((value for value in metadata.get("Message:From-Email", []) if "@" in value), "")
    if not address or "@" in shown:
        return shown or _joined(metadata.get("Message:From-Email", []), ", ")
    return f"{shown} <{address}>" if shown else address


def _first_date(values: Iterable[str]) -> str:
    return next((date for value in values if (date := iso_date(value))), "")


def _iso(written: str) -> datetime | None:
    found = _ISO.match(written)
    if found is None:
        return None
    numbers = [int(part) if part else 0 for part in found.groups()[:6]]
    zone = (found.group(7) or "Z").replace("Z", "+00:00")
    text = "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}".format(*numbers)
    return datetime.fromisoformat(text + (zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"))


def _pdf(written: str) -> datetime | None:
    found = _PDF.fullmatch(written)
    if found is None or len(written) < 4:
        return None
    year, month, day, hour, minute, second, _, sign, zone_hours, zone_minutes = found.groups()
    zone = f"{sign}{zone_hours}:{zone_minutes or '00'}" if sign else "+00:00"
    return datetime.fromisoformat(f"{year}-{month or '01'}-{day or '01'}T{hour or '00'}:{minute or '00'}:{second or '00'}{zone}")


def _mail(written: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(re.sub(r"\s*\([^()]*\)\s*$", "", written))
    except (TypeError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
