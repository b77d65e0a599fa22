"""Encrypted office files are opened by the passwords there are, and leave nothing behind."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest

from archiver.adapters.extraction.readers import word
from archiver.adapters.extraction.readers.unlock import DEFAULT_PASSWORD, is_encrypted_office, unlocked
from archiver.adapters.extraction.source import DoubtError, ProtectedError, Source
from tests.support.office_files import paragraph, source, zipped
from tests.support.office_files import word as document


@pytest.fixture(autouse=True)
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def locked(folder: Path, password: str, passwords: tuple[str, ...]) -> Source:
    from msoffcrypto.format.ooxml import OOXMLFile

    plain, path = folder / "plain.docx", folder / "locked.docx"
    types = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
    filling = random.Random(7).randbytes(10_000)  # the library encrypts no file below 4 KiB so that it can be decrypted again
    plain.write_bytes(zipped({"[Content_Types].xml": types, "filling": filling} | document(paragraph("secret"))))
    with plain.open("rb") as file, path.open("wb") as out:
        OOXMLFile(file).encrypt(password, out)
    return Source(path, path.name, path.stat().st_size, "", passwords=passwords)


def test_the_fitting_password_is_found_among_others(tmp_path: Path, spool: Path) -> None:
    protected = locked(tmp_path, "sésame", ("un", "sésame", "deux"))
    assert is_encrypted_office(protected.path)
    with unlocked(protected) as copy:
        assert "secret" in word.read(Source(copy, "x", copy.stat().st_size, "")).text
    assert list(spool.iterdir()) == []


def test_the_password_office_uses_itself_needs_no_asking(tmp_path: Path) -> None:
    with unlocked(locked(tmp_path, DEFAULT_PASSWORD, ())) as copy:
        assert not is_encrypted_office(copy)


@pytest.mark.parametrize(("passwords", "said"), [((), "needed"), (("un", "deux"), "none of 2")])
def test_without_the_password_it_stays_locked(tmp_path: Path, spool: Path, passwords: tuple[str, ...], said: str) -> None:
    with pytest.raises(ProtectedError, match=said), unlocked(locked(tmp_path, "sésame", passwords)):
        pass
    assert list(spool.iterdir()) == []


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000]
)
def test_what_is_no_office_file_is_not_called_encrypted(tmp_path: Path, data: bytes) -> None:
    broken = source(tmp_path, data)
    assert not is_encrypted_office(broken.path)
    with pytest.raises(DoubtError), unlocked(broken):
        pass
