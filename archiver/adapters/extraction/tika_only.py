"""The engine without fast readers: everything goes to Tika (`MINUTIER_READERS=off`)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from archiver.adapters.extraction import engine, tika
from archiver.adapters.extraction.extract import extraction
from archiver.adapters.extraction.lanes import ByTika, Lanes
from archiver.domain.extraction import Event, ExtractionTask, Limits


def run(task: ExtractionTask, limits: Limits, by_tika: ByTika = tika.read) -> Iterator[Event]:
    """See `engine.run`."""
    return engine.run(task, limits, read=partial(extraction, lanes=Lanes(readers=False, by_tika=by_tika)))
