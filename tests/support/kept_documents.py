"""Documents on a real catalogue and a real store, taken in and archived as the program does it, with holds, events and reviews."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from archiver.domain.document import Document, LockMode, State
from archiver.domain.identifiers import document_id
from archiver.domain.record import original_key, record_key
from archiver.ports.catalog import Catalog, Content, IntakeGroup
from archiver.ports.clock import Clock
from archiver.ports.objects import Bucket, Lock, ObjectInfo, ObjectStore, Put
from archiver.services.circumstances import KnownFacts
from archiver.services.commit import Commit
from archiver.services.events import Events
from archiver.services.extract import Result
from archiver.services.holds import Holds, Outcome, Wish
from archiver.services.placement import Placement
from archiver.services.policies import Policies, policy_in_force
from archiver.services.register import Register
from archiver.services.reviews import Reviews
from retention.days import day_in
from retention.protection import protection
from tests.support.documents import extraction, member, received
from tests.support.memory_index import MemoryIndex
from tests.support.memory_keys import MemoryKeys


class KeptDocuments:
    """One archive.

    Attributes:
        troubles: what holds, events and reviews told of single documents.
        entered: how often the retention turn was taken alone, and shared.
    """

    def __init__(self, catalog: Catalog, objects: ObjectStore, clock: Clock) -> None:
        self.catalog, self.objects, self.clock = catalog, objects, clock
        self.keys = MemoryKeys("archive")
        self.register = Register(objects, self.keys)
        self.troubles: list[Any] = []
        self.entered = {False: 0, True: 0}
        self.holds = Holds(catalog, objects, clock, self.register, self.turn, told=self.troubles.append)
        self.events = Events(catalog, objects, clock, self.turn, told=self.troubles.append)
        self.reviews = Reviews(catalog, objects, clock, self.register, self.turn, told=self.troubles.append)

    def turn(self, *, shared: bool = False) -> AbstractContextManager[None]:
        """Fails when somebody inside asks for it again."""
        return self._turn(shared)

    _inside = False

    @contextmanager
    def _turn(self, shared: bool) -> Any:
        assert not self._inside, "whoever is inside must not ask for the turn again"
        self._inside = True
        self.entered[shared] += 1
        try:
            yield
        finally:
            self._inside = False

    def apply(self, policy: str, **options: bool) -> None:
        """Put a policy in force."""
        Policies(self.catalog, self.objects, self.clock, turn=self.turn).apply(policy.encode(), by="owner", **options)

    # -- documents ----------------------------------------------------------------------------------------------
    def receive(
        self, name: str, body: bytes = b"", *, retention_class: str = "A", collection: str = "default", **more: Any
    ) -> str:
        """A document taken in, with its bytes under the lock of an arrival; its id."""
        raw = body or name.encode()
        sha256 = hashlib.sha256(raw).hexdigest()
        identity = document_id(self.keys.identifier_key(), collection, name, sha256)
        place = {"collection": collection, "retention_class": retention_class, "received_at": self.clock.now()}
        document = received(name, raw, id=identity, **(place | more))
        lock = Lock(LockMode.GOVERNANCE, self.clock.now() + timedelta(days=7))
        key = original_key(collection, retention_class, sha256)
        (put,) = self.objects.put([Put(Bucket.LOCKED, key, body=raw, lock=lock)])
        content = Content(collection, retention_class, sha256, len(raw), put.info.ref)
        self.catalog.commit_intake(IntakeGroup(documents=[document], contents=[content]))
        return identity

    def commit(self, *ids: str, members: Iterable[Document] = (), members_of: str = "") -> None:
        """Archive received documents."""
        commit = Commit(
            self.catalog, self.objects, MemoryIndex(), self.clock, Placement(policy_in_force(self.catalog)), turn=self.turn
        )
        inside = list(members)
        for one in inside:
            commit.add(Result(one, extraction()))
        for one in ids:
            document = self.catalog.document(one)
            count = len(inside) if one == members_of else 0
            commit.add(Result(replace(document, members=count), extraction()))
        commit.flush()

    def archive(self, name: str, body: bytes = b"", **more: Any) -> str:
        """A document taken in and archived; its id."""
        one = self.receive(name, body, **more)
        self.commit(one)
        return one

    def container(self, name: str, count: int) -> tuple[str, list[str]]:
        """A container with so many members, archived; ids."""
        root = self.receive(name)
        members = self.members(root, count)
        self.commit(root, members=members, members_of=root)
        return root, [one.id for one in members]

    def members(self, root: str, count: int) -> list[Document]:
        """Members of a received container, as they are found when it is read."""
        container = self.catalog.document(root)
        changes = {"state": State.RECEIVED, "retention_class": container.retention_class, "collection": container.collection}
        changes |= {"received_at": container.received_at, "record_sha256": "", "text_key": "", "archived_at": None}
        changes |= {"retain_until": None, "retention_note": "", "lock_mode": LockMode.NONE, "declared": container.declared}
        return [member(container, number, **changes) for number in range(count)]

    # -- holds --------------------------------------------------------------------------------------------------
    def hold(self, *ids: str, name: str = "h", **wish: Any) -> Outcome:
        """Place a hold, or add to it."""
        said = {"matter": "2027-014", "reason": "inquiry", "owner": "Anna"}
        hold, _ = self.holds.open(Wish(id=name, **(said | wish)), by="owner")
        return self.holds.place(hold, [list(ids)] if ids else [])

    def release(self, *ids: str, name: str = "h") -> Outcome:
        """Release a hold, or let go of some."""
        if ids:
            return self.holds.release_part(name, "over", [list(ids)], by="owner")[1]
        return self.holds.release(name, "over", by="owner")[1]

    def held_by(self, one: str) -> list[str]:
        """Ids of holds on a document, by the catalogue."""
        return [hold.id for hold in self.catalog.holds_on([one]).get(one, ())]

    # -- the store ----------------------------------------------------------------------------------------------
    def original(self, one: str) -> ObjectInfo:
        """The store's own word on a document's bytes."""
        document = self.catalog.document(self.catalog.document(one).root_id or one)
        key = (document.collection, document.retention_class, document.sha256)
        return self.objects.head(self.catalog.contents([key])[key].ref)

    def record(self, one: str) -> ObjectInfo | None:
        """And on its record."""
        document = self.catalog.document(one)
        found = self.objects.versions(Bucket.LOCKED, record_key(document.collection, document.id))
        return found[0] if found else None

    def at_store(self, one: str) -> set[bool]:
        """Whether bytes and record are held: {True} both, {False} neither."""
        record = self.record(one)
        return {self.original(one).lock.hold} | ({record.lock.hold} if record else set())

    def require_consistent(self) -> None:
        """The store holds at least what somebody holds, and, of what is archived, nothing else but what has no known end."""
        policy, now = policy_in_force(self.catalog), self.clock.now()
        documents = [one for one in self.catalog.select() if one.state is not State.DISPOSED]
        known = KnownFacts(self.catalog).of(documents)
        wanted: dict[tuple[str, str, str], bool] = {}
        for one in documents:
            alone = bool(known[one.id].holds)
            asks = alone or (one.state is not State.RECEIVED and protection(policy, known[one.id].facts, now).hold)
            record = self.record(one.id)
            assert record is None or record.lock.hold == asks, f"record of {one.name}: {record}, wanted {asks}"
            if not one.root_id:
                key = (one.collection, one.retention_class, one.sha256)
                wanted[key] = wanted.get(key, False) or asks
        for key, content in self.catalog.contents(list(wanted)).items():
            assert self.objects.head(content.ref).lock.hold == wanted[key], f"bytes of {key}: wanted {wanted[key]}"

    def today(self) -> date:
        """The day in the policy's zone."""
        return day_in(policy_in_force(self.catalog).time_zone, self.clock.now())


Act = Callable[[KeptDocuments], object]
