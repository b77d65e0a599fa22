"""Holds, events, decisions, policies, arrivals and destruction in any order: what is held is held at the store, too."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from archiver.adapters.catalog.sql import create_sqlite
from archiver.adapters.objects.embedded import EmbeddedStore
from archiver.errors import RefusedError
from archiver.services.reviews import Ruling
from retention.decision import Choice
from tests.support.kept_documents import KeptDocuments
from tests.support.moving_clock import MovingClock
from tests.support.small_archive import Fuse, Fused, PowerCut

CLASS = "  {name}: {{title: t, period: {period}, from: {trigger}, basis: law, lock: {lock}, then: {then}}}\n"

names = st.sampled_from(["first", "second"])
periods = st.sampled_from(["P1M", "P1Y", "P3Y"])
triggers = st.sampled_from(["received", "event.end"])


class Interleavings(RuleBasedStateMachine):
    """A handful of documents: two of the same bytes, one that is only received, one container with members."""

    @initialize()
    def make(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        home, self.clock = Path(self.folder.name), MovingClock()
        self.catalog, self.objects = create_sqlite(home / "catalog.sqlite"), EmbeddedStore(home / "objects", self.clock)
        self.kept = KeptDocuments(self.catalog, self.objects, self.clock)
        self.apply("P1Y", "event.end", "review")
        self.ids = [self.kept.archive("one", b"same"), self.kept.archive("twin", b"same"), self.kept.receive("late", b"late")]
        box = self.kept.receive("box")
        self.inside = self.kept.members(box, 2)
        self.kept.commit(box, members=self.inside, members_of=box)
        self.ids.append(box)
        self.promised: dict[str, date] = {}
        self.released: set[str] = set()
        self.number = 0

    @rule(period=periods, trigger=triggers, then=st.sampled_from(["review", "destroy"]))
    def policy(self, period: str, trigger: str, then: str) -> None:
        try:
            self.apply(period, trigger, then)
        except RefusedError:
            return

    def apply(self, period: str, trigger: str, then: str) -> None:
        self.kept.apply("classes:\n" + CLASS.format(name="A", period=period, trigger=trigger, lock="governance", then=then))

    @rule(name=names, which=st.sets(st.integers(0, 3), min_size=1))
    def place(self, name: str, which: set[int]) -> None:
        if name not in self.released:
            self.kept.hold(*(self.ids[one] for one in sorted(which)), name=name)

    @rule(name=names, which=st.sets(st.integers(0, 3), min_size=1), calls=st.integers(1, 25), releasing=st.booleans())
    def cut_off(self, name: str, which: set[int], calls: int, releasing: bool) -> None:
        """Placing or letting go, ended by a power cut, and not repeated."""
        fuse = Fuse(calls)
        torn = KeptDocuments(Fused(self.catalog, fuse), Fused(self.objects, fuse), self.clock)  # type: ignore[arg-type]
        known = {hold.id for hold in self.catalog.holds()}
        if name in self.released or (releasing and name not in known):
            return
        ids = [self.ids[one] for one in sorted(which)]
        try:
            torn.release(*ids, name=name) if releasing else torn.hold(*ids, name=name)
        except PowerCut:
            return

    @rule(name=names, which=st.sets(st.integers(0, 3)))
    def release(self, name: str, which: set[int]) -> None:
        if name in {hold.id for hold in self.catalog.holds()}:
            self.kept.release(*(self.ids[one] for one in sorted(which)), name=name)
            if not which:
                self.released.add(name)

    @rule(which=st.integers(0, 3), day=st.dates(date(2025, 1, 1), date(2026, 1, 15)))
    def event(self, which: int, day: date) -> None:
        self.kept.events.record("end", day, [[self.ids[which]]], anyway=True)

    @rule(which=st.integers(0, 3), days=st.integers(1, 900))
    def keep(self, which: int, days: int) -> None:
        until = self.kept.today() + timedelta(days)
        self.kept.reviews.decide(Ruling(Choice.KEEP, "of use", until=until), [[self.ids[which]]], by="owner")

    @precondition(lambda self: self.catalog.documents([self.ids[2]])[self.ids[2]].archived_at is None)
    @rule()
    def commit(self) -> None:
        self.kept.commit(self.ids[2])

    @rule(days=st.integers(1, 300))
    def wait(self, days: int) -> None:
        self.clock.move(timedelta(days))

    @invariant()
    def what_is_held_is_held_at_the_store(self) -> None:
        """And no last day ever moves earlier."""
        for document in self.catalog.select():
            root = document.root_id or document.id
            if self.kept.held_by(root):
                assert self.kept.original(root).lock.hold, f"{document.name} is held, its bytes are not"
            before = self.promised.get(document.id)
            assert before is None or (document.retain_until is not None and document.retain_until >= before)
            if document.retain_until is not None:
                self.promised[document.id] = document.retain_until

    def teardown(self) -> None:
        """Whatever was cut off is finished by who uses the hold next, and then the store says exactly what is asked."""
        if not hasattr(self, "kept"):
            return
        for hold in self.catalog.holds():
            self.kept.hold(name=hold.id) if hold.released_at is None else self.kept.release(name=hold.id)
        for name in [hold.id for hold in self.catalog.holds() if hold.released_at is None]:
            self.kept.hold(*self.catalog.held_by(name), name=name)
        self.kept.require_consistent()
        self.objects.close()
        self.catalog.close()
        self.folder.cleanup()


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(
    max_examples=25, stateful_step_count=14, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
