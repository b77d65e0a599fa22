"""Reading archived documents again: with passwords, with better readers, after a time-out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from archiver.domain.document import Document, State
from archiver.errors import InterruptedRunError
from archiver.services.commit import Commit
from archiver.services.extract import Extract
from archiver.services.reading_here import ReadingParts

PAGE = 64


@dataclass(frozen=True, slots=True)
class Reread:
    """How many documents were tried, and how many were read better than before (members that could be opened now included)."""

    tried: int
    renewed: int
    new_members: int


def reread(parts: ReadingParts, *, batch_id: str, outcome: str, passwords: Sequence[str], stop: Callable[[], bool]) -> Reread:
    """Read every original again that ended with `outcome`, or holds a member that did. Safe to repeat.

    Raises:
        InterruptedRunError: stopped on request; what was read by then is kept.
    """
    commit = Commit(parts.catalog, parts.objects, parts.index, parts.clock, parts.placement, again=True, turn=parts.turn)
    extract = Extract(parts.catalog, parts.objects, parts.pool, parts.identifier_key, commit, passwords=passwords)
    tried = 0
    for group in _originals(parts, batch_id, outcome):
        while extract.room < len(group) and not stop():
            extract.pump(0.1)
        if stop():
            break
        extract.offer(group)
        extract.pump(0)
        tried += len(group)
    while extract.busy and not stop():
        extract.pump(0.2)
    commit.flush()
    parts.ledger.sequence()
    parts.ledger.seal()
    if stop():
        raise InterruptedRunError(
            f"stopped; what was read better by then is kept ({commit.renewed:,} documents)", remedy="run the same command again"
        )
    return Reread(tried, commit.renewed, commit.committed - commit.renewed)


def _originals(parts: ReadingParts, batch_id: str, outcome: str) -> Iterator[list[Document]]:
    """Originals concerned, in groups; each once, though several of its members may be concerned."""
    group: dict[str, Document] = {}
    last = ""
    for document in parts.catalog.select(batch_id=batch_id, outcome=outcome):
        wanted = document.root_id or document.id
        if wanted == last or wanted in group:
            continue
        last = wanted
        original = parts.catalog.document(wanted)
        if original.state is State.DISPOSED:
            continue
        group[wanted] = original
        if len(group) == PAGE:
            yield list(group.values())
            group = {}
    if group:
        yield list(group.values())
