"""Reading a member again: the same bytes, or an error that says why not."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from archiver.adapters.extraction.engine import run
from archiver.adapters.extraction.member_reader import ArchiveMemberReader
from archiver.domain.extraction import Limits, Step
from archiver.errors import IntegrityError, NotFoundError, NotPermittedError
from tests.support.archives import found, stub_read, tarred, task, zipped


@pytest.fixture
def container(tmp_path: Path) -> Path:
    path = tmp_path / "0123456789abcdef"  # stored originals are named by digest, not as received
    path.write_bytes(zipped([("a.txt", b"a"), ("inner.tar.gz", gzip.compress(tarred([("b.txt", b"b" * 300_000)])))]))
    return path


def _open(path: Path, *steps: Step) -> bytes:
    return b"".join(ArchiveMemberReader().open(path, steps))


def test_nested_member(container: Path) -> None:
    assert _open(container, Step("zip", 1, "inner.tar.gz"), Step("tar", 0, "b.txt")) == b"b" * 300_000


def test_a_compressed_original_is_found_under_its_stored_name(tmp_path: Path) -> None:
    path = tmp_path / "0123456789abcdef"
    path.write_bytes(gzip.compress(b"content"))
    (member, _) = found(list(run(task(path, name="ventes.csv.gz"), Limits(), read=stub_read)))
    assert member.locator[0].name == "ventes.csv"
    assert _open(path, *member.locator) == b"content"


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (Step("zip", 7, "a.txt"),),
        (Step("zip", 0, "other.txt"),),
        (Step("nokind", 0, "a.txt"),),
        (Step("zip", 9, "inner.tar.gz"), Step("tar", 0, "b.txt")),
    ],
)
def test_absent_members(container: Path, steps: tuple[Step, ...]) -> None:
    with pytest.raises(NotFoundError):
        _open(container, *steps)


def test_damage_is_an_integrity_error(tmp_path: Path) -> None:
    path = tmp_path / "stored"
    data = gzip.compress(b"content" * 1000)
    path.write_bytes(data[:-12])
    with pytest.raises(IntegrityError, match="gzip stream is damaged"):
        _open(path, Step("gzip", 0, "stored"))
    path.write_bytes(zipped([("x.gz", data[:-12])]))
    with pytest.raises(IntegrityError):
        _open(path, Step("zip", 0, "x.gz"), Step("gzip", 0, "x"))
    path.write_bytes(b"not a zip at all")
    with pytest.raises(IntegrityError):
        _open(path, Step("zip", 0, "x.gz"))


def test_passwords(tmp_path: Path) -> None:
    import pyzipper

    path = tmp_path / "stored"
    with pyzipper.AESZipFile(path, "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(b"right")
        archive.writestr("secret.txt", b"secret")
    step = Step("zip", 0, "secret.txt")
    assert b"".join(ArchiveMemberReader().open(path, (step,), ("wrong", "right"))) == b"secret"
    with pytest.raises(NotPermittedError) as caught:
        b"".join(ArchiveMemberReader().open(path, (step,), ("wrong",)))
    assert "password" in caught.value.remedy
