"""Holds at the store: what is held in the catalogue and, after a crash or somebody's doing, not held at the store, is held again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, cast

from archiver.domain.document import Document, State
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.objects import ObjectRef, ObjectStore
from archiver.services.pages import pages
from archiver.services.retention_turn import Turn
from archiver.services.stored_terms import StoredTerms
from archiver.services.timetable import Report

MARK = "timetable holds: up to"
AT_ONCE = 20_000
"""Held originals looked at in one run; the next one goes on."""
PAGE = 200
_Place = tuple[str, str]


class StandingHolds:
    """Looks at held documents, hold by hold, so many a run.

    Args:
        finish: brings a hold whose placing or release was cut off to its end.
        turn: taken for each page.
        tick: called after each page; may raise to stop.
    """

    def __init__(
        self,
        catalog: Catalog,
        objects: ObjectStore,
        clock: Clock,
        turn: Turn,
        finish: Callable[[str], None],
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self._catalog, self._turn, self._finish, self._tick = catalog, turn, finish, tick
        self._counting = _Counting(objects)
        self._terms = StoredTerms(catalog, cast(ObjectStore, self._counting), clock)

    def set_again(self, limit: int = AT_ONCE) -> Report:
        """Set every hold at the store that is missing there, of the next `limit` held originals."""
        for hold in self._catalog.holds():
            self._finish(hold.id)
        looked_at, bare = 0, list[str]()
        for page in pages(islice(self._held(self._after()), limit), PAGE):
            bare += self._set_page([document_id for _, document_id in page])
            looked_at += len(page)
            self._catalog.set_mark(MARK, json.dumps(page[-1]))
            self._tick()
        if looked_at < limit:
            self._catalog.set_mark(MARK, "")
        counts = {"looked at": looked_at, "set again": self._counting.set, "without bytes": len(bare)}
        return Report(counts, _told(bare), damaged=bool(bare))

    def _set_page(self, ids: Sequence[str]) -> list[str]:
        with self._turn():
            held = self._catalog.holds_on(ids)
            there = [one for one in self._catalog.documents(list(held)).values() if one.state is not State.DISPOSED]
            bare = self._terms.hold(there)
        for root in (one for one in there if one.members):
            self._set_members(root)
        return [str(one.id) for one in bare]

    def _set_members(self, root: Document) -> None:
        for members in pages(self._catalog.select(root_id=root.id), PAGE):
            with self._turn():
                if self._catalog.holds_on([root.id]):
                    self._terms.hold([one for one in members if one.state is not State.DISPOSED])

    def _held(self, after: _Place) -> Iterator[_Place]:
        for hold_id in sorted(one.id for one in self._catalog.holds()):
            if hold_id >= after[0]:
                places = ((hold_id, document_id) for document_id in self._catalog.held_by(hold_id))
                yield from (place for place in places if place > after)

    def _after(self) -> _Place:
        hold_id, document_id = json.loads(self._catalog.get_mark(MARK) or '["", ""]')
        return str(hold_id), str(document_id)


def _told(bare: Sequence[str]) -> list[str]:
    if not bare:
        return []
    return [f"{len(bare):,} held documents have no stored bytes that could be held, {bare[0]} first: run `minutier verify`"]


class _Counting:
    """A store that counts the holds that are set."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects, self.set = objects, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._objects, name)

    def hold_group(self, refs: Sequence[ObjectRef], on: bool) -> None:
        """See the port."""
        chosen = list(refs)
        self._objects.hold_group(chosen, on)
        self.set += len(chosen)
