"""What only the embedded store has: plain files, a table of locks, and eyes for what others do to them."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from archiver.adapters.objects import disk
from archiver.adapters.objects.embedded import EmbeddedStore
from archiver.adapters.objects.view import UNEXPECTED
from archiver.domain.document import LockMode
from archiver.errors import (
    IntegrityError,
    NoArchiveError,
    NotFoundError,
    NotPermittedError,
    RefusedError,
    UnreachableError,
    UsageError,
)
from archiver.ports.objects import Bucket, Lock, ObjectInfo, ObjectRef, Put, Staged
from tests.support.moving_clock import MovingClock

KEY = "originals/c/k/ab/abc"


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def store(root: Path, clock: MovingClock) -> Iterator[EmbeddedStore]:
    store = EmbeddedStore(root, clock)
    yield store
    store.close()


def put_one(store: EmbeddedStore, body: bytes = b"minute", key: str = KEY, lock: Lock | None = None) -> ObjectInfo:
    (result,) = store.put([Put(Bucket.LOCKED, key, body=body, lock=lock or Lock())])
    return result.info


def overwrite(path: Path, body: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(body)


def test_an_object_is_a_plain_read_only_file_under_its_key(store: EmbeddedStore, root: Path) -> None:
    put_one(store)
    path = root / "locked" / KEY
    assert path.read_bytes() == b"minute"
    assert stat.S_IMODE(path.stat().st_mode) == 0o440
    assert path.stat().st_nlink == 1
    assert list((root / "staging").iterdir()) == []


def test_every_name_and_byte_is_synced(store: EmbeddedStore, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: set[int] = set()
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (synced.add(os.fstat(descriptor).st_ino), sync(descriptor)))
    store.put(
        [Put(Bucket.LOCKED, "new/folder/staged", staged=store.stage([b"x"])), Put(Bucket.LOCKED, "new/other/body", body=b"x")]
    )
    named = ("new/folder/staged", "new/other/body", "new/folder", "new/other", "new", ".")
    assert {(root / "locked" / name).stat().st_ino for name in named} <= synced


def test_staging_is_emptied_when_opened(store: EmbeddedStore, root: Path, clock: MovingClock) -> None:
    store.stage([b"left"])
    store.close()
    EmbeddedStore(root, clock).close()
    assert list((root / "staging").iterdir()) == []


def test_a_file_of_another_size_is_seen(store: EmbeddedStore, root: Path) -> None:
    info = put_one(store)
    overwrite(root / "locked" / KEY, b"forged minute")
    assert store.head(info.ref).sha256 == ""
    assert [found.sha256 for found in store.list(Bucket.LOCKED)] == [""]
    (again,) = store.put([Put(Bucket.LOCKED, KEY, body=b"minute")])
    assert (again.created, again.info.sha256) == (False, "")


def test_a_file_that_was_never_put_is_seen(store: EmbeddedStore, root: Path) -> None:
    put_one(store)
    stray = root / "locked" / "originals/c/k/ab/stray"
    stray.write_bytes(b"x")
    (root / "locked" / os.fsdecode(b"caf\xe9")).write_bytes(b"x")
    found = {info.ref.key: info for info in store.list(Bucket.LOCKED)}
    assert {key for key, info in found.items() if info.ref.version == UNEXPECTED} == {"originals/c/k/ab/stray", "caf\udce9"}
    (seen,) = store.versions(Bucket.LOCKED, "originals/c/k/ab/stray")
    assert (seen.ref.version, seen.sha256) == (UNEXPECTED, "")
    with pytest.raises(NotFoundError):
        store.open(seen.ref)
    (result,) = store.put([Put(Bucket.LOCKED, "originals/c/k/ab/stray", body=b"x")])
    assert (result.created, result.info) == (False, seen)
    assert stray.read_bytes() == b"x"


def test_a_link_in_place_of_an_object_is_not_followed(store: EmbeddedStore, root: Path, tmp_path: Path) -> None:
    info = put_one(store)
    (tmp_path / "elsewhere").write_bytes(b"minute")
    (root / "locked" / KEY).unlink()
    (root / "locked" / KEY).symlink_to(tmp_path / "elsewhere")
    assert store.head(info.ref).sha256 == ""
    with pytest.raises(IntegrityError):
        store.open(info.ref)


def test_a_lost_object_is_absent_and_may_come_back(store: EmbeddedStore, root: Path, clock: MovingClock) -> None:
    lock = Lock(LockMode.COMPLIANCE, clock.now() + timedelta(days=9))
    info = put_one(store, lock=lock)
    (root / "locked" / KEY).unlink()
    for call in (store.head, store.open, store.local_path, store.delete):
        with pytest.raises(NotFoundError):
            call(info.ref)
    assert list(store.list(Bucket.LOCKED)) == []
    (other,) = store.put([Put(Bucket.LOCKED, KEY, body=b"something else")])
    assert not other.created
    (same,) = store.put([Put(Bucket.LOCKED, KEY, body=b"minute")])
    assert same.created
    assert store.head(info.ref) == info


def test_bytes_that_change_on_their_way_are_not_left_behind(store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    placed = disk.place

    def forge(staged: str, target: str) -> bool:
        if target.endswith("bad"):
            overwrite(Path(staged), b"minutf")
        return placed(staged, target)

    monkeypatch.setattr(disk, "place", forge)
    with pytest.raises(IntegrityError, match="records/bad"):
        store.put([Put(Bucket.LOCKED, f"records/{name}", body=b"minute") for name in ("a", "bad", "c")])
    assert {info.ref.key for info in store.list(Bucket.LOCKED)} == {"records/a", "records/c"}


@pytest.mark.parametrize("step", ["write_new", "harden", "sync_file", "make_folders", "place", "sync_folder", "read_back"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_a_failing_disk_is_unreachable_and_nothing_half_done_stays(
    store: EmbeddedStore, root: Path, monkeypatch: pytest.MonkeyPatch, step: str, code: int
) -> None:
    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code), "/disk")

    puts = [Put(Bucket.LOCKED, f"records/{n}", body=b"x") for n in range(3)]
    with monkeypatch.context() as patch:
        patch.setattr(disk, step, fail)
        staged = Put(Bucket.LOCKED, "records/staged", staged=store.stage([b"x"]))
        with pytest.raises(UnreachableError, match=os.strerror(code)):
            store.put([*puts, staged])
        assert list(store.list(Bucket.LOCKED)) == []
    assert all(result.created == (step not in ("sync_folder", "read_back")) for result in store.put(puts))
    assert len([info for info in store.list(Bucket.LOCKED) if info.ref.key != "records/staged"]) == 3
    assert list((root / "staging").iterdir()) == []


def test_a_full_disk_while_staging_leaves_nothing(store: EmbeddedStore, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk, "write_all", full)
    with pytest.raises(UnreachableError, match="No space"):
        store.stage([b"x"])
    assert list((root / "staging").iterdir()) == []


def test_file_systems_without_hard_links(store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    info = put_one(store)
    assert store.head(info.ref) == info
    assert not store.put([Put(Bucket.LOCKED, KEY, body=b"other")])[0].created


def test_a_folder_removed_by_somebody_is_made_again(store: EmbeddedStore, root: Path) -> None:
    info = put_one(store)
    store.delete(info.ref)
    (root / "locked/originals/c/k/ab").rmdir()
    with pytest.raises(UnreachableError):
        put_one(store)
    assert put_one(store).size == 6


def test_a_key_under_another_object(store: EmbeddedStore) -> None:
    put_one(store, key="records/a")
    with pytest.raises(UsageError):
        put_one(store, key="records/a/b")
    assert [info.ref.key for info in store.list(Bucket.LOCKED)] == ["records/a"]


def test_only_handles_that_were_given_are_taken(store: EmbeddedStore) -> None:
    for handle in ("../locked/x", "", ".."):
        with pytest.raises(UsageError):
            store.put([Put(Bucket.LOCKED, KEY, staged=Staged(handle, 1, "0" * 64))])
        with pytest.raises(UsageError):
            store.discard(Staged(handle, 1, "0" * 64))


def test_readers_beside_a_writer(store: EmbeddedStore, root: Path, clock: MovingClock) -> None:
    reader = EmbeddedStore(root, clock, read_only=True)
    info = put_one(store)
    store.stage([b"on its way"])
    assert list(reader.list(Bucket.LOCKED)) == [info]
    with reader.open(info.ref) as file:
        assert file.read() == b"minute"
    for write in (
        lambda: reader.stage([b""]),
        lambda: reader.put([]),
        lambda: reader.delete(info.ref),
        lambda: reader.lock(info.ref, Lock()),
    ):
        with pytest.raises(NotPermittedError):
            write()
    reader.close()
    assert len(list((root / "staging").iterdir())) == 1


def test_no_store_to_read(root: Path, clock: MovingClock) -> None:
    with pytest.raises(NoArchiveError):
        EmbeddedStore(root, clock, read_only=True)
    assert not root.exists()


@pytest.mark.parametrize("read_only", [True, False])
def test_objects_without_their_table_of_locks(store: EmbeddedStore, root: Path, clock: MovingClock, read_only: bool) -> None:
    put_one(store)
    store.close()
    (root / "locks.sqlite").unlink()
    with pytest.raises(IntegrityError, match="gone"):
        EmbeddedStore(root, clock, read_only=read_only)


def test_a_damaged_table_of_locks(store: EmbeddedStore, root: Path, clock: MovingClock) -> None:
    put_one(store)
    store.close()
    (root / "locks.sqlite").write_bytes(b"not a database at all" * 1000)
    with pytest.raises(IntegrityError, match="damaged"):
        EmbeddedStore(root, clock)


def test_a_table_of_a_newer_program(store: EmbeddedStore, root: Path, clock: MovingClock) -> None:
    store.close()
    with sqlite3.connect(root / "locks.sqlite") as table:
        table.execute("PRAGMA user_version = 99")
    table.close()
    with pytest.raises(IntegrityError, match="newer"):
        EmbeddedStore(root, clock)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE locks SET until = '2026-01-16T00:00:00.000000+00:00'",
        "UPDATE locks SET mode = 'governance'",
        "UPDATE locks SET mode = 'none', until = NULL",
        "UPDATE locks SET intake = 1",
        "UPDATE locks SET state = 'leaving'",
        "UPDATE locks SET state = 'arriving'",
        "UPDATE locks SET sha256 = zeroblob(32)",
        "UPDATE locks SET size = 1",
        "UPDATE locks SET key = 'other'",
        "DELETE FROM locks",
    ],
)
def test_the_table_itself_refuses(store: EmbeddedStore, clock: MovingClock, statement: str) -> None:
    """Were the program's own checks wrong, the triggers would still hold."""
    info = put_one(store, lock=Lock(LockMode.COMPLIANCE, clock.now() + timedelta(days=30)))
    with pytest.raises(sqlite3.IntegrityError):
        store._rows._db.execute(statement)
    assert store.head(info.ref) == info


