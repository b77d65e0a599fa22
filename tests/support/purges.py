"""A small archive with documents of every kind that a purge meets, made once and copied; and purges of it within this process."""

from __future__ import annotations

import atexit
import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from archiver.adapters.keys.personal import PersonalKey
from archiver.bootstrap.archive import Archive
from archiver.bootstrap.purging import Purging
from archiver.domain.document import Document, State
from archiver.ports.retention_rows import Purge, PurgeItem
from archiver.services.purge.plan import Criteria
from archiver.services.purge.signatory import Signatory
from archiver.services.register import Register
from archiver.services.signers import Signers
from tests.support.command import Minutier
from tests.support.moving_clock import MovingClock

POLICY = """\
time_zone: Europe/Paris
collections: {}
classes:
  SHORT: {title: Short, limit: P1Y, from: metadata.day, basis: None, lock: none, then: destroy}
  LEGAL: {title: Law, period: P1Y, from: metadata.day, basis: Law, lock: governance, then: destroy}
  CASE: {title: Case, limit: P1Y, from: event.closed, basis: None, lock: none, then: destroy}
  CHECK: {title: Check, limit: P1Y, from: metadata.day, basis: None, lock: none, then: review}
  ONLY: {title: Only, limit: P1Y, from: metadata.day, basis: None, lock: none, then: destroy}
  VISA: {title: Visa, limit: P1Y, from: metadata.day, basis: None, lock: none, visa: required, then: destroy}
"""
MARKER = "quetzalcoatlus"
"""A word that occurs in the names, words and metadata of what is destroyed, and nowhere else."""
STAYS = "archaeopteryx"
PERSONS = ("anna", "bruno", "carla")
DUE, SOON = "2001-05-01", timedelta(days=30)


