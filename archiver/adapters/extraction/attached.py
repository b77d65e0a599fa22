"""Text of files attached inside a document: it belongs to the document's own text."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from archiver.adapters.extraction.source import Source
from archiver.domain.extraction import Extraction, Outcome

_READ = (Outcome.COMPLETE, Outcome.EMPTY)


class Attached(Protocol):
    """A file held in memory."""

    @property
    def name(self) -> str:
        """As written in the document."""

    @property
    def content(self) -> bytes:
        """Its plain bytes."""


def attached_text(attachments: Iterable[Attached], source: Source) -> tuple[list[str], list[str]]:
    """For each attachment its name and text; and for each that was not read whole, why."""
    texts: list[str] = []
    unread: list[str] = []
    for attachment in attachments:
        if source.limits.depth <= 1:
            unread.append(f"attachment {attachment.name!r}: nested too deeply")
            continue
        found = _read(attachment, source)
        texts.append(f"{attachment.name}\n{found.text}".strip())
        if found.outcome not in _READ:
            unread.append(f"attachment {attachment.name!r}: {found.outcome}, {found.reason}")
    return texts, unread


def _read(attachment: Attached, source: Source) -> Extraction:
    # imported here: a document is read by the same function that reads what is attached to it
    from archiver.adapters.extraction.extract import extract

    limits = replace(source.limits, depth=source.limits.depth - 1)
    with tempfile.TemporaryDirectory(prefix="minutier-") as folder:
        path = Path(folder, "attachment")
        path.write_bytes(attachment.content)
        return extract(path, attachment.name, limits=limits, passwords=source.passwords)
