"""Mail messages (RFC 5322, MIME): headers and body. Attachments are only named here: they are documents of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message

from archiver.adapters.extraction import mail_message
from archiver.adapters.extraction.readers.charset import decode
from archiver.adapters.extraction.readers.html import content as html_content
from archiver.adapters.extraction.readers.mail_headers import addresses, header_metadata, unfolded, values
from archiver.adapters.extraction.source import DoubtError, Reading, Source
from archiver.domain.extraction import Outcome

TOOL = "mail"
LARGEST = 64 * 1024 * 1024
"""Bytes above which a message with its attachments would take too much memory as a tree."""

_SHOWN = ("Subject", "From", "To", "Cc", "Date")
_ENOUGH_ALIKE = 0.95
_WORD = re.compile(r"\w+")


def read(source: Source) -> Reading:
    """Headers that people search for, then the body; of alternatives the plain one, and the HTML where it says more.

    Raises:
        DoubtError: too large, no headers, or a body in no certain charset.
    """
    if source.size > LARGEST:
        raise DoubtError(f"{source.size} bytes are more than a tree may take")
    try:
        return _whole(mail_message.message(source), source)
    finally:
        mail_message.forget()


def _whole(message: Message, source: Source) -> Reading:
    if not message.keys():
        raise DoubtError("no headers")
    metadata = header_metadata(message)
    metadata["Content-Type"] = [source.media_type]
    body = list(_body(message))
    text = "\n\n".join(filter(None, ["\n".join(_shown(message)), *body, "\n".join(_names(message))]))
    return _reading(message, text, metadata, source)


def _reading(message: Message, text: str, metadata: dict[str, list[str]], source: Source) -> Reading:
    if _sealed(message):
        return Reading(text, metadata, TOOL, Outcome.ENCRYPTED, "the body of the message is encrypted")
    if any(part.defects for part in message.walk() if part.get_content_maintype() == "multipart"):
        return Reading(text, metadata, TOOL, Outcome.PARTIAL, "the message ends before its last part does")
    limit = source.limits.text_chars
    if len(text) > limit:
        return Reading(
            text[:limit], metadata, TOOL, Outcome.TOO_LARGE, f"more than {limit} characters of text; the first are kept"
        )
    return Reading(text, metadata, TOOL)


def _sealed(message: Message) -> bool:
    """Encrypted as a whole: OpenPGP (RFC 3156), or an S/MIME envelope (RFC 8551)."""
    if message.get_content_type() == "multipart/encrypted":
        return True
    smime = message.get_content_type() in ("application/pkcs7-mime", "application/x-pkcs7-mime")
    return smime and str(message.get_param("smime-type", "enveloped-data")).lower() in ("enveloped-data", "authenveloped-data")


def _shown(message: Message) -> Iterator[str]:
    for name in _SHOWN:
        for value in values(message, name):
            text = unfolded(value) if name in ("Subject", "Date") else ", ".join(addresses(value))
            if text:
                yield text if name == "Subject" else f"{name}: {text}"


def _names(message: Message) -> Iterator[str]:
    """File names of the attachments."""
    for part in message.walk():
        if not part.is_multipart() and (name := part.get_filename()):
            yield unfolded(name)


def _body(message: Message) -> Iterator[str]:
    """Text of the inline parts, in order. Messages inside the message are members of it."""
    kind = message.get_content_type()
    if kind == "message/rfc822" or _is_attachment(message):
        return
    if not message.is_multipart():
        if message.get_content_maintype() == "text" or kind == "application/xhtml+xml":
            yield _text(message)
        return
    parts = [part for part in message.get_payload() if isinstance(part, Message)]
    if kind == "multipart/alternative":
        yield from _alternatives(parts)
        return
    for part in parts:
        yield from _body(part)


def _is_attachment(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or (
        bool(part.get_filename()) and part.get_content_maintype() != "multipart"
    )


def _alternatives(parts: list[Message]) -> Iterator[str]:
    """The plainest form first; another form only where it has words that the ones before lack."""
    told: set[str] = set()
    for part in sorted(parts, key=lambda each: each.get_content_type() != "text/plain"):
        text = "\n\n".join(_body(part))
        words = set(_WORD.findall(text.casefold()))
        if words and len(words & told) < _ENOUGH_ALIKE * len(words):
            told |= words
            yield text


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    markup, _ = decode(raw, _charset(part)) if raw else ("", "")
    kind = part.get_content_type()
    if kind in ("text/html", "application/xhtml+xml"):
        return html_content(markup)[0]
    return markup.strip("\r\n")


def _charset(part: Message) -> str:
    try:
        return part.get_content_charset("") or ""
    except (LookupError, UnicodeError, ValueError):
        return ""
