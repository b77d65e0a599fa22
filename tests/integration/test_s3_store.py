"""What only a store elsewhere has: versions on top of versions, parts, local copies, buckets; on a real server."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from archiver.adapters.objects import s3_buckets, s3_xml
from archiver.adapters.objects.s3 import S3Store, create_buckets
from archiver.adapters.objects.s3_address import parse_address
from archiver.adapters.objects.s3_wire import Call, S3Wire
from archiver.domain.document import LockMode
from archiver.errors import IntegrityError, NotFoundError, NotPermittedError, RefusedError, UsageError
from archiver.ports.objects import Bucket, Lock, ObjectInfo, Put, Staged
from archiver.services.lock_probe import probe
from tests.support.fault_proxy import Fault, FaultProxy, fault_proxy
from tests.support.moving_clock import RealClock
from tests.support.s3_buckets import buckets, fresh_url, remove_buckets

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with buckets(tmp_path_factory.mktemp("scratch")) as url:
        yield url


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[S3Store]:
    store = S3Store(url, RealClock(), scratch=tmp_path / "scratch")
    yield store
    store.close()


@pytest.fixture
def proxy(url: str) -> Iterator[FaultProxy]:
    with fault_proxy(urlsplit(url).netloc.rpartition("@")[2]) as proxy:
        yield proxy


def behind(url: str, proxy: FaultProxy) -> str:
    return url.replace(urlsplit(url).netloc.rpartition("@")[2], f"{proxy.host}:{proxy.port}")


def some_key(prefix: str = "records") -> str:
    return f"{prefix}/{os.urandom(8).hex()}"


def put_one(store: S3Store, body: bytes = b"minute", key: str = "", lock: Lock | None = None) -> ObjectInfo:
    return store.put([Put(Bucket.LOCKED, key or some_key(), body=body, lock=lock or Lock())])[0].info


def arrival(days: int = 7) -> Lock:
    return Lock(LockMode.GOVERNANCE, RealClock().now() + timedelta(days=days))


# -- versions on top -------------------------------------------------------------------------------------------------
def test_a_forged_version_is_seen_and_not_followed(store: S3Store) -> None:
    info = put_one(store, lock=arrival())
    store.overwrite(Bucket.LOCKED, info.ref.key, b"forged")
    first, forged = store.versions(Bucket.LOCKED, info.ref.key)
    assert first == info
    assert (forged.sha256, forged.size, forged.ref.key) == ("", 6, info.ref.key)
    assert sorted(one.sha256 for one in store.list(Bucket.LOCKED, info.ref.key)) == ["", info.sha256]
    with store.open(info.ref) as stream:
        assert stream.read() == b"minute"
    (again,) = store.put([Put(Bucket.LOCKED, info.ref.key, body=b"minute", lock=arrival())])
    assert (again.created, again.info) == (False, info)
    store.delete(forged.ref)
    assert store.versions(Bucket.LOCKED, info.ref.key) == [info]


def test_a_forged_version_of_the_same_bytes_is_no_stand_in(store: S3Store) -> None:
    info = put_one(store, lock=arrival())
    store.overwrite(Bucket.LOCKED, info.ref.key, b"minute")
    assert [one.sha256 for one in store.versions(Bucket.LOCKED, info.ref.key)] == [info.sha256, ""]


@pytest.mark.parametrize("bucket", list(Bucket))
def test_a_delete_marker_is_seen_and_hides_nothing(store: S3Store, bucket: Bucket) -> None:
    (result,) = store.put([Put(bucket, some_key("texts"), body=b"minute")])
    info = result.info
    store.hide(bucket, info.ref.key)
    first, marker = store.versions(bucket, info.ref.key)
    assert (first, marker.sha256, marker.size) == (info, "", 0)
    with store.open(info.ref) as stream:
        assert stream.read() == b"minute"
    for call in (store.head, store.open):
        with pytest.raises(NotFoundError):
            call(marker.ref)
    store.delete(marker.ref)
    assert store.versions(bucket, info.ref.key) == [info]


def test_more_versions_than_a_page_has_and_keys_that_only_begin_alike(store: S3Store) -> None:
    info = put_one(store)
    put_one(store, key=f"{info.ref.key}-other")
    for number in range(24):
        store.overwrite(Bucket.LOCKED, info.ref.key, str(number).encode())
    found = store.versions(Bucket.LOCKED, info.ref.key)
    assert len(found) == 25
    assert found[0] == info
    assert [one.size for one in found[1:]] == [len(str(number)) for number in range(24)]
    assert [one.sha256 for one in found[1:]] == [""] * 24


def test_bytes_whose_digest_the_store_does_not_know_are_strangers(store: S3Store) -> None:
    key = some_key()
    store._wire.send(Call("writing", "PUT", Bucket.LOCKED, key, body=b"never put"))
    assert [one.sha256 for one in store.versions(Bucket.LOCKED, key)] == [""]


def test_a_listing_that_tells_no_locks_is_enough(store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh, firm = (put_one(store, key=some_key("originals/plain/listing"), lock=arrival()) for _ in range(2))
    store.protect([(firm.ref, arrival(30))])
    page = s3_xml.page

    def bare(body: bytes) -> s3_xml.Page:
        found = page(body)
        return replace(found, versions=[replace(one, facts={}) for one in found.versions])

    monkeypatch.setattr(s3_xml, "page", bare)
    assert [info for info in store.unconfirmed() if info.ref.key.startswith("originals/plain/")] == [fresh]


def test_one_of_many_writers_creates(url: str, tmp_path: Path) -> None:
    key, stores = some_key(), [S3Store(url, RealClock(), scratch=tmp_path) for _ in range(6)]
    with ThreadPoolExecutor(6) as threads:
        put = Put(Bucket.LOCKED, key, body=b"minute")
        results = [result for (result,) in threads.map(lambda store: store.put([put]), stores)]
    assert sum(result.created for result in results) == 1
    assert len({result.info.ref for result in results}) == 1
    for store in stores:
        store.close()


def test_many_threads_protect_one_version(store: S3Store) -> None:
    info, now = put_one(store, key=some_key("originals/a/b"), lock=arrival()), RealClock().now()
    locks = [
        Lock(mode, now + timedelta(seconds=start + n % 6))
        for n in range(24)
        for mode, start in ((LockMode.GOVERNANCE, 8), (LockMode.COMPLIANCE, 4))
    ]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda lock: store.protect([(info.ref, lock)]), locks))
    found = store.head(info.ref).lock
    assert found.mode is LockMode.COMPLIANCE
    assert found.until is not None
    assert now + timedelta(seconds=13) <= found.until <= now + timedelta(seconds=16)


# -- parts -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def in_parts(url: str, proxy: FaultProxy, tmp_path: Path) -> Iterator[S3Store]:
    store = S3Store(behind(url, proxy), RealClock(), scratch=tmp_path / "parts", single=MIB, part=5 * MIB, patience=2.0)
    yield store
    store.close()


def uploads(url: str) -> bytes:
    with closing(S3Wire(parse_address(url))) as wire:
        return wire.send(Call("listing", "GET", Bucket.LOCKED, query=(("uploads", ""),))).data


def test_a_large_object_goes_in_parts_and_is_like_any_other(in_parts: S3Store, url: str) -> None:
    body, key, lock = os.urandom(12 * MIB + 5), some_key("originals/a/b"), arrival()
    staged = in_parts.stage([body[: 7 * MIB], body[7 * MIB :]])
    (result,) = in_parts.put([Put(Bucket.LOCKED, key, staged=staged, lock=lock)])
    info = result.info
    assert result.created
    assert (info.size, info.sha256, info.intake) == (len(body), hashlib.sha256(body).hexdigest(), True)
    assert info.lock.until is not None
    assert info.lock.until >= lock.until  # type: ignore[operator]
    assert in_parts.versions(Bucket.LOCKED, key) == [info]
    with in_parts.open(info.ref) as stream:
        assert stream.read() == body
    with pytest.raises(RefusedError):
        in_parts.delete(info.ref)
    (again,) = in_parts.put([Put(Bucket.LOCKED, key, staged=in_parts.stage([body]), lock=lock)])
    assert (again.created, again.info) == (False, info)
    assert b"<Upload>" not in uploads(url)


def test_a_key_that_is_taken_while_parts_go_up_stays_with_the_first(
    in_parts: S3Store, store: S3Store, proxy: FaultProxy, url: str
) -> None:
    key, body = some_key(), os.urandom(6 * MIB)
    proxy.faults += [("POST", Fault()), ("POST", Fault(meanwhile=lambda: put_one(store, key=key) and None))]
    (result,) = in_parts.put([Put(Bucket.LOCKED, key, staged=in_parts.stage([body]))])
    assert not result.created
    assert result.info.size == 6
    assert len(store.versions(Bucket.LOCKED, key)) == 1
    assert b"<Upload>" not in uploads(url)


def test_a_part_that_changes_on_the_way_is_refused_and_nothing_is_left(in_parts: S3Store, proxy: FaultProxy, url: str) -> None:
    key = some_key()
    proxy.faults += [("PUT", Fault()), ("PUT", Fault(flip_request=True))]
    with pytest.raises(IntegrityError):
        in_parts.put([Put(Bucket.LOCKED, key, staged=in_parts.stage([os.urandom(11 * MIB)]))])
    assert in_parts.versions(Bucket.LOCKED, key) == []
    assert b"<Upload>" not in uploads(url)


@pytest.mark.parametrize("size", [1000, 11 * MIB])
def test_staged_bytes_that_change_on_this_disk_are_refused(in_parts: S3Store, size: int) -> None:
    key, staged = some_key(), in_parts.stage([os.urandom(size)])
    (path,) = [path for path in in_parts._scratch.folder.iterdir() if path.name == staged.handle]
    path.write_bytes(os.urandom(size))
    with pytest.raises(IntegrityError):
        in_parts.put([Put(Bucket.LOCKED, key, staged=staged)])
    assert in_parts.versions(Bucket.LOCKED, key) == []


# -- local files -----------------------------------------------------------------------------------------------------
def test_one_copy_serves_all_who_ask_at_once(url: str, proxy: FaultProxy, tmp_path: Path) -> None:
    store = S3Store(behind(url, proxy), RealClock(), scratch=tmp_path)
    info = put_one(store, os.urandom(MIB))
    proxy.methods()
    barrier = threading.Barrier(8)

    def use(_: int) -> str:
        barrier.wait()
        path = store.local_path(info.ref)
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        store.release_path(info.ref)
        return found

    held = store.local_path(info.ref)
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(use, range(8))) == {info.sha256}
    assert proxy.methods() == ["GET"]
    assert held.exists()
    store.release_path(info.ref)
    assert not held.exists()
    store.close()


def test_nothing_stays_in_scratch(store: S3Store, tmp_path: Path) -> None:
    staged = store.stage([b"x" * 70_000])
    dropped = store.stage([b"y"])
    store.discard(dropped)
    put = Put(Bucket.LOCKED, some_key(), staged=staged)
    store.put([put])
    assert list(store._scratch.folder.iterdir()) == []
    store.stage([b"z"])
    store.close()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_handle_that_was_never_given(store: S3Store) -> None:
    for handle in ("", "..", "a/b", "/etc/passwd"):
        with pytest.raises(UsageError):
            store.put([Put(Bucket.LOCKED, some_key(), staged=Staged(handle, 1, "0" * 64))])


LEAVE = """
import os, sys
from pathlib import Path
from archiver.adapters.objects.s3_scratch import Scratch
scratch = Scratch(Path(sys.argv[1]))
scratch.stage([b"left"])
print(scratch.folder, flush=True)
if sys.argv[2] == "wait":
    sys.stdin.read()
