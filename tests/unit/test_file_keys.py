"""Keys are made once, kept from others, and never handed out."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from archiver.adapters.keys.embedded import FileKeys
from archiver.errors import AlreadyExistsError, IntegrityError, NoArchiveError, NotFoundError, NotPermittedError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "archive" / "keys"


def test_they_are_the_same_ever_after(folder: Path) -> None:
    made, again = FileKeys.create(folder), FileKeys(folder)
    assert len(made.identifier_key()) == 32
    assert made.identifier_key() == again.identifier_key()
    assert made.signing_key_id() == again.signing_key_id()
    assert made.sign(b"head") == again.sign(b"head")


def test_two_archives_share_none(tmp_path: Path) -> None:
    first, second = FileKeys.create(tmp_path / "a"), FileKeys.create(tmp_path / "b")
    assert first.identifier_key() != second.identifier_key()
    assert first.signing_key_id() != second.signing_key_id()


def test_a_signature_holds_under_the_public_key(folder: Path) -> None:
    keys = FileKeys.create(folder)
    raw = keys.public_key(keys.signing_key_id())
    Ed25519PublicKey.from_public_bytes(raw).verify(keys.sign(b"head"), b"head")
    assert keys.signing_key_id() == hashlib.sha256(raw).hexdigest()[:16]


def test_only_the_owner_reads_them(folder: Path) -> None:
    FileKeys.create(folder)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "identifier.key", folder / "signing.pem")}
    assert modes == {"keys": 0o700, "identifier.key": 0o600, "signing.pem": 0o600}


@pytest.mark.parametrize("name", [".", "identifier.key", "signing.pem"])
@pytest.mark.parametrize("mode", [0o040, 0o004])
def test_keys_that_others_can_read_are_refused(folder: Path, name: str, mode: int) -> None:
    FileKeys.create(folder)
    path = folder / name
    path.chmod(path.stat().st_mode | mode)
    with pytest.raises(NotPermittedError) as caught:
        FileKeys(folder)
    assert "chmod" in caught.value.remedy


def test_they_are_never_replaced(folder: Path) -> None:
    before = FileKeys.create(folder)
    with pytest.raises(AlreadyExistsError):
        FileKeys.create(folder)
    assert FileKeys(folder).identifier_key() == before.identifier_key()


def test_a_creation_that_was_cut_off_is_finished(folder: Path) -> None:
    begun = FileKeys.create(folder)
    (folder / "identifier.key").unlink()
    (folder / "public" / f"{begun.signing_key_id()}.pub").unlink()
    (folder / ".identifier.key.new").write_bytes(b"ha")
    assert FileKeys.create(folder).signing_key_id() == begun.signing_key_id()
    assert {path.name for path in folder.iterdir()} == {"identifier.key", "signing.pem", "public"}


@pytest.mark.parametrize("name", ["identifier.key", "signing.pem"])
def test_missing_keys_are_no_archive(folder: Path, name: str) -> None:
    with pytest.raises(NoArchiveError):
        FileKeys(folder)
    FileKeys.create(folder)
    (folder / name).unlink()
    with pytest.raises(NoArchiveError):
        FileKeys(folder)


@pytest.mark.parametrize("name", ["identifier.key", "signing.pem"])
def test_damaged_keys(folder: Path, name: str) -> None:
    FileKeys.create(folder)
    (folder / name).write_bytes(b"x")
    with pytest.raises(IntegrityError):
        FileKeys(folder)


def test_a_key_of_another_kind(folder: Path) -> None:
    FileKeys.create(folder)
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "signing.pem").write_bytes(other)
    with pytest.raises(IntegrityError, match="Ed25519"):
        FileKeys(folder)


def test_old_public_keys_stay(folder: Path) -> None:
    old = FileKeys.create(folder)
    raw = old.public_key(old.signing_key_id())
    for name in ("identifier.key", "signing.pem"):
        (folder / name).unlink()
    new = FileKeys.create(folder)
    assert new.public_key(old.signing_key_id()) == raw
    (folder / "public" / f"{old.signing_key_id()}.pub").write_bytes(b"\x00" * 32)
    with pytest.raises(IntegrityError):
        new.public_key(old.signing_key_id())


@pytest.mark.parametrize("key_id", ["0" * 16, "../identifier.key", "", "A" * 16])
def test_keys_that_never_were(folder: Path, key_id: str) -> None:
    with pytest.raises(NotFoundError):
        FileKeys.create(folder).public_key(key_id)
