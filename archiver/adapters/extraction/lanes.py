"""The order in which ways of reading are tried on one file."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from archiver.adapters.extraction import tika
from archiver.adapters.extraction.access import ACCESS, is_encrypted
from archiver.adapters.extraction.damage import damage
from archiver.adapters.extraction.detect import media_type
from archiver.adapters.extraction.properties import with_own_words
from archiver.adapters.extraction.readers.registry import reader_for
from archiver.adapters.extraction.reading_copy import decrypted, repaired
from archiver.adapters.extraction.salvage import salvaged
from archiver.adapters.extraction.source import DoubtError, ProtectedError, Reading, Source
from archiver.domain.extraction import Outcome

_BOMB_CHARACTERS = 1_000_000
_log = logging.getLogger(__name__)


ByTika = Callable[[Source], Reading]


@dataclass(frozen=True, slots=True)
class Lanes:
    """Which ways there are.

    Attributes:
        readers: False sends everything to Tika.
        by_tika: the Tika compiled in, or a Tika server.
    """

    readers: bool = True
    by_tika: ByTika = tika.read


EMBEDDED = Lanes()


def read(source: Source, lanes: Lanes = EMBEDDED) -> Reading:
    """The best reading of `source`: reader, then Tika, then a decrypted or repaired reading copy of it."""
    if source.media_type == ACCESS and is_encrypted(source.path):
        return Reading("", {}, "none", Outcome.ENCRYPTED, "the database is encrypted")
    try:
        found = _plainly(source, lanes)
    except ProtectedError as error:
        found = Reading("", {}, "none", Outcome.ENCRYPTED, str(error) or "the document is encrypted")
    if found.outcome is not Outcome.ENCRYPTED or found.text:
        return found
    return _unlocked(source, lanes, found)


def _unlocked(source: Source, lanes: Lanes, locked: Reading) -> Reading:
    """The reading of a decrypted copy; `locked` when none of the passwords makes one."""
    try:
        with decrypted(source) as copy:
            return _plainly(_at(source, copy), lanes)
    except (ProtectedError, DoubtError) as error:
        return replace(locked, reason=str(error) or locked.reason)


def _at(source: Source, copy: Path) -> Source:
    return replace(source, path=copy, size=copy.stat().st_size, media_type=media_type(copy, source.name))


def _plainly(source: Source, lanes: Lanes) -> Reading:
    found = _by_reader(source) if lanes.readers else None
    if found is not None:
        return found
    by_tika = with_own_words(lanes.by_tika(source))
    if by_tika.outcome is Outcome.COMPLETE:
        by_tika = _if_whole(by_tika, source)
    if by_tika.outcome in (Outcome.CORRUPT, Outcome.UNSUPPORTED) or (
        by_tika.outcome is Outcome.PARTIAL and not by_tika.text.strip()
    ):
        return _again(source, lanes) or by_tika
    return by_tika


def _by_reader(source: Source) -> Reading | None:
    """The fast reader's reading; None when there is no reader, or it doubts."""
    reader = reader_for(source.media_type)
    if reader is None:
        return None
    try:
        return with_own_words(_without_bomb(reader(source), source))
    except (ProtectedError, MemoryError):
        raise
    except DoubtError as doubt:
        _log.debug("reader for %s doubts: %s", source.media_type, doubt)
    except Exception:  # noqa: BLE001 - whatever a damaged file does to a reader, Tika is there to try it too
        _log.debug("reader for %s failed", source.media_type, exc_info=True)
    return None


def _without_bomb(reading: Reading, source: Source) -> Reading:
    """Of a small file that unfolds into a huge text, only the beginning is kept: the rest says the same again."""
    if reading.outcome is not Outcome.TOO_LARGE or len(reading.text) >= source.limits.text_chars:
        return reading
    kept = reading.text[:_BOMB_CHARACTERS]
    return replace(reading, text=kept, reason=f"unfolds beyond the limit on its ratio; the first {len(kept)} characters are kept")


def _if_whole(reading: Reading, source: Source) -> Reading:
    """Tika reads on where a package is cut off: what is damaged is never called complete."""
    found = damage(source)
    if not found:
        return reading
    return replace(reading, outcome=Outcome.PARTIAL if reading.text.strip() else Outcome.CORRUPT, reason=found)


def _repaired(copy: Source, lanes: Lanes) -> Reading:
    found = _by_reader(copy) if lanes.readers else None
    return found or lanes.by_tika(copy)


def _again(source: Source, lanes: Lanes) -> Reading | None:
    """A second try, on what can be saved of a damaged file; None when that gives no text."""
    if source.media_type == "application/pdf":
        with repaired(source) as copy:
            if copy is None:
                return None
            again = _repaired(_at(source, copy), lanes)
    else:
        salvage = salvaged(source)
        if salvage is None:
            return None
        again = salvage
    if not again.text.strip():
        return None
    return replace(again, outcome=Outcome.PARTIAL, reason=again.reason or "damaged; read from a repaired copy")
