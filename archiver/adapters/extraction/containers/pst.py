"""Walker for Outlook mail stores (.pst, .ost): a message a member, under its folder's path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from archiver.adapters.extraction.containers.entry import CHUNK, DamagedError, Entry, from_the_machine, unreadable
from archiver.adapters.extraction.containers.letter import Letter, Part
from archiver.adapters.extraction.containers.names import from_title
from archiver.adapters.extraction.source import Source
from archiver.domain.extraction import Outcome

_DEEPEST = 64
_ATTACH_NAMES = (0x3707, 0x3704, 0x3001)


def walk(source: Source) -> Iterator[Entry]:
    """Messages, folder by folder.

    Raises:
        DamagedError: the store cannot be opened.
    """
    import pypff

    store = pypff.file()
    with source.path.open("rb") as file:
        _asked(store.open_file_object, file)
        try:
            for index, (folder, message) in enumerate(_messages(_asked(store.get_root_folder), "", 0)):
                yield _entry(index, folder, message)
        finally:
            store.close()


def _asked(question: Callable[..., Any], *arguments: Any) -> Any:
    """An answer of the library, whose only error is OSError."""
    try:
        return question(*arguments)
    except OSError as error:
        if from_the_machine(error):
            raise
        raise DamagedError(f"the store is damaged: {error}") from error


def _messages(folder: Any, path: str, depth: int) -> Iterator[tuple[str, Callable[[], Any]]]:
    """(folder path, message getter) of everything below `folder`."""
    if folder is None or depth > _DEEPEST:
        return
    for number in range(_asked(folder.get_number_of_sub_messages)):
        yield path, partial(_asked, folder.get_sub_message, number)
    for number in range(_asked(folder.get_number_of_sub_folders)):
        inner = _asked(folder.get_sub_folder, number)
        name = from_title(_asked(inner.get_name) or "", f"folder {number + 1}")
        yield from _messages(inner, f"{path}{name}/", depth + 1)


def _entry(index: int, folder: str, get: Callable[[], Any]) -> Entry:
    fallback = f"{folder}message {index + 1}.eml"
    try:
        message = get()
        name = folder + from_title(_asked(message.get_subject) or "", f"message {index + 1}", ".eml")
    except DamagedError as error:
        return unreadable(index, fallback, -1, Outcome.CORRUPT, str(error))
    return Entry(index, name, -1, partial(_written, message))


def _written(message: Any) -> Iterator[bytes]:
    return _letter(message).written()


def _letter(message: Any) -> Letter:
    sent = _asked(message.get_client_submit_time) or _asked(message.get_delivery_time)
    return Letter(
        headers=_asked(message.get_transport_headers) or "",
        subject=_asked(message.get_subject) or "",
        sender=_asked(message.get_sender_name) or "",
        to=_property(message, (0x0E04,)),
        sent=sent.replace(tzinfo=UTC) if isinstance(sent, datetime) else None,
        parts=[*_bodies(message), *_attachments(message)],
    )


def _bodies(message: Any) -> Iterator[Part]:
    """Plain and HTML text; the RTF only where there is nothing else."""
    plain, html = _optional(message.get_plain_text_body), _optional(message.get_html_body)
    if plain:
        yield Part("text/plain; charset=utf-8", "", lambda: iter([plain]))
    if html:
        yield Part("text/html", "", lambda: iter([html]))
    if not plain and not html and (rtf := _optional(message.get_rtf_body)):
        yield Part("application/rtf", "body.rtf", lambda: iter([rtf]))


def _optional(question: Callable[[], Any]) -> bytes:
    """A body, b"" when there is none: the library raises for some kinds of absence."""
    try:
        return bytes(_asked(question) or b"")
    except DamagedError:
        return b""


def _attachments(message: Any) -> Iterator[Part]:
    for number in range(_asked(message.get_number_of_attachments)):
        attachment = _asked(message.get_attachment, number)
        name = _property(attachment, _ATTACH_NAMES) or f"attachment {number + 1}"
        if _asked(attachment.get_number_of_sub_items):
            inner = _asked(attachment.get_sub_item, 0)
            yield Part("application/octet-stream", f"{name}.eml", partial(_written, inner))
        else:
            yield Part("application/octet-stream", name, partial(_content, attachment))


def _content(attachment: Any) -> Iterator[bytes]:
    left = _asked(attachment.get_size)
    _asked(attachment.seek_offset, 0, 0)
    while left > 0:
        piece = _asked(attachment.read_buffer, min(left, CHUNK))
        if not piece:
            raise DamagedError(f"an attachment ends {left} bytes early")
        left -= len(piece)
        yield piece


def _property(item: Any, wanted: tuple[int, ...]) -> str:
    """First of the MAPI text properties that is there, "" when none is."""
    found: dict[int, str] = {}
    for number in range(_asked(item.get_number_of_record_sets)):
        record_set = _asked(item.get_record_set, number)
        for place in range(_asked(record_set.get_number_of_entries)):
            entry = _asked(record_set.get_entry, place)
            if entry.entry_type in wanted and entry.value_type in (0x1E, 0x1F):
                found.setdefault(entry.entry_type, _asked(entry.get_data_as_string) or "")
    return next((found[kind] for kind in wanted if found.get(kind)), "")
