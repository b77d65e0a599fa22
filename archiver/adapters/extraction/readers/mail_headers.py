"""Headers of a mail, decoded as far as they can be: RFC 2047 words, raw 8-bit bytes, broken ones as they stand."""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses
from itertools import islice

from archiver.adapters.extraction.summary import iso_date

Metadata = dict[str, list[str]]

_FOLD = re.compile(r"\r?\n[ \t]*|\t")
_RECIPIENTS = {"to": "Message-To", "cc": "Message-Cc", "bcc": "Message-Bcc"}
_OWN_KEY = frozenset({"from", "subject", "date", *_RECIPIENTS})
_MOST_HEADERS = 2000


def values(message: Message, name: str) -> list[str]:
    """Values of all headers of that name, as written: raw bytes are still surrogate escapes, encoded words not decoded."""
    return [str(value) for written, value in message.raw_items() if written.lower() == name.lower()]


def unfolded(value: str) -> str:
    """One header value as text, on one line."""
    return " ".join(_FOLD.sub(" ", decoded(_bytes_as_text(value))).split())


def _bytes_as_text(value: str) -> str:
    """Bytes that are kept as surrogates: UTF-8 when they are, else Windows-1252."""
    try:
        raw = value.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return value
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def decoded(value: str) -> str:
    """RFC 2047 encoded words decoded; what is broken stays as it is."""
    if "=?" not in value:
        return value
    try:
        pieces = decode_header(re.sub(r"(\?=)(?==\?)", r"\1 ", value))
    except (HeaderParseError, ValueError, AssertionError):
        return value
    return "".join(_piece(raw, charset) for raw, charset in pieces)


def _piece(raw: bytes | str, charset: str | None) -> str:
    if isinstance(raw, str):
        return raw
    for codec in (charset or "utf-8", "utf-8", "cp1252"):
        try:
            return raw.decode(codec)
        except (LookupError, UnicodeError, ValueError):
            continue
    return raw.decode("latin-1")


def addresses(value: str) -> list[str]:
    """`Name <address>` of each mailbox in a header; the header as it stands when none can be told."""
    text = unfolded(value)
    pairs = getaddresses([text])
    found = [f"{name} <{address}>" if name and address else address or name for name, address in pairs if name or address]
    return found or ([text] if text else [])


def header_metadata(message: Message) -> Metadata:
    """Headers under Tika's keys."""
    found: Metadata = {}
    for name, value in islice(message.raw_items(), _MOST_HEADERS):
        if name.lower() not in _OWN_KEY:
            found.setdefault(f"Message:Raw-Header:{_spelled(name)}", []).append(unfolded(str(value)))
    _add_sender(found, message)
    for name, key in _RECIPIENTS.items():
        if people := [person for value in values(message, name) for person in addresses(value)]:
            found[key] = people
    if subject := _first(message, "Subject"):
        found["dc:title"] = found["dc:subject"] = [subject]
    if date := _date(message):
        found["dcterms:created"] = [date]
    return found


def _first(message: Message, name: str) -> str:
    return next((unfolded(value) for value in values(message, name)), "")


def _spelled(name: str) -> str:
    return "Message-ID" if name.lower() == "message-id" else name


def _add_sender(found: Metadata, message: Message) -> None:
    value = next(iter(values(message, "From") or values(message, "Sender")), "")
    senders = addresses(value)
    if not senders:
        return
    found["Message-From"] = found["dc:creator"] = senders
    for name, address in getaddresses([unfolded(value)]):
        found.setdefault("Message:From-Name", []).extend([name] if name else [])
        found.setdefault("Message:From-Email", []).extend([address] if "@" in address else [])


def _date(message: Message) -> str:
    """The date it was written; failing that, the date it was last received."""
    if written := iso_date(_first(message, "Date")):
        return written
    received = _first(message, "Received")
    return iso_date(received.rsplit(";", 1)[-1]) if ";" in received else ""
