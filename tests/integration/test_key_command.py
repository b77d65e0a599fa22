"""`minutier key` as a person and an owner run it, on a folder and on servers."""

from __future__ import annotations

import os
import pty
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from retention.signature import key_id
from tests.support.command import COMMAND, Minutier
from tests.support.on_servers import archive_on_servers


@contextmanager
def _embedded(home: Path) -> Iterator[Minutier]:
    minutier = Minutier(home)
    minutier.run("init")
    yield minutier


def _new(minutier: Minutier, path: Path) -> str:
    (row,) = minutier.run("--json", "key", "new", path, "--no-passphrase").rows
    return str(row["key"])


def test_a_key_is_made_without_an_archive(tmp_path: Path) -> None:
    minutier = Minutier(tmp_path / "none")
    (tmp_path / "words").write_text("cheval de bataille\nnot this line\n")
    (row,) = minutier.run("--json", "key", "new", tmp_path / "anna", "--passphrase-file", tmp_path / "words").rows
    assert row["encrypted"] is True
    assert stat.S_IMODE((tmp_path / "anna").stat().st_mode) == 0o600
    pem = (tmp_path / "anna.pub").read_bytes()
    assert key_id(load_pem_public_key(pem).public_bytes_raw()) == row["key"]
    from archiver.adapters.keys.personal import PersonalKey

    assert PersonalKey.load(tmp_path / "anna", lambda: b"cheval de bataille").key_id == row["key"]
    assert not minutier.home.exists()


def test_a_passphrase_is_asked_for_on_the_terminal(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "key", "new", str(tmp_path / "anna")], stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, close_fds=True,
        env=Minutier(tmp_path / "none").environment, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    for _ in range(2):
        said = b""
        while not said.rstrip().endswith(b":"):
            said += os.read(ours, 1000)
        os.write(ours, b"secret\n")
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 0
    assert b"secret" not in out
    from archiver.adapters.keys.personal import PersonalKey

    assert PersonalKey.load(tmp_path / "anna", lambda: b"secret")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("anna",), "nobody is at a terminal"),
        (("anna", "--passphrase-file", "absent"), "absent cannot be read"),
        (("anna", "--passphrase-file", "-"), "the passphrase is empty"),
        (("anna", "--passphrase-file", "-", "--no-passphrase"), "exclude each other"),
    ],
)
def test_no_key_without_a_passphrase_by_accident(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    ran = Minutier(tmp_path / "none").run("key", "new", *arguments, code=2, stdin=b"\n", cwd=tmp_path)
    assert said in ran.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("deployment", ["folder", "servers"])
def test_keys_are_enrolled_listed_and_revoked(tmp_path: Path, deployment: str) -> None:
    made = _embedded(tmp_path / "archive") if deployment == "folder" else archive_on_servers(tmp_path / "archive", broker="")
    with made as minutier:
        anna, bruno = _new(minutier, tmp_path / "anna"), _new(minutier, tmp_path / "bruno")
        (row,) = minutier.run("--json", "key", "enroll", "Anna Lévy", tmp_path / "anna.pub").rows
        assert (row["key"], row["person"], row["new"]) == (anna, "Anna Lévy", True)
        assert minutier.run("--json", "key", "enroll", "Anna Lévy", tmp_path / "anna.pub").rows[0]["new"] is False
        assert "for somebody else" in minutier.run("key", "enroll", "Bruno", tmp_path / "anna.pub", code=1).err
        assert "private key" in minutier.run("key", "enroll", "Bruno", tmp_path / "bruno", code=2).err
        minutier.run("key", "enroll", "Bruno", tmp_path / "bruno.pub")
        minutier.run("--as", "anna", "--group", "finance", "key", "enroll", "Eve", tmp_path / "bruno.pub", code=12)
        minutier.run("key", "revoke", anna, "--reason", "laptop stolen")
        assert "revoked already" in minutier.run("key", "revoke", anna, "--reason", "again").out
        assert "was revoked" in minutier.run("key", "enroll", "Anna Lévy", tmp_path / "anna.pub", code=5).err
        minutier.run("key", "revoke", "0" * 16, "--reason", "no such", code=1)
        own, *persons = minutier.run("--json", "key", "list").rows
        assert [(one["key"], one["person"], one["revoked_at"] is None) for one in persons] == [
            (anna, "Anna Lévy", False),
            (bruno, "Bruno", True),
        ]
        assert f"{anna}  Anna Lévy  enrolled" in minutier.run("key", "list").out
        minutier.run("key", "export", tmp_path / "archive.pub")
        minutier.run("key", "export", tmp_path / "archive.pub", code=1)
        assert key_id(load_pem_public_key((tmp_path / "archive.pub").read_bytes()).public_bytes_raw()) == own["key"]
        assert (tmp_path / "archive.pub").read_text() in minutier.run("key", "show").out
        assert "the archive's own key" in minutier.run("key", "enroll", "Anna", tmp_path / "archive.pub", code=5).err
        minutier.run("verify")
