"""What somebody with the disk in hands may do, and `verify` must find: each alone, with exit code 4."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import SAMPLES, Minutier


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of a few samples that verifies."""
    home = tmp_path_factory.mktemp("sound") / "archive"
    minutier = Minutier(home)
    minutier.run("init")
    minutier.run("import", SAMPLES / "contrats", SAMPLES / "archives")
    assert "Everything is as it was written" in minutier.run("verify").out
    return home


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Minutier:
    """The same, to be damaged."""
    shutil.copytree(sound, tmp_path / "archive")
    return Minutier(tmp_path / "archive")


def _files(home: Path, pattern: str) -> list[Path]:
    return sorted(path for path in (home / "objects").glob(pattern) if path.is_file())


def _flip(path: Path) -> None:
    path.chmod(0o640)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def _sql(home: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(home / "catalog.sqlite") as database:
        assert database.execute(statement, values).rowcount, "nothing was changed: the test proves nothing"


def flip_original(home: Path) -> str:
    path = _files(home, "locked/originals/**/*")[0]
    _flip(path)
    return path.name


def delete_original(home: Path) -> str:
    path = _files(home, "locked/originals/**/*")[0]
    path.unlink()
    return "is gone"


def flip_record(home: Path) -> str:
    path = _files(home, "locked/records/**/*")[0]
    _flip(path)
    return path.name


def delete_record(home: Path) -> str:
    path = _files(home, "locked/records/**/*")[0]
    path.unlink()
    return path.name


def flip_text(home: Path) -> str:
    path = _files(home, "deletable/texts/**/*")[0]
    _flip(path)
    return path.name


def add_stranger(home: Path) -> str:
    path = _files(home, "locked/originals/**/*")[0].with_name("0" * 64)
    path.write_bytes(b"forged")
    return path.name


def edit_source(home: Path) -> str:
    _sql(home, "UPDATE documents SET source = '/elsewhere' WHERE sequence = (SELECT min(sequence) FROM documents)")
    return "source"


def edit_class(home: Path) -> str:
    _sql(
        home,
        "UPDATE documents SET retention_class = 'SHORTER' WHERE root_id IS NULL AND sequence = (SELECT min(sequence) FROM documents WHERE root_id IS NULL)",
    )
    return "retention_class"


def edit_outcome(home: Path) -> str:
    _sql(home, "UPDATE documents SET outcome = 'corrupt' WHERE sequence = (SELECT min(sequence) FROM documents)")
    return "ledger entry"


def edit_end(home: Path) -> str:
    _sql(home, "UPDATE documents SET retain_until = '2001-01-01' WHERE sequence = (SELECT min(sequence) FROM documents)")
    return "ledger entry"


def edit_grants(home: Path) -> str:
    _sql(home, """UPDATE documents SET grants = '["everyone"]' WHERE sequence = (SELECT min(sequence) FROM documents)""")
    return "grants"


def delete_row(home: Path) -> str:
    _sql(home, "DELETE FROM documents WHERE sequence = (SELECT min(sequence) FROM documents)")
    return "gone from the catalogue"


def flip_segment(home: Path) -> str:
    path = _files(home, "locked/ledger/custody/segments/*")[0]
    _flip(path)
    return "ledger/custody"


def flip_head(home: Path) -> str:
    path = _files(home, "locked/ledger/custody/heads/*")[0]
    _flip(path)
    return "ledger/custody"


def flip_payloads(home: Path) -> str:
    path = _files(home, "deletable/ledger/custody/payloads/*")[0]
    _flip(path)
    return "ledger/custody"


def forge_leaf(home: Path) -> str:
    _sql(home, "UPDATE ledger_leaves SET hash = zeroblob(32) WHERE position = 1 AND tree = 'custody'")
    return "ledger"


def lose_index(home: Path) -> str:
    shutil.rmtree(home / "index")
    return "not in the index"


DAMAGE: list[Callable[[Path], str]] = [
    flip_original, delete_original, flip_record, delete_record, flip_text, add_stranger, edit_source, edit_class, edit_outcome,
    edit_end, edit_grants, delete_row, flip_segment, flip_head, flip_payloads, forge_leaf, lose_index,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_verify_finds_it(copy: Minutier, damage: Callable[[Path], str]) -> None:
    told = damage(copy.home)
    ran = copy.run("verify", code=4)
    assert told in ran.out, ran.out


def test_verify_names_the_document_whose_bytes_are_damaged(copy: Minutier) -> None:
    digest = flip_original(copy.home)
    row = next(row for row in copy.run("export").rows if row["sha256"] == digest)
    told = copy.run("verify", code=4).out
    assert row["id"] in told
    assert Path(row["path"]).name in told


def test_get_refuses_damaged_bytes_and_leaves_no_file(copy: Minutier, tmp_path: Path) -> None:
    digest = flip_original(copy.home)
    row = next(row for row in copy.run("export").rows if row["sha256"] == digest)
    copy.run("get", row["id"], "-o", tmp_path / "out", code=4)
    assert not (tmp_path / "out").exists()


def test_nothing_is_destroyed_by_hand_through_the_store(copy: Minutier) -> None:
    from archiver.bootstrap import Archive
    from archiver.errors import RefusedError
    from archiver.ports.objects import Bucket

    with Archive(copy.home, writable=True) as archive:
        for info in archive.objects.list(Bucket.LOCKED, "originals/"):
            with pytest.raises(RefusedError):
                archive.objects.delete(info.ref)
