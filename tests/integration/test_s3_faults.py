"""A store in trouble, or a network that spoils things: a real server behind a proxy that fails on demand."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from archiver.adapters.objects import s3_wire
from archiver.adapters.objects.s3 import S3Store, create_buckets
from archiver.domain.document import LockMode
from archiver.errors import (
    IntegrityError,
    MinutierError,
    NoArchiveError,
    NotFoundError,
    NotPermittedError,
    UnreachableError,
    UsageError,
)
from archiver.ports.objects import Bucket, Lock, ObjectInfo, Put
from tests.support.fault_proxy import Fault, FaultProxy, fault_proxy
from tests.support.moving_clock import RealClock
from tests.support.s3_buckets import buckets, fresh_url

KEY = "originals/factures/FR-ACCOUNTING/ab/ab01"
PATIENCE = 1.0
LARGE = 3 * 1024 * 1024


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with buckets(tmp_path_factory.mktemp("scratch")) as url:
        yield url


@pytest.fixture
def proxy(url: str) -> Iterator[FaultProxy]:
    with fault_proxy(urlsplit(url).netloc.rpartition("@")[2]) as proxy:
        yield proxy


@pytest.fixture
def store(url: str, proxy: FaultProxy, tmp_path: Path) -> Iterator[S3Store]:
    store = S3Store(through(url, proxy), RealClock(), scratch=tmp_path, patience=PATIENCE)
    yield store
    store.close()


def through(url: str, proxy: FaultProxy) -> str:
    return url.replace(urlsplit(url).netloc.rpartition("@")[2], f"{proxy.host}:{proxy.port}")


def put_one(store: S3Store, body: bytes = b"minute") -> ObjectInfo:
    return store.put([Put(Bucket.LOCKED, f"records/{os.urandom(8).hex()}", body=body)])[0].info


def calls(store: S3Store, info: ObjectInfo) -> dict[str, Callable[[], object]]:
    """Everything one can ask."""
    return {
        "put": lambda: put_one(store),
        "open": lambda: store.open(info.ref).read(),
        "local_path": lambda: store.local_path(info.ref),
        "head": lambda: store.head(info.ref),
        "versions": lambda: store.versions(Bucket.LOCKED, info.ref.key),
        "list": lambda: list(store.list(Bucket.LOCKED)),
        "unconfirmed": lambda: list(store.unconfirmed()),
        "lock": lambda: store.lock(info.ref, Lock()),
        "protect": lambda: store.protect([(info.ref, Lock(LockMode.GOVERNANCE, RealClock().now() + timedelta(minutes=1)))]),
        "renew": lambda: store.renew([info.ref], RealClock().now() + timedelta(minutes=1)),
        "hold": lambda: store.set_hold(info.ref, on=True),
        "delete": lambda: store.delete(info.ref),
        "facts": store.facts,
    }


CALLS = (
    "put", "open", "local_path", "head", "versions", "list", "unconfirmed", "lock", "protect", "renew", "hold",
    "delete", "facts",
)  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_a_store_whose_disk_fails_is_out_of_reach_in_bounded_time_and_never_empty(
    store: S3Store, proxy: FaultProxy, name: str
) -> None:
    info = put_one(store)
    proxy.always = Fault(status=503)
    began = time.monotonic()
    with pytest.raises(UnreachableError, match="503"):
        calls(store, info)[name]()
    assert time.monotonic() - began < PATIENCE * 4
    assert len(proxy.methods()) > 2


@pytest.mark.parametrize("name", CALLS)
def test_a_store_that_is_in_trouble_for_a_moment_is_asked_again(store: S3Store, proxy: FaultProxy, name: str) -> None:
    info = put_one(store)
    proxy.faults += [("", Fault(status=503)), ("", Fault(status=500)), ("", Fault(lose=True))]
    calls(store, info)[name]()
    assert proxy.faults == []
    if name == "local_path":
        store.release_path(info.ref)


@pytest.mark.parametrize("name", CALLS)
def test_nothing_listens_there(store: S3Store, url: str, tmp_path: Path, name: str) -> None:
    info = put_one(store)
    nowhere = S3Store(
        url.replace(urlsplit(url).netloc, "KEYID:hush-hush@127.0.0.1:1"), RealClock(), scratch=tmp_path, patience=0.2
    )
    with pytest.raises(UnreachableError) as caught:
        calls(nowhere, info)[name]()
    assert "hush-hush" not in f"{caught.value} {caught.value.remedy} {caught.value.__cause__}"
    nowhere.close()


def test_a_store_that_hangs_is_out_of_reach(url: str, proxy: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_wire, "READ", 0.2)
    store = S3Store(through(url, proxy), RealClock(), scratch=tmp_path, patience=0.5)
    proxy.always = Fault(delay=1.0)
    with pytest.raises(UnreachableError):
        put_one(store)
    proxy.always = None
    store.close()


@pytest.mark.parametrize("name", CALLS)
def test_buckets_that_are_gone_are_no_archive_and_not_an_empty_one(store: S3Store, tmp_path: Path, name: str) -> None:
    info = put_one(store)
    elsewhere = S3Store(fresh_url(), RealClock(), scratch=tmp_path, patience=PATIENCE)
    with pytest.raises(NoArchiveError, match="has no bucket"):
        calls(elsewhere, info)[name]()
    elsewhere.close()


@pytest.mark.parametrize("name", CALLS)
def test_a_key_that_is_not_accepted(store: S3Store, url: str, tmp_path: Path, name: str) -> None:
    info = put_one(store)
    credentials = urlsplit(url).netloc.rpartition("@")[0]
    for wrong in ("unknown:hush-hush", f"{credentials.partition(':')[0]}:hush-hush"):
        stranger = S3Store(url.replace(credentials, wrong), RealClock(), scratch=tmp_path, patience=PATIENCE)
        with pytest.raises(NotPermittedError, match="does not accept the key") as caught:
            calls(stranger, info)[name]()
        assert "hush-hush" not in f"{caught.value} {caught.value.remedy}"
        stranger.close()


def test_clocks_that_differ_are_told(store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime.now(UTC) + timedelta(hours=1)

    monkeypatch.setattr(s3_wire, "datetime", Late)
    with pytest.raises(UnreachableError, match="too far apart"):
        put_one(store)


def test_an_answer_that_is_lost_does_not_make_two_of_one(store: S3Store, proxy: FaultProxy) -> None:
    proxy.faults.append(("PUT", Fault(lose=True)))
    (result,) = store.put([Put(Bucket.LOCKED, KEY, body=b"minute")])
    assert [info.ref for info in store.versions(Bucket.LOCKED, KEY)] == [result.info.ref]
    with store.open(result.info.ref) as stream:
        assert stream.read() == b"minute"


def test_a_body_that_breaks_off_is_taken_up_where_it_broke(store: S3Store, proxy: FaultProxy) -> None:
    body = os.urandom(LARGE)
    info = put_one(store, body)
    proxy.methods()
    proxy.faults += [("GET", Fault(cut=1_000_000)), ("GET", Fault(cut=0)), ("GET", Fault(cut=700_001))]
    with store.open(info.ref) as stream:
        assert stream.read() == body
    assert proxy.methods() == ["GET"] * 4


@pytest.mark.parametrize("size", [6, LARGE])
def test_a_body_that_breaks_off_again_and_again_is_out_of_reach(store: S3Store, proxy: FaultProxy, size: int) -> None:
    info = put_one(store, os.urandom(size))
    proxy.always = Fault(cut=0)
    with pytest.raises(UnreachableError, match="broke off"), store.open(info.ref) as stream:
        stream.read()


@pytest.mark.parametrize("size", [6, LARGE])
def test_bytes_that_change_on_the_way_out_are_refused(store: S3Store, proxy: FaultProxy, size: int, tmp_path: Path) -> None:
    info = put_one(store, os.urandom(size))
    proxy.always = Fault(flip_answer=True)
    with pytest.raises(IntegrityError), store.open(info.ref) as stream:
        list(iter(lambda: stream.read(size // 3), b""))
    with pytest.raises(IntegrityError):
        store.local_path(info.ref)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"] == []


@pytest.mark.parametrize("size", [6, LARGE])
def test_an_object_the_store_alone_can_t_read_is_damaged(store: S3Store, proxy: FaultProxy, size: int) -> None:
    put_one(store)
    info = put_one(store, os.urandom(size))
    path = f"GET /{store._wire.address.bucket(Bucket.LOCKED)}/{info.ref.key}"
    if size == LARGE:
        proxy.faults.append((path, Fault(cut=1_000_000)))
    proxy.faults += [(path, Fault(status=503))] * 50
    with pytest.raises(IntegrityError, match="damaged there"), store.open(info.ref) as stream:
        stream.read()


def test_a_store_that_can_read_again_when_another_object_was_read_was_only_busy(store: S3Store, proxy: FaultProxy) -> None:
    put_one(store)
    info = put_one(store)
    path = f"GET /{store._wire.address.bucket(Bucket.LOCKED)}/{info.ref.key}"
    listing = f"GET /{store._wire.address.bucket(Bucket.LOCKED)}?"
    proxy.faults.append((listing, Fault(meanwhile=proxy.faults.clear)))
    proxy.faults += [(path, Fault(status=503))] * 50
    with pytest.raises(UnreachableError):
        store.open(info.ref)
    with store.open(info.ref) as stream:
        assert stream.read() == b"minute"


def test_the_last_bytes_are_not_handed_out_before_all_are_checked(store: S3Store, proxy: FaultProxy) -> None:
    info = put_one(store, os.urandom(LARGE))
    proxy.always = Fault(flip_answer=True)
    with store.open(info.ref) as stream, pytest.raises(IntegrityError):
        stream.read(LARGE)


@pytest.mark.parametrize("size", [6, LARGE])
def test_bytes_that_change_on_the_way_in_are_refused(store: S3Store, proxy: FaultProxy, size: int) -> None:
    key = f"records/{os.urandom(8).hex()}"
    proxy.faults.append(("PUT", Fault(flip_request=True)))
    with pytest.raises(IntegrityError):
        store.put([Put(Bucket.LOCKED, key, body=os.urandom(size))])
    assert store.versions(Bucket.LOCKED, key) == []


def test_one_of_a_group_that_fails_is_raised(store: S3Store, proxy: FaultProxy) -> None:
    keys = [f"records/{os.urandom(8).hex()}" for _ in range(20)]
    proxy.faults.append(("PUT", Fault(flip_request=True)))
    with pytest.raises(MinutierError):
        store.put([Put(Bucket.LOCKED, key, body=b"minute") for key in keys])
    results = store.put([Put(Bucket.LOCKED, key, body=b"minute") for key in keys])
    assert {result.info.ref.key for result in results} == set(keys)


def test_digest_lock_and_condition_go_with_the_write_itself(store: S3Store, proxy: FaultProxy) -> None:
    lock = Lock(LockMode.GOVERNANCE, RealClock().now() + timedelta(days=7))
    store.put([Put(Bucket.LOCKED, f"{KEY}-one", body=b"minute", lock=lock)])
    (write,) = [asked for asked in proxy.asked if asked.method == "PUT"]
    assert write.headers["if-none-match"] == "*"
    assert write.headers["x-amz-object-lock-mode"] == "GOVERNANCE"
    signed = write.headers["authorization"]
    for name in ("if-none-match", "x-amz-checksum-sha256", "x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date"):
        assert name in write.headers
        assert name in signed
    assert "x-amz-object-lock-legal-hold" not in write.headers


@pytest.mark.parametrize(
    ("mode", "seconds", "hold", "requests"),
    [
        (LockMode.GOVERNANCE, 10**7, False, ["PUT"]),
        (LockMode.COMPLIANCE, 8, False, ["HEAD", "PUT"]),
        (LockMode.NONE, 0, False, ["HEAD", "PUT"]),
        (LockMode.NONE, 0, True, ["PUT"]),
        (LockMode.GOVERNANCE, 10**7, True, ["PUT", "PUT"]),
    ],
)
def test_what_a_final_lock_costs(
    store: S3Store, proxy: FaultProxy, mode: LockMode, seconds: int, hold: bool, requests: list[str]
) -> None:
    lock = Lock(mode, RealClock().now() + timedelta(seconds=seconds) if seconds else None, hold)
    arrival = Lock(LockMode.GOVERNANCE, RealClock().now() + timedelta(days=7))
    (result,) = store.put([Put(Bucket.LOCKED, f"originals/a/b/{os.urandom(8).hex()}", body=b"x", lock=arrival)])
    assert proxy.methods() == ["PUT", "HEAD"]
    store.protect([(result.info.ref, lock)])
    assert proxy.methods() == requests
    found = store.head(result.info.ref)
    assert not found.intake
    assert found.lock.hold == hold
    assert hold or found.lock.mode is mode


def test_a_removal_that_is_only_said_is_told(store: S3Store, proxy: FaultProxy) -> None:
    info = put_one(store)
    proxy.faults.append(("DELETE", Fault(status=204)))
    with pytest.raises(IntegrityError, match="is there"):
        store.delete(info.ref)
    assert store.head(info.ref) == info


def test_a_lock_that_is_read_back_otherwise_is_refused_and_nothing_is_left(store: S3Store, proxy: FaultProxy) -> None:
    """As of a store that takes the headers of a lock and forgets them."""
    key = f"records/{os.urandom(8).hex()}"
    lock = Lock(LockMode.GOVERNANCE, RealClock().now() + timedelta(days=7))

    def forget() -> None:
        (version,) = store.versions(Bucket.LOCKED, key)
        store.set_lock_bypassing(version.ref, Lock())

    proxy.faults.append(("HEAD", Fault(meanwhile=forget)))
    with pytest.raises(IntegrityError, match="lock"):
        store.put([Put(Bucket.LOCKED, key, body=b"minute", lock=lock)])
    assert store.versions(Bucket.LOCKED, key) == []


@pytest.mark.parametrize("mode", [LockMode.GOVERNANCE, LockMode.COMPLIANCE])
def test_a_lock_set_by_another_between_look_and_set_is_not_weakened(
    store: S3Store, proxy: FaultProxy, url: str, mode: LockMode
) -> None:
    arrival = Lock(LockMode.GOVERNANCE, RealClock().now() + timedelta(days=7))
    (result,) = store.put([Put(Bucket.LOCKED, f"originals/a/b/{os.urandom(8).hex()}", body=b"x", lock=arrival)])
    firm = Lock(LockMode.COMPLIANCE, RealClock().now() + timedelta(seconds=8))
    other = S3Store(url, RealClock(), scratch=store._scratch.folder)
    proxy.faults.append(("PUT", Fault(meanwhile=lambda: other.protect([(result.info.ref, firm)]))))
    store.protect([(result.info.ref, Lock(mode, RealClock().now() + timedelta(seconds=5)))])
    found = store.head(result.info.ref).lock
    assert found.mode is LockMode.COMPLIANCE
    assert found.until is not None
    assert firm.until is not None
    assert found.until >= firm.until
    other.close()


def test_a_governance_lock_of_another_thread_waits_for_one_that_is_hardened(store: S3Store, proxy: FaultProxy) -> None:
    arrival = Lock(LockMode.GOVERNANCE, RealClock().now() + timedelta(days=7))
    (result,) = store.put([Put(Bucket.LOCKED, f"originals/a/b/{os.urandom(8).hex()}", body=b"x", lock=arrival)])
    later = RealClock().now() + timedelta(seconds=9)
    other = threading.Thread(target=lambda: store.protect([(result.info.ref, Lock(LockMode.GOVERNANCE, later))]))

    def between() -> None:
        other.start()
        other.join(0.5)

    store.lock(result.info.ref, Lock(LockMode.GOVERNANCE, RealClock().now() + timedelta(seconds=4)))
    proxy.faults.append(("PUT", Fault(meanwhile=between)))
    store.protect([(result.info.ref, Lock(LockMode.COMPLIANCE, RealClock().now() + timedelta(seconds=6)))])
    other.join()
    found = store.head(result.info.ref).lock
    assert found.mode is LockMode.COMPLIANCE
    assert found.until is not None
    assert found.until >= later


def test_an_arrival_that_goes_while_another_finds_it_is_written_again(store: S3Store, proxy: FaultProxy) -> None:
    key = f"originals/a/b/{os.urandom(8).hex()}"
    lock = Lock(LockMode.GOVERNANCE, RealClock().now() + timedelta(seconds=1))
    (first,) = store.put([Put(Bucket.LOCKED, key, body=b"x", lock=lock)])
    proxy.methods()
    proxy.faults.append(("PUT /", Fault()))
    proxy.faults.append(("PUT /", Fault(meanwhile=lambda: store.delete_bypassing(first.info.ref))))
    (again,) = store.put([Put(Bucket.LOCKED, key, body=b"x", lock=Lock(LockMode.GOVERNANCE, lock.until + timedelta(days=7)))])  # type: ignore[operator]
    assert again.created
    assert [info.ref for info in store.versions(Bucket.LOCKED, key)] == [again.info.ref]
    with pytest.raises(NotFoundError):
        store.head(first.info.ref)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody issued but itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]), datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
    signed = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(signed.public_bytes(Encoding.PEM) + private)
    return file


@pytest.fixture
def encrypted(url: str, certificate: Path) -> Iterator[str]:
    """The URL of the store behind a proxy that speaks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with fault_proxy(urlsplit(url).netloc.rpartition("@")[2], context) as proxy:
        yield through(url, proxy).replace("s3+http://", "s3://")


