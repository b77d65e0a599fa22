"""Walker for a mail message: its attachments and forwarded messages. The text of the message itself is read elsewhere."""

from __future__ import annotations

import io
import mimetypes
import re
from collections.abc import Iterator
from email.generator import BytesGenerator
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32

from archiver.adapters.extraction.containers.entry import CHUNK, DamagedError, Entry
from archiver.adapters.extraction.containers.headers import header_text, subject_of
from archiver.adapters.extraction.containers.names import from_title
from archiver.adapters.extraction.mail_message import message
from archiver.adapters.extraction.source import Source

_BODY = ("text/plain", "text/html", "text/enriched")
_HEAD = 64 * 1024
_BLANK_LINE = re.compile(rb"\n\r?\n|\r\r")


def walk(source: Source) -> Iterator[Entry]:
    """Attachments in the order of the message.

    Raises:
        DamagedError: parts nest beyond what any mail program writes.
    """
    if _is_text_only(source):
        return
    try:
        parts = list(_members(message(source)))
    except RecursionError as error:
        raise DamagedError("its parts nest too deeply") from error
    for index, part in enumerate(parts):
        yield _entry(index, part)


def _is_text_only(source: Source) -> bool:
    """Most mails have one part: their headers tell, and nothing needs to be parsed."""
    with source.path.open("rb") as file:
        head = file.read(_HEAD)
    headers = _BLANK_LINE.split(head, maxsplit=1)[0]
    outline = BytesHeaderParser(policy=compat32).parsebytes(headers)
    return outline.get_content_type() in _BODY and not _is_attached(outline)


def _members(part: Message) -> Iterator[Message]:
    """Leaves that are not the body. A forwarded message is one member, not its parts."""
    if part.get_content_type() == "message/rfc822" and part.is_multipart():
        yield part
    elif part.is_multipart():
        for inner in part.get_payload():
            yield from _inner_members(inner)
    elif part.get_content_type() not in _BODY or _is_attached(part):
        yield part


def _inner_members(part: object) -> Iterator[Message]:
    if isinstance(part, Message):
        yield from _members(part)


def _is_attached(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _entry(index: int, part: Message) -> Entry:
    forwarded = part.get_content_type() == "message/rfc822" and part.is_multipart()
    return Entry(index, _name(part, index), -1, lambda: _content(part, forwarded))


def _name(part: Message, index: int) -> str:
    name = header_text(part.get_filename())
    if name:
        return name
    kind = part.get_content_type()
    if kind == "message/rfc822":
        return from_title(_forwarded_subject(part), f"message {index + 1}", ".eml")
    return f"part {index + 1}{mimetypes.guess_extension(kind, strict=False) or ''}"


def _forwarded_subject(part: Message) -> str:
    inner = part.get_payload(0) if part.is_multipart() else None
    return subject_of(inner) if isinstance(inner, Message) else ""


def _content(part: Message, forwarded: bool) -> Iterator[bytes]:
    try:
        data = _forwarded_bytes(part) if forwarded else _decoded(part)
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:  # what `email` raises on bad parts
        raise DamagedError(f"the part cannot be decoded: {error}") from error
    for start in range(0, len(data), CHUNK):
        yield data[start : start + CHUNK]


def _decoded(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _forwarded_bytes(part: Message) -> bytes:
    out = io.BytesIO()
    forwarded = part.get_payload(0)
    if not isinstance(forwarded, Message):
        raise ValueError("it holds no message")
    BytesGenerator(out, mangle_from_=False, maxheaderlen=0, policy=compat32).flatten(forwarded)
    return out.getvalue()
