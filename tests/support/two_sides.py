"""An archive of which one group sees one side and another group the other: for what callers may change, and may not even know."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.support.command import Minutier
from tests.support.on_servers import archive_on_servers
from tests.support.purges import copied, scratch, zipped

POLICY = """\
time_zone: Europe/Paris
collections:
  leases: {class: LEASE, grants: {read: [group:finance]}}
  secret: {class: LEASE, grants: {read: [group:board]}}
classes:
  LEASE: {title: Leases, limit: P1Y, from: event.lease_end, basis: None, lock: none, then: destroy}
  SHORT: {title: Short, limit: P1Y, from: metadata.day, basis: None, lock: none, then: destroy}
  LEGAL: {title: Law, period: P1Y, from: metadata.day, basis: Law, lock: governance, then: destroy}
  VISA: {title: Visa, limit: P1Y, from: metadata.day, basis: None, lock: none, visa: required, then: destroy}
"""
MARKER = "quetzalcoatlus"
"""A word in every document, by which a query finds all that may be seen."""
SIDES = ("leases", "secret")
BATCH = "both"


def make(archive: Minutier, folder: Path, *, init: bool = True) -> None:
    """Each side has the same: two leases, a box of two, three of other classes that are due; and two persons with keys."""
    folder.mkdir(exist_ok=True)
    if init:
        archive.run("init")
    (folder / "policy.yaml").write_text(POLICY)
    archive.run("policy", "apply", folder / "policy.yaml")
    lines = []
    for side in SIDES:
        (folder / side).mkdir()
        for name, body, more in _files(side):
            path = folder / side / name
            path.write_bytes(body)
            lines.append(json.dumps({"path": str(path), "collection": side} | more))
    (folder / "manifest.jsonl").write_text("\n".join(lines) + "\n")
    archive.run("import", "--manifest", folder / "manifest.jsonl", "--batch", BATCH)
    for person in ("anna", "bruno"):
        archive.run("key", "new", folder / f"{person}.key", "--no-passphrase")
        archive.run("key", "enroll", person, folder / f"{person}.key.pub")


def _files(side: str) -> list[tuple[str, bytes, dict[str, str]]]:
    due = {"day": "2001-05-01"}
    return [
        ("one.txt", f"{MARKER} {side} one".encode(), {}),
        ("two.txt", f"{MARKER} {side} two".encode(), {}),
        ("box.zip", zipped(inner=f"{MARKER} {side} inner", other=f"{MARKER} {side} other"), {}),
        ("short.txt", f"{MARKER} {side} short".encode(), {"class": "SHORT"} | due),
        ("legal.txt", f"{MARKER} {side} legal".encode(), {"class": "LEGAL"} | due),
        ("visa.txt", f"{MARKER} {side} visa".encode(), {"class": "VISA"} | due),
    ]


@cache
def template() -> tuple[Path, Path]:
    """Folders of such an archive, to be copied, and of its inputs and keys. Made once a process."""
    root = scratch("two-sides")
    make(Minutier(root / "archive"), root / "in")
    return root / "archive", root / "in"


@contextmanager
def two_sides(kind: str, folder: Path) -> Iterator[TwoSides]:
    """One of one's own. `kind`: "embedded" or "servers" (without a broker)."""
    if kind == "embedded":
        home, inputs = template()
        yield TwoSides(Minutier(copied(home, folder / "archive")), inputs)
        return
    with archive_on_servers(folder / "archive", broker="") as archive:
        make(archive, folder / "in", init=False)
        yield TwoSides(archive, folder / "in")


class TwoSides:
    """The archive, and ids of its documents by side and name: `ids["leases/one.txt"]`."""

    def __init__(self, archive: Minutier, folder: Path) -> None:
        self.archive, self.folder = archive, folder
        self.ids = {"/".join(Path(path).parts[-2:]): one for path, one in archive.ids().items() if "!/" not in path}
        self.members = {
            path.rsplit("!/")[-1] + "@" + Path(path.split("!/")[0]).parts[-2]: one
            for path, one in archive.ids().items()
            if "!/" in path
        }

    def key(self, person: str) -> Path:
        """A person's private key."""
        return self.folder / f"{person}.key"