def test_under_tls_with_an_authority_of_its_own(encrypted: str, certificate: Path, tmp_path: Path) -> None:
    store, body = S3Store(f"{encrypted}?ca={certificate}", RealClock(), scratch=tmp_path), os.urandom(LARGE)
    info = put_one(store, body)
    with store.open(info.ref) as stream:
        assert stream.read() == body
    assert store.facts().kind == "S3"
    store.close()


def test_a_certificate_of_nobody_is_told_at_once(encrypted: str, tmp_path: Path) -> None:
    store = S3Store(encrypted, RealClock(), scratch=tmp_path, patience=30.0)
    began = time.monotonic()
    with pytest.raises(UnreachableError, match="certificate") as caught:
        put_one(store)
    assert "ca=" in caught.value.remedy
    assert time.monotonic() - began < 10
    store.close()


def test_an_authority_that_is_no_file_is_told(encrypted: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ca"):
        S3Store(f"{encrypted}?ca={tmp_path / 'none.pem'}", RealClock(), scratch=tmp_path)


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", b"HTTP/1.1 2"]
)
def test_something_else_that_listens_there(answer: bytes, tmp_path: Path) -> None:
    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"s3+http://KEYID:hush-hush@127.0.0.1:{listener.getsockname()[1]}/archive"
        store = S3Store(url, RealClock(), scratch=tmp_path, patience=0.2)
        with pytest.raises(UnreachableError):
            put_one(store)
        store.close()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_buckets_are_not_made_on_a_server_in_trouble(url: str, proxy: FaultProxy) -> None:
    proxy.always = Fault(status=503)
    with pytest.raises(UnreachableError):
        create_buckets(through(url, proxy), patience=0.3)