os._exit(9)
"""


def test_what_a_killed_process_left_goes_and_what_a_living_one_uses_stays(url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", LEAVE, str(tmp_path)]
    with subprocess.Popen([*command, "wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as living:
        assert living.stdout is not None
        used = Path(living.stdout.readline().strip())
        left = Path(subprocess.run([*command, "die"], stdout=subprocess.PIPE, text=True, check=False).stdout.strip())
        assert len(list(left.iterdir())) == 1
        store = S3Store(url, RealClock(), scratch=tmp_path)
        assert not left.exists()
        assert len(list(used.iterdir())) == 1
        store.close()
        living.communicate()
    S3Store(url, RealClock(), scratch=tmp_path).close()
    assert list(tmp_path.iterdir()) == []


# -- buckets ---------------------------------------------------------------------------------------------------------
def test_buckets_are_made_once_and_say_what_they_are(url: str, store: S3Store) -> None:
    create_buckets(url)
    facts = store.facts()
    assert (facts.locks_by_store, facts.versioned, facts.redundant) == (True, True, None)
    assert facts.time is not None
    assert abs(facts.time - RealClock().now()) < timedelta(seconds=30)
    assert parse_address(url).secret_key not in f"{facts} {parse_address(url)!r}"


def test_a_bucket_without_object_lock_is_refused(tmp_path: Path) -> None:
    url = fresh_url()
    with closing(S3Wire(parse_address(url))) as wire:
        for bucket in Bucket:
            wire.send(Call("making", "PUT", bucket))
        with pytest.raises(RefusedError, match="without Object Lock"):
            create_buckets(url)
        assert not s3_buckets.lock_enabled(wire)
    remove_buckets(url, tmp_path)


def test_a_store_opened_for_reading_only_writes_nothing(url: str, store: S3Store, tmp_path: Path) -> None:
    info = put_one(store)
    reader = S3Store(url, RealClock(), scratch=tmp_path / "reader", read_only=True)
    with reader.open(info.ref) as stream:
        assert stream.read() == b"minute"
    assert reader.local_path(info.ref).read_bytes() == b"minute"
    for call in (
        lambda: put_one(reader),
        lambda: reader.stage([b"x"]),
        lambda: reader.lock(info.ref, Lock()),
        lambda: reader.protect([(info.ref, Lock())]),
        lambda: reader.renew([info.ref], RealClock().now()),
        lambda: reader.set_hold(info.ref, True),
        lambda: reader.delete(info.ref),
        lambda: reader.delete_bypassing(info.ref),
    ):
        with pytest.raises(NotPermittedError):
            call()
    reader.close()


# -- the lock probe --------------------------------------------------------------------------------------------------
def test_the_lock_probe_finds_nothing_and_leaves_nothing(store: S3Store) -> None:
    import time

    assert probe(store, RealClock(), time.sleep) == []
    assert list(store.list(Bucket.LOCKED, "canary/")) == []


def test_the_lock_probe_finds_a_store_that_forgets_locks(url: str, proxy: FaultProxy, tmp_path: Path) -> None:
    """Each write's lock is taken off again before it is read back, and HEAD goes on telling of it."""
    import time

    class Forgetful(S3Store):
        def put(self, group):  # type: ignore[no-untyped-def]
            results = []
            for put in group:
                (result,) = super().put([replace(put, lock=Lock())])
                results.append(replace(result, info=replace(result.info, lock=put.lock)))
            return results

    store = Forgetful(url, RealClock(), scratch=tmp_path)
    told = probe(store, RealClock(), time.sleep)
    assert "removed a locked version" in told
    assert "removed a locked version for one who may overlook GOVERNANCE" in told
    assert "took a lock away" in told
    assert "removed a version under legal hold" not in told
    store.close()
