"""A person's key file: made once, opened with its passphrase only, and every other file refused in words."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from archiver.adapters.keys.personal import PersonalKey, public_pem, read_public
from archiver.errors import AlreadyExistsError, MinutierError, NotFoundError, NotPermittedError, UnreachableError, UsageError
from retention.signature import key_id, signature_holds


def _never() -> bytes:
    raise AssertionError("nobody should be asked")


@pytest.mark.parametrize("passphrase", [None, b"cheval de bataille", "été".encode()])
def test_what_was_made_is_read_back_and_signs(tmp_path: Path, passphrase: bytes | None) -> None:
    made = PersonalKey.create(tmp_path / "anna.pem", passphrase)
    read = PersonalKey.load(tmp_path / "anna.pem", (lambda: passphrase or b"") if passphrase else _never)
    assert (read.key_id, read.public_key) == (made.key_id, made.public_key) == (key_id(made.public_key), made.public_key)
    assert signature_holds(read_public(tmp_path / "anna.pem.pub"), b"said", read.sign(b"said"))
    assert not signature_holds(read.public_key, b"said otherwise", read.sign(b"said"))


def test_the_private_file_is_its_owners_and_the_passphrase_shuts_it(tmp_path: Path) -> None:
    PersonalKey.create(tmp_path / "shut", b"secret")
    PersonalKey.create(tmp_path / "open", None)
    assert stat.S_IMODE((tmp_path / "shut").stat().st_mode) == 0o600
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in (tmp_path / "shut").read_bytes()
    assert b"BEGIN PRIVATE KEY" in (tmp_path / "open").read_bytes()
    with pytest.raises(NotPermittedError, match="does not open with this passphrase") as caught:
        PersonalKey.load(tmp_path / "shut", lambda: b"guessed")
    assert caught.value.exit_code == 12
    with pytest.raises(NotPermittedError):
        PersonalKey.load(tmp_path / "shut", lambda: b"")


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "anna"
    PersonalKey.create(path, None)
    before = path.read_bytes()
    with pytest.raises(AlreadyExistsError):
        PersonalKey.create(path, None)
    path.rename(tmp_path / "elsewhere")
    with pytest.raises(AlreadyExistsError):
        PersonalKey.create(path, None)
    assert not path.exists()
    (tmp_path / "anna.pub").unlink()
    (tmp_path / "elsewhere").rename(path)
    with pytest.raises(AlreadyExistsError):
        PersonalKey.create(path, None)
    assert path.read_bytes() == before
    assert not (tmp_path / "anna.pub").exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="No such file"):
        PersonalKey.create(tmp_path / "absent" / "anna", None)


def test_a_file_others_can_read_is_told(tmp_path: Path) -> None:
    PersonalKey.create(tmp_path / "anna", None)
    assert PersonalKey.load(tmp_path / "anna", _never).exposed == ""
    (tmp_path / "anna").chmod(0o640)
    assert "0640" in PersonalKey.load(tmp_path / "anna", _never).exposed


def test_every_other_file_is_refused_in_words(tmp_path: Path) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    curve = ec.generate_private_key(ec.SECP256R1())
    files = {
        "rsa": other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "curve": curve.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
        "public": public_pem(PersonalKey.create(tmp_path / "anna", None).public_key).encode(),
        "text": b"not a key",
        "empty": b"",
        "cut": (tmp_path / "anna").read_bytes()[:60],
        "long": b"x" * 100_000,
    }
    for name, body in files.items():
        (tmp_path / name).write_bytes(body)
        with pytest.raises(UsageError) as caught:
            PersonalKey.load(tmp_path / name, _never)
        assert str(tmp_path / name) in str(caught.value)
        assert caught.value.remedy
    with pytest.raises(NotFoundError):
        PersonalKey.load(tmp_path / "absent", _never)
    with pytest.raises(UnreachableError):
        PersonalKey.load(tmp_path, _never)


def test_a_public_key_is_read_strictly(tmp_path: Path) -> None:
    PersonalKey.create(tmp_path / "anna", None)
    with pytest.raises(UsageError, match="holds a private key") as caught:
        read_public(tmp_path / "anna")
    assert "anna.pub" in caught.value.remedy
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    (tmp_path / "rsa").write_bytes(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(UsageError, match="not Ed25519"):
        read_public(tmp_path / "rsa")
    (tmp_path / "text").write_bytes(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
    with pytest.raises(UsageError, match="no public key"):
        read_public(tmp_path / "text")
    with pytest.raises(MinutierError):
        read_public(tmp_path / "absent")
