"""Headers of messages as people read them; malformed ones are given back as they stand."""

from __future__ import annotations

from email.header import decode_header, make_header
from email.message import Message


def header_text(value: object) -> str:
    """A header value with its encoded words (RFC 2047) decoded."""
    raw = str(value or "")
    try:
        return str(make_header(decode_header(raw)))
    except (LookupError, ValueError):
        return raw


def subject_of(message: Message) -> str:
    """The subject, "" when there is none."""
    return header_text(message.get("Subject", ""))