def test_the_table_refuses_to_let_go_of_what_is_on_hold(store: EmbeddedStore) -> None:
    info = put_one(store, lock=Lock(hold=True))
    with pytest.raises(RefusedError):
        store._rows.leave(store._view.row(info.ref).at)
    assert store.head(info.ref) == info


def test_dates_survive_to_the_microsecond_and_across_zones(store: EmbeddedStore, clock: MovingClock) -> None:
    from datetime import timezone

    paris = timezone(timedelta(hours=1))
    until = (clock.now() + timedelta(days=1, microseconds=7)).astimezone(paris)
    info = put_one(store, key="records/a", lock=Lock(LockMode.COMPLIANCE, until))
    assert store.head(info.ref).lock.until == until


def test_nothing_is_found_under_a_version_that_never_was(store: EmbeddedStore) -> None:
    put_one(store)
    with pytest.raises(NotFoundError):
        store.head(ObjectRef(Bucket.LOCKED, KEY, "2"))


def test_two_stores_of_one_process_never_share_a_file_on_its_way_in(root: Path, clock: MovingClock) -> None:
    first, second = EmbeddedStore(root, clock), EmbeddedStore(root, clock, beside=True)
    staged = [one.stage([name.encode()]) for name in ("a", "b", "c") for one in (first, second)]
    assert len({each.handle for each in staged}) == 6
    for name, each in zip("aabbcc", staged, strict=True):
        assert (root / "staging" / each.handle).read_bytes() == name.encode()
    first.close()
    second.close()
