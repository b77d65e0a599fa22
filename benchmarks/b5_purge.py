"""B5: a purge on one machine, whole: plan, approval, last judgement, ledger, bytes, index, catalogue, certificate.

    python -m benchmarks.b5_purge [--due 20000] [--kept 80000] [--held 1000] [--folder DIR]

Makes an archive of short texts through intake and commit, holds some of the due documents, and purges. Each stage is timed;
beside it, in the same run, what the same machine needs to unlink as many files again (the floor under any purge). Then it looks:
no held document lost, no marker of a destroyed one left in any file, the certificate sound. With --folder the made archive is
kept and copied for each run.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from archiver.adapters.keys.personal import PersonalKey
from archiver.bootstrap import Archive
from archiver.bootstrap.purging import Purging
from archiver.domain.document import State
from archiver.ports.retention_rows import HoldRecord, Purge
from archiver.services.purge.plan import Criteria
from archiver.services.purge.signatory import Signatory
from archiver.services.register import Register
from archiver.services.signers import Signers
from benchmarks.made_archive import MARKER, make_archive
from retention.certificate_check import check_certificate

T = TypeVar("T")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--due", type=int, default=20_000)
    options.add_argument("--kept", type=int, default=80_000)
    options.add_argument("--held", type=int, default=1_000)
    options.add_argument("--folder", type=Path)
    given = options.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as scratch:
        home = Path(scratch) / "archive"
        made = (given.folder or Path(scratch)) / f"made-{given.due}-{given.kept}"
        if not made.exists():
            timed("making the archive", lambda: make_archive(made, given.due, given.kept), given.due + given.kept)
        shutil.copytree(made, home)
        os.sync()
        measure(home, given.due, given.held)
        floor(Path(scratch), given.due * 3)


def measure(home: Path, due: int, held: int) -> None:
    """One purge, timed in stages."""
    gone, began = due - held, time.perf_counter()
    with Archive(home, writable=True) as archive:
        keys = enrolled(archive, home)
        held_ids = hold(archive, held)
        began = time.perf_counter()
        purge = timed("plan", lambda: planned(archive, keys[0]), due)
        purge = timed("approval", lambda: approved(archive, purge, keys[1]), due)
        purging = Purging(archive)
        running = purging.running(lambda _: None, lambda _: None)
        purge, _ = timed("destroy: judged, tombstones, ledger, bytes", lambda: running.run(purge), gone)
        steps = Steps()
        purge, _ = timed("finish", lambda: purging.finishing(steps, rewrite=True).run(purge), gone)
        steps("")
        total = time.perf_counter() - began
        print(f"whole purge: {total:.1f} s, {gone / total:,.0f} documents/s")
        print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
        with purging.files.certificate(purge.id) as stream:
            report = timed("certificate checked", lambda: check_certificate(stream), due)
        documents = archive.catalog.documents(held_ids)
        lost = [one for one in held_ids if documents[one].state is State.DISPOSED]
        print(f"certificate sound: {report.sound}; held documents lost: {len(lost)} of {len(held_ids)}")
    left = subprocess.run(["grep", "-rlaF", f"{MARKER} /due/", str(home)], capture_output=True, text=True, check=False).stdout
    print(f"files with the marker of the due documents: {len(left.splitlines())} (the held ones' own: {held})")


class Steps:
    """Times what the end of a purge is made of."""

    def __init__(self) -> None:
        self._name, self._since = "", time.perf_counter()

    def __call__(self, name: str) -> None:
        now = time.perf_counter()
        if self._name:
            print(f"    {self._name}: {now - self._since:.1f} s")
        self._name, self._since = name, now


def enrolled(archive: Archive, home: Path) -> list[PersonalKey]:
    """Keys of two persons."""
    signers = Signers(archive.catalog, Register(archive.objects, archive.keys), archive.keys, archive.clock)
    keys = [PersonalKey.create(home.parent / f"key-{name}", None) for name in ("anna", "bruno")]
    for name, key in zip(("anna", "bruno"), keys, strict=True):
        signers.enroll(name, key.public_key, by="benchmark")
    return keys


def hold(archive: Archive, count: int) -> list[str]:
    """Hold the first of what is due."""
    now = archive.clock.now()
    archive.catalog.add_hold(HoldRecord("h", "matter", "", "", now, "benchmark"), [])
    ids = [one.id for one, _ in zip(archive.catalog.due(now.date() + timedelta(2)), range(count), strict=False)]
    for start in range(0, count, 500):
        archive.catalog.place("h", ids[start : start + 500], now.date(), [])
    return [str(one) for one in ids]


def planned(archive: Archive, key: PersonalKey) -> Purge:
    """A plan of everything due."""
    author = Signatory("anna", Register(archive.objects, archive.keys).pseudonym("anna"), key)
    made = Purging(archive).planning(lambda _: None).make(Criteria(), author, archive.clock.now())
    assert made is not None
    return made


def approved(archive: Archive, purge: Purge, key: PersonalKey) -> Purge:
    """The plan, approved by another."""
    approver = Signatory("bruno", Register(archive.objects, archive.keys).pseudonym("bruno"), key)
    service = Purging(archive).approving()
    return service.approve(purge, approver, archive.clock.now(), lasts=timedelta(days=7), empties=["DUE"])


def floor(folder: Path, files: int) -> None:
    """How fast files of the same number are unlinked, with a sync of each folder at the end."""
    for number in range(files):
        place = folder / "floor" / f"{number % 256:02x}"
        if number < 256:
            place.mkdir(parents=True)
        (place / str(number)).write_bytes(b"x" * 500)
    os.sync()

    def unlink() -> None:
        for place in sorted((folder / "floor").iterdir()):
            for file in place.iterdir():
                file.unlink()
            descriptor = os.open(place, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)

    timed("floor: unlink three files a document", unlink, files // 3)


def timed(what: str, work: Callable[[], T], count: int) -> T:
    """Run and say how long it took."""
    start, busy = time.perf_counter(), time.process_time()
    result = work()
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    print(f"{what}: {seconds:.1f} s, {count / seconds:,.0f} documents/s; {busy / count * 1e6:,.0f} us CPU a document", flush=True)
    return result


if __name__ == "__main__":
    main()
