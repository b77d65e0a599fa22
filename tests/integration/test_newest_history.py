"""An older catalogue that was put back knows nothing of later policies: no purge is run by it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archiver.domain.ledger import LedgerEvent, Tree
from archiver.domain.ledger_files import head_key
from archiver.errors import IntegrityError
from archiver.services.ledger_objects import head_files
from archiver.services.newest_history import require_newest
from archiver.services.sequence_ledger import LedgerService
from tests.support.command import Minutier
from tests.support.purges import POLICY, copied, template
from tests.support.small_archive import Fuse, Fused, PowerCut, SmallArchive


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[SmallArchive]:
    archive = SmallArchive(tmp_path / "archive")
    yield archive
    archive.close()


class _Written(Fused):
    """Cut off after what writes and lists; a file that was opened would stay open."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name) if name == "open" else super().__getattr__(name)


def test_a_sealing_that_is_cut_off_anywhere_is_not_an_older_catalogue(archive: SmallArchive) -> None:
    """What another process that seals at this moment has written so far looks the same."""
    for calls in range(1, 40):
        fuse = Fuse(calls)
        ledger = LedgerService(Fused(archive.rows, fuse), _Written(archive.objects, fuse), archive.keys, archive.clock)
        archive.rows.enter([LedgerEvent("note", "", archive.clock.now())])
        try:
            ledger.sequence()
            ledger.seal()
        except PowerCut:
            require_newest(archive.rows, archive.objects)
        else:
            assert calls > 5
            return


def test_a_head_of_more_entries_is_a_newer_history(archive: SmallArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    require_newest(archive.rows, archive.objects)
    ledger = LedgerService(archive.rows, archive.objects, archive.keys, archive.clock)
    for _ in range(2):
        archive.rows.enter([LedgerEvent("note", "", archive.clock.now())])
        ledger.sequence()
        before = archive.rows.state(Tree.CUSTODY)
        ledger.seal()
        require_newest(archive.rows, archive.objects)
    newest = head_files(archive.objects, Tree.CUSTODY, lambda _: None)[-1]
    assert newest.info.ref.key == head_key(Tree.CUSTODY, 2)
    monkeypatch.setattr(archive.rows, "state", lambda tree: before)
    with pytest.raises(IntegrityError, match="older than the object store"):
        require_newest(archive.rows, archive.objects)


def test_no_purge_is_run_by_an_older_catalogue(tmp_path: Path) -> None:
    minutier, keys = Minutier(copied(template()[0], tmp_path / "archive")), template()[1]
    (planned,) = minutier.run("--json", "purge", "plan", "--class", "SHORT", "--key", keys / "anna.key").rows
    minutier.run("purge", "approve", planned["purge"], "--key", keys / "bruno.key")
    catalogue = minutier.home / "catalog.sqlite"
    shutil.copy(catalogue, tmp_path / "older.sqlite")
    (tmp_path / "policy.yaml").write_text(POLICY.replace("limit: P1Y", "limit: P90Y"))
    minutier.run("policy", "apply", tmp_path / "policy.yaml")
    for beside in minutier.home.glob("catalog.sqlite*"):
        beside.unlink()
    shutil.copy(tmp_path / "older.sqlite", catalogue)
    before = minutier.ids()
    ran = minutier.run("purge", "run", planned["purge"], code=4)
    assert "the catalogue is older than the object store" in ran.err
    assert "minutier rebuild" in ran.err
    assert minutier.ids() == before
    assert minutier.run("--json", "purge", "show", planned["purge"]).rows[0]["state"] == "approved"
    minutier.run("rebuild", "--replace", code=None)
    (row,) = minutier.run("--json", "policy", "show").rows
    assert row["version"] == 2
