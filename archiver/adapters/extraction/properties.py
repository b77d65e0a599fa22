"""Words that people wrote into a document's properties."""

from __future__ import annotations

from dataclasses import replace

from archiver.adapters.extraction.source import Reading

_WRITTEN = (
    "dc:title",
    "dc:subject",
    "cp:subject",
    "meta:keyword",
    "dc:description",
    "w:Comments",
    "cp:category",
    "extended-properties:Notes",
)


def with_own_words(reading: Reading) -> Reading:
    """The reading; when a file has no text of its own (an image, a plan), its title, keywords and comments are its text."""
    if reading.text.strip():
        return reading
    words = dict.fromkeys(value.strip() for key in _WRITTEN for value in reading.metadata.get(key, []))
    return replace(reading, text="\n".join(filter(None, words)))
