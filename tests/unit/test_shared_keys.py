"""Keys of an archive that several hosts share: identity once, in the catalogue; signatures only where the key is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from archiver.adapters.catalog.sql import SqlCatalog, create_sqlite
from archiver.adapters.keys.embedded import FileKeys
from archiver.adapters.keys.shared import SharedKeys
from archiver.errors import IntegrityError, NoArchiveError, NotFoundError, NotPermittedError, UsageError


@pytest.fixture
def marks(tmp_path: Path) -> Iterator[SqlCatalog]:
    catalog = create_sqlite(tmp_path / "catalog.sqlite")
    yield catalog
    catalog.close()


@pytest.fixture
def files(tmp_path: Path) -> FileKeys:
    return FileKeys.create(tmp_path / "first" / "keys")


def test_a_host_without_files_has_the_identity_and_checks_signatures(marks: SqlCatalog, files: FileKeys) -> None:
    SharedKeys.create(marks, files, "id-1")
    sealing, working = SharedKeys(marks, files), SharedKeys(marks, None)
    assert working.identifier_key() == files.identifier_key()
    assert (sealing.can_sign, working.can_sign) == (True, False)
    key_id = sealing.signing_key_id()
    Ed25519PublicKey.from_public_bytes(working.public_key(key_id)).verify(sealing.sign(b"head"), b"head")
    for refused in (working.signing_key_id, lambda: working.sign(b"head")):
        with pytest.raises(NotPermittedError, match="not on this host") as caught:
            refused()
        assert caught.value.remedy


def test_identity_is_given_once(marks: SqlCatalog, files: FileKeys, tmp_path: Path) -> None:
    SharedKeys.create(marks, files, "id-1")
    SharedKeys.create(marks, files, "id-2")
    assert marks.get_mark("archive_id") == "id-1"
    with pytest.raises(UsageError):
        SharedKeys.create(marks, FileKeys.create(tmp_path / "other"), "id-3")


def test_keys_of_another_archive_name_both(marks: SqlCatalog, files: FileKeys, tmp_path: Path) -> None:
    SharedKeys.create(marks, files, "id-1")
    other = FileKeys.create(tmp_path / "other")
    with pytest.raises(UsageError) as caught:
        SharedKeys(marks, other)
    assert str(tmp_path / "other") in str(caught.value)
    assert "id-1" in str(caught.value)
    for secret in (files.identifier_key().hex(), other.identifier_key().hex()):
        assert secret not in str(caught.value)


def test_a_key_that_came_later_is_known_before_it_signs(marks: SqlCatalog, files: FileKeys, tmp_path: Path) -> None:
    SharedKeys.create(marks, files, "id-1")
    (files.folder / "signing.pem").unlink()
    (files.folder / "identifier.key").rename(tmp_path / "identifier.key")
    FileKeys.create(files.folder)
    (files.folder / "identifier.key").unlink()
    (tmp_path / "identifier.key").rename(files.folder / "identifier.key")
    renewed = SharedKeys(marks, FileKeys(files.folder))
    assert renewed.signing_key_id() != files.signing_key_id()
    renewed.sign(b"head")
    assert len(SharedKeys(marks, None).public_key(renewed.signing_key_id())) == 32


def test_no_keys_lost_keys_and_damaged_keys(marks: SqlCatalog, files: FileKeys) -> None:
    with pytest.raises(NoArchiveError, match="no archive"):
        SharedKeys(marks, files)
    SharedKeys.create(marks, files, "id-1")
    with pytest.raises(NotFoundError):
        SharedKeys(marks, None).public_key("0" * 16)
    marks.set_mark(f"public_key:{files.signing_key_id()}", "00" * 32)
    with pytest.raises(IntegrityError):
        SharedKeys(marks, None).public_key(files.signing_key_id())
    for damaged in ("no hexadecimal", "00"):
        marks.set_mark("identifier_key", damaged)
        with pytest.raises(IntegrityError):
            SharedKeys(marks, files)