def zipped(**members: str) -> bytes:
    """A zip of text files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        for name, text in members.items():
            file.writestr(zipfile.ZipInfo(f"{name}.txt", (2020, 1, 1, 0, 0, 0)), text)
    return out.getvalue()


def soon() -> date:
    """A day whose year ends in 30 days."""
    day = datetime.now(UTC).date() + SOON
    return day.replace(year=day.year - 1, day=min(day.day, 28))


SAMPLES: Sequence[tuple[str, bytes, str, str]] = (
    ("alone.txt", b"alone here", "SHORT", DUE),
    ("twin-1.txt", b"the same in both", "SHORT", DUE),
    ("twin-2.txt", b"the same in both", "SHORT", DUE),
    ("cousin.txt", b"the same in both", "LEGAL", "soon"),
    ("box.zip", zipped(inner="inner words", other="other words"), "SHORT", DUE),
    ("legal.txt", b"legal words", "LEGAL", DUE),
    ("later.txt", b"later words", "SHORT", "soon"),
    ("case.txt", b"a case", "CASE", ""),
    ("check.txt", b"to be looked at", "CHECK", DUE),
    ("stays.txt", f"the {STAYS} stays".encode(), "KEEP", ""),
)
"""Name, bytes, class, day that its year counts from."""


def make(
    minutier: Minutier, folder: Path, samples: Sequence[tuple[str, bytes, str, str]] = SAMPLES, *, init: bool = True
) -> None:
    """The archive with these documents, its policy and the keys of three persons, which lie in `folder`."""
    inputs = folder / "in"
    inputs.mkdir()
    lines = []
    for name, body, retention_class, day in samples:
        (inputs / name).write_bytes(body)
        meta = {"day": soon().isoformat() if day == "soon" else day} if day else {}
        lines.append(json.dumps({"path": str(inputs / name), "class": retention_class} | meta))
    (folder / "manifest.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "policy.yaml").write_text(POLICY)
    if init:
        minutier.run("init")
    minutier.run("policy", "apply", folder / "policy.yaml")
    minutier.run("import", "--manifest", folder / "manifest.jsonl", code=None)
    for person in PERSONS:
        minutier.run("key", "new", folder / f"{person}.key", "--no-passphrase")
        minutier.run("key", "enroll", person, folder / f"{person}.key.pub")


class Opened:
    """An archive open in this process, its clock in the test's hand.

    Args:
        wrap: put around catalogue, objects and index: (name of the part, part) to what is used in its place.
    """

    def __init__(
        self, archive: Archive, clock: MovingClock, keys: Path, wrap: Callable[[str, Any], Any] = lambda _, part: part
    ) -> None:
        archive.__dict__["clock"] = clock  # before any part that asks it is made
        self.archive, self.clock, self._keys = archive, clock, keys
        for part in ("catalog", "objects", "index"):
            archive.__dict__[part] = wrap(part, getattr(archive, part))
        self.purging = Purging(archive)

    # -- what persons do ----------------------------------------------------------------------------------------
    def plan(self, author: str = "anna", criteria: Criteria | None = None) -> Purge | None:
        made = self.purging.planning(lambda _: None).make(criteria or Criteria(), self.author(author), self.clock.now())
        self.archive.ledger.sequence()
        return made

    def author(self, person: str) -> Signatory:
        return Signatory(person, self._entered(person), self.key(person))

    def approve(
        self,
        purge: Purge,
        person: str = "bruno",
        *,
        lasts: timedelta = timedelta(days=7),
        authenticated: bool = True,
        **more: Any,
    ) -> Purge:
        key = self.key(person) if authenticated else None
        counts = self.archive.catalog.class_counts(purge.id)
        named = more.pop("empties", [one.retention_class for one in counts])
        approver = Signatory(person, self._entered(person), key)
        approved = self.purging.approving().approve(purge, approver, self.clock.now(), lasts=lasts, empties=named, **more)
        self.archive.ledger.sequence()
        self.archive.ledger.seal()
        return approved

    def run(self, purge: Purge) -> Purge:
        """Destroy, look and certify, as the command does; what failed is not accepted."""
        self.destroy(purge)
        purge = self.archive.catalog.purge(purge.id)
        return self.purging.finishing(lambda _: None, rewrite=True).run(purge)[0]

    def destroy(self, purge: Purge) -> None:
        self.purging.running(lambda _: None, lambda _: None).run(purge)

    def key(self, person: str) -> PersonalKey:
        return PersonalKey.load(self._keys / f"{person}.key", lambda: b"")

    def signers(self) -> Signers:
        archive = self.archive
        return Signers(archive.catalog, Register(archive.objects, archive.keys), archive.keys, self.clock)

    def _entered(self, person: str) -> str:
        return Register(self.archive.objects, self.archive.keys).enter(person)

    # -- what there is ------------------------------------------------------------------------------------------
    def documents(self) -> dict[str, Document]:
        """Those that are there, by name."""
        return {one.name: one for one in self.archive.catalog.select() if one.state is not State.DISPOSED}

    def items(self, purge: Purge) -> dict[str, PurgeItem]:
        """By document."""
        return {one.item.document_id: one for one in self.archive.catalog.items(purge.id)}

    def certificate(self, purge: Purge) -> bytes:
        with self.purging.files.certificate(purge.id) as stream:
            return stream.read()


@contextmanager
def opened(
    home: Path,
    keys: Path,
    clock: MovingClock | None = None,
    wrap: Callable[[str, Any], Any] = lambda _, part: part,
    *,
    always: bool = False,
) -> Iterator[Opened]:
    """The archive at `home` for writing. `always`: beside whoever else writes, as for holds."""
    with Archive(home, writable=True, beside=True, always=always) as archive:
        yield Opened(archive, clock or tomorrow(), keys, wrap)


def tomorrow() -> MovingClock:
    """A clock that stands still, a day ahead of what the archive has seen when it was made."""
    return MovingClock(datetime.now(UTC) + timedelta(days=1))


def copied(template: Path, home: Path) -> Path:
    """A copy of an archive's folder."""
    shutil.copytree(template, home)
    return home


@cache
def template() -> tuple[Path, Path]:
    """Folders of an archive to be copied, and of the keys of persons. Made once a process, in memory where there is such a disk:
    what is looked at is what programs see of each other, not what a disk forgets."""
    root = scratch("purge-template")
    home = root / "archive"
    make(Minutier(home), root)
    return home, root


def scratch(name: str) -> Path:
    """A folder that is gone when this process is, in memory where there is such a disk."""
    memory = Path("/dev/shm")  # a folder of its own is made in it
    root = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=memory if os.access(memory, os.W_OK) else None))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root
