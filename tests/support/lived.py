"""An archive to which everything has happened that the ledger can tell: for tests of what is made again from its objects."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tests.support.command import SAMPLES, Minutier

FIRST = """collections:
  due: {class: DUE, grants: {read: [group:finance]}}
  leases: {class: LEASE}
classes:
  DUE: {title: Due at once, limit: P0D, from: received, basis: None, lock: none, then: destroy}
  LEASE: {title: Leases, limit: P1Y, from: event.lease_end, basis: None, lock: governance, then: destroy}
  DECIDED: {title: Decided, limit: P0D, from: received, basis: None, lock: none, then: review}
"""
SECOND = FIRST.replace("P1Y", "P2Y")


def live(archive: Minutier, folder: Path) -> str:
    """Let everything happen to a new archive; the id of its purge."""
    folder.mkdir()
    _files(folder)
    _policy(archive, folder, FIRST)
    for name in ("anna", "bruno"):
        archive.run("key", "new", folder / f"{name}.key", "--no-passphrase")
        archive.run("key", "enroll", name, folder / f"{name}.key.pub")
    archive.run("import", SAMPLES / "difficiles", SAMPLES / "noms", "--collection", "leases", "--batch", "leases", code=None)
    archive.run("import", folder / "due", "--collection", "due", "--batch", "due")
    archive.run("import", folder / "due", "--collection", "kept", "--class", "DECIDED", "--batch", "kept")
    ids = archive.ids()
    leases = sorted(one for path, one in ids.items() if "difficiles" in path and "!/" not in path)
    archive.run("event", "record", "lease_end", "--date", "2020-06-30", *leases[:3])
    archive.run("event", "record", "lease_end", "--date", "2020-07-31", *leases[1:3])
    archive.run("hold", "place", "--id", "matter", "--matter", "2027-014", "--reason", "why", "--owner", "anna", *leases[2:6])
    archive.run("hold", "release", "matter", "--reason", "not needed", leases[5])
    archive.run("hold", "place", "--id", "over", "--matter", "m", "--reason", "r", "--owner", "o", leases[6])
    archive.run("hold", "release", "over", "--reason", "over")
    kept = [row["id"] for row in archive.run("export", "--collection", "kept").rows if not row["parent"]]
    archive.run("review", "decide", "keep", kept[0], "--reason", "still of use", "--until", "2031-01-31")
    archive.run("review", "decide", "destroy", kept[1], "--reason", "of no use")
    (folder / "passwords").write_text("secret\nsesame-2024\n")
    archive.run("batch", "retry", "--outcome", "encrypted", "--password-file", folder / "passwords", code=None)
    _policy(archive, folder, SECOND)
    return destroy_class(archive, folder, "DUE")


def destroy_class(archive: Minutier, folder: Path, name: str) -> str:
    """Plan (anna), approve (bruno) and run a purge of all that is due of this class; its id. Their keys are in `folder`."""
    planned = archive.run("--json", "purge", "plan", "--class", name, "--key", folder / "anna.key").rows[0]
    purge = str(planned["purge"])
    archive.run("purge", "approve", purge, "--key", folder / "bruno.key", "--empties", name)
    archive.run("purge", "run", purge)
    return purge


def _policy(archive: Minutier, folder: Path, text: str) -> None:
    (folder / "policy.yaml").write_text(text)
    archive.run("policy", "apply", folder / "policy.yaml")


def _files(folder: Path) -> None:
    due = folder / "due"
    due.mkdir()
    for name in ("a", "b", "c"):
        (due / f"{name}.txt").write_text(f"Facture {name}, quittance lamentable")
    (due / "copy of a.txt").write_text("Facture a, quittance lamentable")
    with zipfile.ZipFile(due / "box.zip", "w") as box:
        box.writestr("inside.txt", "Membre d'une archive")
        box.writestr("deeper/inside.txt", "Autre membre")
