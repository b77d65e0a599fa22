"""What every object store must do, as a mixin. A subclass gives `store` and `clock` fixtures.

Ends of locks are counted in the clock's own `unit`: a day where time is made, seconds where it is that of a server, so that
no lock of a test outlives its run by much. A test that waits for an end asks for a `BRIEF` lock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from archiver.domain.document import LockMode
from archiver.errors import IntegrityError, NotFoundError, RefusedError, UsageError
from archiver.ports.objects import Bucket, Lock, ObjectInfo, ObjectRef, ObjectStore, Put, Staged
from tests.support.moving_clock import SteppedClock

KEY = "originals/factures/FR-ACCOUNTING/ab/ab01"


BRIEF = timedelta(seconds=2)


def governed(clock: SteppedClock, units: int = 7) -> Lock:
    return Lock(LockMode.GOVERNANCE, clock.now() + units * clock.unit)


def complied(clock: SteppedClock, units: int = 8) -> Lock:
    return Lock(LockMode.COMPLIANCE, clock.now() + units * clock.unit)


def is_kept(found: Lock, asked: Lock, slack: timedelta) -> bool:
    """Is `found` the lock asked for, and at most `slack` longer?"""
    if found.until is None or asked.until is None:
        return found == asked
    return (found.mode, found.hold) == (asked.mode, asked.hold) and asked.until <= found.until <= asked.until + slack


def put_one(store: ObjectStore, body: bytes = b"x", key: str = KEY, lock: Lock | None = None) -> ObjectInfo:
    (result,) = store.put([Put(Bucket.LOCKED, key, body=body, lock=lock or Lock())])
    assert result.created
    return result.info


def pass_end(clock: SteppedClock, info: ObjectInfo) -> None:
    """Let time go on until the lock of `info` has ended."""
    if info.lock.until is not None:
        clock.move(info.lock.until - clock.now() + timedelta(milliseconds=100))


class ObjectStoreSuite:
    """The contract of `archiver.ports.objects.ObjectStore`.

    Attributes:
        SLACK: how much longer than asked the store may keep a lock.
    """

    SLACK = timedelta(0)

    def test_what_was_put_is_read_back(self, store: ObjectStore, clock: SteppedClock) -> None:
        lock = governed(clock)
        info = put_one(store, b"minute", lock=lock)
        assert (info.size, info.sha256) == (6, hashlib.sha256(b"minute").hexdigest())
        assert is_kept(info.lock, lock, self.SLACK)
        with store.open(info.ref) as file:
            assert file.read() == b"minute"
        assert store.head(info.ref) == info
        assert store.versions(Bucket.LOCKED, KEY) == [info]

    @pytest.mark.parametrize("size", [6, 1_300_000])
    def test_reading_begins_where_it_is_asked_to(self, store: ObjectStore, size: int) -> None:
        body = bytes(place * 7 % 251 for place in range(size))
        info = put_one(store, body)
        for start in (0, 1, size // 2, size - 1, size, size + 10):
            with store.open(info.ref, start) as file:
                assert file.read() == body[start:]

    def test_what_is_open_is_read_to_its_end_whatever_becomes_of_the_store(self, store: ObjectStore) -> None:
        body = bytes(1_300_000)
        with store.open(put_one(store, body).ref, 5) as file:
            store.close()  # type: ignore[attr-defined]  # every store has it
            assert file.read() == body[5:]

    def test_local_copies_are_counted(self, store: ObjectStore) -> None:
        info = put_one(store, b"minute")
        store.release_path(info.ref)
        first, second = store.local_path(info.ref), store.local_path(info.ref)
        assert first.read_bytes() == second.read_bytes() == b"minute"
        store.release_path(info.ref)
        assert second.read_bytes() == b"minute"
        store.release_path(info.ref)
        store.release_path(info.ref)
        assert store.local_path(info.ref).read_bytes() == b"minute"
        store.release_path(info.ref)

    def test_staged_bytes_are_hashed_and_put(self, store: ObjectStore) -> None:
        staged = store.stage([b"a" * 70_000, b"", b"b"])
        assert (staged.size, staged.sha256) == (70_001, hashlib.sha256(b"a" * 70_000 + b"b").hexdigest())
        assert list(store.list(Bucket.LOCKED)) == []
        (result,) = store.put([Put(Bucket.LOCKED, KEY, staged=staged)])
        assert result.created
        with store.open(result.info.ref) as file:
            assert file.read() == b"a" * 70_000 + b"b"

    def test_empty_object(self, store: ObjectStore) -> None:
        info = put_one(store, b"")
        assert info.size == 0
        with store.open(info.ref) as file:
            assert file.read() == b""

    def test_stream_is_not_held_in_memory(self, store: ObjectStore) -> None:
        import tracemalloc

        piece, count = b"\xa5" * (1024 * 1024), 64
        tracemalloc.start()
        staged = store.stage(piece for _ in range(count))
        (result,) = store.put([Put(Bucket.DELETABLE, "texts/large", staged=staged)])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert result.info.size == count * len(piece)
        assert peak < 24 * len(piece)

    def test_failing_source_leaves_nothing(self, store: ObjectStore) -> None:
        def broken() -> Iterator[bytes]:
            yield b"half"
            raise OSError(5, "source gone")

        with pytest.raises(OSError, match="source gone"):
            store.stage(broken())
        assert list(store.list(Bucket.LOCKED)) == []

    def test_discard_is_safe_to_repeat_and_final(self, store: ObjectStore) -> None:
        staged = store.stage([b"x"])
        store.discard(staged)
        store.discard(staged)
        with pytest.raises(NotFoundError):
            store.put([Put(Bucket.LOCKED, KEY, staged=staged)])
        assert store.versions(Bucket.LOCKED, KEY) == []

    def test_staged_bytes_are_consumed(self, store: ObjectStore) -> None:
        staged = store.stage([b"x"])
        store.put([Put(Bucket.LOCKED, KEY, staged=staged)])
        with pytest.raises(NotFoundError):
            store.put([Put(Bucket.LOCKED, KEY + "2", staged=staged)])

    def test_claimed_digest_is_checked(self, store: ObjectStore) -> None:
        staged = store.stage([b"true"])
        lie = Staged(staged.handle, staged.size, "0" * 64)
        with pytest.raises(IntegrityError):
            store.put([Put(Bucket.LOCKED, KEY, staged=lie)])
        assert store.versions(Bucket.LOCKED, KEY) == []
        assert list(store.list(Bucket.LOCKED)) == []
        put_one(store, b"true")

    def test_create_only(self, store: ObjectStore, clock: SteppedClock) -> None:
        first = put_one(store, b"first", lock=governed(clock))
        (second,) = store.put([Put(Bucket.LOCKED, KEY, body=b"second")])
        assert not second.created
        assert second.info == first
        with store.open(first.ref) as file:
            assert file.read() == b"first"

    def test_group_with_one_taken_key(self, store: ObjectStore) -> None:
        taken = put_one(store, b"there")
        staged = store.stage([b"second"])
        results = store.put(
            [
                Put(Bucket.LOCKED, "records/a", body=b"a"),
                Put(Bucket.LOCKED, KEY, staged=staged),
                Put(Bucket.DELETABLE, "texts/b", body=b"b"),
            ]
        )
        assert [result.created for result in results] == [True, False, True]
        assert results[1].info == taken
        assert [store.head(result.info.ref) for result in results] == [result.info for result in results]

    def test_one_key_twice_in_a_group(self, store: ObjectStore) -> None:
        first, second = store.put([Put(Bucket.LOCKED, KEY, body=b"one"), Put(Bucket.LOCKED, KEY, body=b"two")])
        assert (first.created, second.created) == (True, False)
        assert second.info == first.info

    def test_same_key_in_both_buckets(self, store: ObjectStore) -> None:
        results = store.put([Put(bucket, "a/b", body=bucket.encode()) for bucket in Bucket])
        assert all(result.created for result in results)
        with store.open(results[1].info.ref) as file:
            assert file.read() == b"deletable"

    def test_empty_group(self, store: ObjectStore) -> None:
        assert store.put([]) == []

    def test_large_group(self, store: ObjectStore) -> None:
        results = store.put(Put(Bucket.DELETABLE, f"texts/{n % 7}/{n}", body=str(n).encode()) for n in range(200))
        assert all(result.created for result in results)
        assert {info.ref.key for info in store.list(Bucket.DELETABLE)} == {f"texts/{n % 7}/{n}" for n in range(200)}
        assert [result.info.sha256 for result in results] == [hashlib.sha256(str(n).encode()).hexdigest() for n in range(200)]

    @pytest.mark.parametrize("prefix", ["", "rec", "records/", "records/a", "records/a/", "records/a/1", "nothing/"])
    def test_list_by_prefix(self, store: ObjectStore, prefix: str) -> None:
        keys = {"records/a/1", "records/ab/2", "records/a/10", "policies/1.yaml"}
        store.put(Put(Bucket.LOCKED, key, body=b"x") for key in keys)
        wanted = sorted(key for key in keys if key.startswith(prefix))
        assert sorted(info.ref.key for info in store.list(Bucket.LOCKED, prefix)) == wanted

    @pytest.mark.parametrize(
        "key", ["", "/etc/x", "a//b", "a/", "../a", "a/../b", "./a", "a\x00b", "a\nb", "a\x85", "\udce9", "é" * 600]
    )
    def test_keys_that_are_refused(self, store: ObjectStore, key: str) -> None:
        with pytest.raises(UsageError):
            store.put([Put(Bucket.LOCKED, key, body=b"x")])
        with pytest.raises(UsageError):
            store.versions(Bucket.LOCKED, key)

    @pytest.mark.parametrize("key", ["été/l'acte n° 3.pdf", "a b", "-rf", "a..b/…", "con/aux", "日本"])
    def test_keys_that_are_taken(self, store: ObjectStore, key: str) -> None:
        info = put_one(store, key=key)
        assert info.ref.key == key
        assert [found.ref.key for found in store.list(Bucket.LOCKED)] == [key]

    def test_absent_is_not_found(self, store: ObjectStore) -> None:
        there = put_one(store)
        for ref in (
            ObjectRef(Bucket.LOCKED, "records/no", "1"),
            ObjectRef(Bucket.LOCKED, KEY, "another"),
            ObjectRef(Bucket.LOCKED, KEY, ""),
            ObjectRef(Bucket.DELETABLE, KEY, "1"),
        ):
            for call in (store.head, store.open, store.local_path, store.delete):
                with pytest.raises(NotFoundError):
                    call(ref)
            with pytest.raises(NotFoundError):
                store.lock(ref, Lock())
            with pytest.raises(NotFoundError):
                store.protect([(ref, Lock())])
            with pytest.raises(NotFoundError):
                store.renew([ref], datetime(2999, 1, 1, tzinfo=UTC))
        assert store.versions(Bucket.LOCKED, "records/no") == []
        assert store.head(there.ref) == there

    def test_delete(self, store: ObjectStore) -> None:
        info = put_one(store)
        store.delete(info.ref)
        assert store.versions(Bucket.LOCKED, KEY) == []
        with pytest.raises(NotFoundError):
            store.open(info.ref)
        with pytest.raises(NotFoundError):
            store.delete(info.ref)

    def test_a_group_goes_and_tells_what_stayed(self, store: ObjectStore, clock: SteppedClock) -> None:
        gone, kept = put_one(store, key="records/a.json"), put_one(store, b"kept", key="records/b.json", lock=governed(clock))
        text = store.put([Put(Bucket.DELETABLE, "texts/a", body=b"x")])[0].info
        never = ObjectRef(Bucket.LOCKED, "records/never.json", gone.ref.version)
        stayed = store.delete_group([gone.ref, kept.ref, text.ref, never])
        assert {ref: type(error) for ref, error in stayed.items()} == {kept.ref: RefusedError, never: NotFoundError}
        places = [(ref.bucket, ref.key) for ref in (gone.ref, kept.ref, text.ref, never)]
        there = store.versions_of(places)
        assert list(there) == places
        assert [len(there[place]) for place in places] == [0, 1, 0, 0]
        assert type(store.delete_group([gone.ref])[gone.ref]) is NotFoundError
        assert store.delete_group([]) == {}

    def test_small_ones_are_read_together_without_what_is_gone(self, store: ObjectStore) -> None:
        infos = [store.put([Put(Bucket.DELETABLE, f"texts/{name}", body=name.encode())])[0].info for name in "abc"]
        locked, gone = put_one(store), infos[1].ref
        store.delete(gone)
        never = ObjectRef(Bucket.DELETABLE, "texts/never", gone.version)
        wanted = [infos[2].ref, gone, never, infos[0].ref, locked.ref, infos[0].ref]
        with store.open(locked.ref) as stream:
            whole = stream.read()
        assert store.read_group(wanted) == {infos[0].ref: b"a", infos[2].ref: b"c", locked.ref: whole}
        assert store.read_group([]) == {}

    def test_deletable_bucket_knows_no_locks(self, store: ObjectStore, clock: SteppedClock) -> None:
        with pytest.raises(UsageError):
            store.put([Put(Bucket.DELETABLE, "texts/a", body=b"x", lock=governed(clock))])
        (result,) = store.put([Put(Bucket.DELETABLE, "texts/a", body=b"x")])
        with pytest.raises(UsageError):
            store.lock(result.info.ref, complied(clock))
        with pytest.raises(UsageError):
            store.set_hold(result.info.ref, on=True)
        store.delete(result.info.ref)


class LockSuite:
    """What locks and holds forbid.

    Attributes:
        SLACK: see `ObjectStoreSuite`.
        MANY: more than the store looks at in one go.
    """

    SLACK = timedelta(0)
    MANY = 1100

    @pytest.mark.parametrize("mode", [LockMode.GOVERNANCE, LockMode.COMPLIANCE])
    def test_refused_erase_raises_and_erases_nothing(self, store: ObjectStore, clock: SteppedClock, mode: LockMode) -> None:
        info = put_one(store, b"kept", lock=Lock(mode, clock.now() + clock.unit))
        with pytest.raises(RefusedError):
            store.delete(info.ref)
        with store.open(info.ref) as file:
            assert file.read() == b"kept"

    @pytest.mark.parametrize("mode", [LockMode.GOVERNANCE, LockMode.COMPLIANCE])
    def test_deletable_once_its_date_is_over(self, store: ObjectStore, clock: SteppedClock, mode: LockMode) -> None:
        info = put_one(store, key="records/a.json", lock=Lock(mode, clock.now() + BRIEF))
        clock.move(timedelta(milliseconds=200))
        with pytest.raises(RefusedError):
            store.delete(info.ref)
        pass_end(clock, info)
        store.delete(info.ref)
        assert store.versions(Bucket.LOCKED, "records/a.json") == []

    @pytest.mark.parametrize("mode", list(LockMode))
    def test_hold_blocks_delete_whatever_the_lock(self, store: ObjectStore, clock: SteppedClock, mode: LockMode) -> None:
        until = None if mode is LockMode.NONE else clock.now() + BRIEF
        info = put_one(store, key="records/a.json", lock=Lock(mode, until))
        store.set_hold(info.ref, on=True)
        store.set_hold(info.ref, on=True)
        pass_end(clock, info)
        with pytest.raises(RefusedError):
            store.delete(info.ref)
        assert store.head(info.ref).lock.hold
        store.set_hold(info.ref, on=False)
        store.delete(info.ref)

    def test_hold_given_with_the_put(self, store: ObjectStore) -> None:
        info = put_one(store, lock=Lock(hold=True))
        with pytest.raises(RefusedError):
            store.delete(info.ref)
        store.set_hold(info.ref, on=False)
        store.delete(info.ref)

    def test_a_final_lock_leaves_a_hold_alone(self, store: ObjectStore, clock: SteppedClock) -> None:
        info = put_one(store, lock=governed(clock))
        store.set_hold(info.ref, on=True)
        store.lock(info.ref, complied(clock))
        assert store.head(info.ref).lock.hold

    def test_holds_of_many_at_once(self, store: ObjectStore, clock: SteppedClock) -> None:
        arriving = put_one(store, lock=governed(clock))
        record = put_one(store, key="records/a.json")
        for _ in range(2):
            store.hold_group([arriving.ref, record.ref, record.ref], on=True)
        found = [store.head(info.ref) for info in (arriving, record)]
        assert [info.lock.hold for info in found] == [True, True]
        store.hold_group([arriving.ref], on=False)
        assert store.head(arriving.ref).intake, "a hold confirms nothing"
        store.hold_group([arriving.ref], on=True)
        store.protect([(arriving.ref, complied(clock))])
        assert store.head(arriving.ref).lock.hold, "the final lock leaves it"
        store.hold_group([record.ref], on=False)
        store.delete(record.ref)
        with pytest.raises(NotFoundError):
            store.hold_group([record.ref], on=True)

    def test_intake_lock_becomes_final(self, store: ObjectStore, clock: SteppedClock) -> None:
        info = put_one(store, lock=governed(clock))
        assert info.intake
        assert list(store.unconfirmed()) == list(store.list(Bucket.LOCKED)) == [info]
        final = complied(clock, 3)
        store.lock(info.ref, final)
        assert is_kept(store.head(info.ref).lock, final, self.SLACK)
        assert not store.head(info.ref).intake
        assert list(store.unconfirmed()) == []
        store.lock(info.ref, final)

    @pytest.mark.parametrize("units", [2, 100])
    def test_intake_lock_becomes_a_final_one_of_its_own_mode(self, store: ObjectStore, clock: SteppedClock, units: int) -> None:
        info = put_one(store, lock=governed(clock, 20))
        store.lock(info.ref, governed(clock, units))
        assert list(store.unconfirmed()) == []
        for weaker in (governed(clock, units - 1), Lock()):
            with pytest.raises(RefusedError):
                store.lock(info.ref, weaker)

    def test_same_date_confirms(self, store: ObjectStore, clock: SteppedClock) -> None:
        lock = governed(clock)
        info = put_one(store, lock=lock)
        store.lock(info.ref, lock)
        assert list(store.unconfirmed()) == []

    @pytest.mark.parametrize("seconds", range(11))
    def test_no_final_end_is_taken_for_that_of_an_intake(self, store: ObjectStore, clock: SteppedClock, seconds: int) -> None:
        info = put_one(store, lock=governed(clock))
        final = Lock(LockMode.GOVERNANCE, clock.now() + 30 * clock.unit + timedelta(seconds=seconds))
        store.protect([(info.ref, final)])
        assert is_kept(store.head(info.ref).lock, final, self.SLACK)
        assert list(store.unconfirmed()) == []

    def test_an_intake_lock_is_renewed_and_stays_one(self, store: ObjectStore, clock: SteppedClock) -> None:
        fresh, firm = (put_one(store, key=f"originals/a/b/{n}", lock=governed(clock)) for n in range(2))
        store.lock(firm.ref, governed(clock, 4))
        before, until = store.head(firm.ref), clock.now() + 40 * clock.unit
        store.renew([fresh.ref, firm.ref], until)
        store.renew([fresh.ref], clock.now() + 20 * clock.unit)
        assert is_kept(store.head(fresh.ref).lock, Lock(LockMode.GOVERNANCE, until), self.SLACK)
        assert store.head(firm.ref) == before
        assert [info.ref for info in store.unconfirmed()] == [fresh.ref]
        store.lock(fresh.ref, Lock())

    def test_an_intake_lock_that_ends_soon_is_renewed_for_whoever_finds_it(self, store: ObjectStore, clock: SteppedClock) -> None:
        there = put_one(store, lock=governed(clock, 20))
        (again,) = store.put([Put(Bucket.LOCKED, KEY, body=b"x", lock=governed(clock, 30))])
        assert (again.created, again.info) == (False, there)
        wanted = governed(clock, 90)
        (renewed,) = store.put([Put(Bucket.LOCKED, KEY, body=b"x", lock=wanted)])
        assert (renewed.created, renewed.info.ref, renewed.info.intake) == (False, there.ref, True)
        assert is_kept(renewed.info.lock, wanted, self.SLACK)
        assert store.head(there.ref) == renewed.info

    def test_a_final_lock_is_not_renewed_by_another_arrival(self, store: ObjectStore, clock: SteppedClock) -> None:
        there = put_one(store, lock=governed(clock))
        store.lock(there.ref, governed(clock, 4))
        before = store.head(there.ref)
        (again,) = store.put([Put(Bucket.LOCKED, KEY, body=b"x", lock=governed(clock, 90))])
        assert again.info == before == store.head(there.ref)

    def test_orphan_of_intake_can_go(self, store: ObjectStore, clock: SteppedClock) -> None:
        info = put_one(store, lock=governed(clock))
        with pytest.raises(RefusedError):
            store.delete(info.ref)
        store.lock(info.ref, Lock())
        store.delete(info.ref)
        assert list(store.unconfirmed()) == []

    def test_only_originals_have_an_intake_lock(self, store: ObjectStore, clock: SteppedClock) -> None:
        record = put_one(store, key="records/a.json", lock=governed(clock))
        final = put_one(store, lock=complied(clock))
        put_one(store, key=KEY + "2")
        assert list(store.unconfirmed()) == []
        for ref in (record.ref, final.ref):
            with pytest.raises(RefusedError):
                store.lock(ref, Lock())

    @pytest.mark.parametrize("mode", [LockMode.GOVERNANCE, LockMode.COMPLIANCE])
    def test_never_shortened(self, store: ObjectStore, clock: SteppedClock, mode: LockMode) -> None:
        key, until = "records/a.json", clock.now() + 6 * clock.unit
        info = put_one(store, key=key, lock=Lock(mode, until))
        for weaker in (Lock(mode, until - timedelta(seconds=1)), Lock()):
            with pytest.raises(RefusedError):
                store.lock(info.ref, weaker)
        assert is_kept(store.head(info.ref).lock, Lock(mode, until), self.SLACK)
        longer = Lock(mode, until + clock.unit)
        store.lock(info.ref, longer)
        assert is_kept(store.head(info.ref).lock, longer, self.SLACK)

    def test_never_weakened(self, store: ObjectStore, clock: SteppedClock) -> None:
        info = put_one(store, lock=Lock(LockMode.COMPLIANCE, clock.now() + BRIEF))
        with pytest.raises(RefusedError):
            store.lock(info.ref, governed(clock, 60))
        pass_end(clock, info)
        with pytest.raises(RefusedError):
            store.lock(info.ref, Lock())

    def test_governance_grows_to_compliance(self, store: ObjectStore, clock: SteppedClock) -> None:
        info = put_one(store, key="records/a.json", lock=governed(clock, 7))
        store.lock(info.ref, complied(clock, 8))
        assert store.head(info.ref).lock.mode is LockMode.COMPLIANCE

    def test_dates_must_be_ahead_and_have_a_zone(self, store: ObjectStore, clock: SteppedClock) -> None:
        info = put_one(store)
        past = Lock(LockMode.COMPLIANCE, clock.now() - timedelta(seconds=1))
        naive = Lock(LockMode.COMPLIANCE, (clock.now() + clock.unit).replace(tzinfo=None))
        for bad in (past, naive, Lock(LockMode.COMPLIANCE), Lock(LockMode.NONE, datetime(2999, 1, 1, tzinfo=UTC))):
            with pytest.raises(UsageError):
                store.lock(info.ref, bad)
            with pytest.raises(UsageError):
                store.put([Put(Bucket.LOCKED, "records/b", body=b"x", lock=bad)])
        assert store.versions(Bucket.LOCKED, "records/b") == []

    def test_same_lock_again_after_its_date(self, store: ObjectStore, clock: SteppedClock) -> None:
        lock = Lock(LockMode.COMPLIANCE, clock.now() + BRIEF)
        info = put_one(store, lock=lock)
        pass_end(clock, info)
        store.lock(info.ref, lock)

    def test_group_of_locks(self, store: ObjectStore, clock: SteppedClock) -> None:
        infos = [put_one(store, key=f"originals/a/b/{n}", lock=governed(clock)) for n in range(3)]
        final = complied(clock)
        store.lock_group([(info.ref, final) for info in infos])
        assert all(is_kept(store.head(info.ref).lock, final, self.SLACK) for info in infos)
        assert list(store.unconfirmed()) == []

    def test_a_refusal_in_a_group_of_locks_is_raised_and_those_before_it_stand(
        self, store: ObjectStore, clock: SteppedClock
    ) -> None:
        first, firm = (put_one(store, key=f"originals/a/b/{n}", lock=governed(clock)) for n in range(2))
        store.lock(firm.ref, complied(clock))
        before = store.head(firm.ref)
        with pytest.raises(RefusedError):
            store.lock_group([(info.ref, governed(clock, 3)) for info in (first, firm)])
        assert list(store.unconfirmed()) == []
        assert store.head(firm.ref) == before

    def test_one_version_twice_in_a_group_of_locks(self, store: ObjectStore, clock: SteppedClock) -> None:
        info = put_one(store, lock=governed(clock))
        longer = complied(clock, 8)
        with pytest.raises(RefusedError):
            store.lock_group([(info.ref, longer), (info.ref, complied(clock, 4))])
        assert is_kept(store.head(info.ref).lock, longer, self.SLACK)

    def test_protecting_replaces_an_intake_lock_and_otherwise_only_strengthens(
        self, store: ObjectStore, clock: SteppedClock
    ) -> None:
        fresh, firm = (put_one(store, key=f"originals/a/b/{n}", lock=governed(clock, 30)) for n in range(2))
        store.lock(firm.ref, complied(clock, 4))
        wanted = governed(clock, 8)
        store.protect([(fresh.ref, wanted), (firm.ref, wanted)])
        assert is_kept(store.head(fresh.ref).lock, wanted, self.SLACK)
        assert is_kept(store.head(firm.ref).lock, Lock(LockMode.COMPLIANCE, wanted.until), self.SLACK)
        store.protect([(firm.ref, Lock(hold=True)), (firm.ref, Lock())])
        assert is_kept(store.head(firm.ref).lock, Lock(LockMode.COMPLIANCE, wanted.until, hold=True), self.SLACK)
        assert list(store.unconfirmed()) == []

    @pytest.mark.parametrize(
        ("there", "asked", "kept"),
        [
            (LockMode.GOVERNANCE, LockMode.GOVERNANCE, LockMode.GOVERNANCE),
            (LockMode.GOVERNANCE, LockMode.COMPLIANCE, LockMode.COMPLIANCE),
            (LockMode.COMPLIANCE, LockMode.GOVERNANCE, LockMode.COMPLIANCE),
            (LockMode.GOVERNANCE, LockMode.NONE, LockMode.GOVERNANCE),
        ],
    )
    def test_protecting_never_moves_an_end_forward(
        self, store: ObjectStore, clock: SteppedClock, there: LockMode, asked: LockMode, kept: LockMode
    ) -> None:
        info = put_one(store, lock=governed(clock))
        later, sooner = clock.now() + 8 * clock.unit, clock.now() + 4 * clock.unit
        store.protect([(info.ref, Lock(there, later))])
        store.protect([(info.ref, Lock(asked, None if asked is LockMode.NONE else sooner))])
        assert is_kept(store.head(info.ref).lock, Lock(kept, later), self.SLACK)

    def test_protecting_an_arrival_with_no_lock_frees_it(self, store: ObjectStore, clock: SteppedClock) -> None:
        free, held = (put_one(store, key=f"originals/a/b/{n}", lock=governed(clock)) for n in range(2))
        store.protect([(free.ref, Lock()), (held.ref, Lock(hold=True))])
        assert store.head(free.ref).lock == Lock()
        assert store.head(held.ref).lock.hold
        assert list(store.unconfirmed()) == []
        store.delete(free.ref)
        with pytest.raises(RefusedError):
            store.delete(held.ref)

    def test_many_unconfirmed(self, store: ObjectStore, clock: SteppedClock) -> None:
        lock = governed(clock)
        keys = {f"originals/a/b/{n:04d}" for n in range(self.MANY)}
        store.put(Put(Bucket.LOCKED, key, lock=lock) for key in keys)
        assert {info.ref.key for info in store.unconfirmed()} == keys
