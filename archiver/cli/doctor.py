"""`minutier doctor`."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archiver.cli.context import Context, pass_context
from archiver.domain.display import safe

if TYPE_CHECKING:
    from archiver.bootstrap import Archive
    from archiver.services.health import Check

_COLOURS = {"ok": "green", "warning": "yellow", "failed": "red"}


@click.command("doctor")
@pass_context
def command(context: Context) -> None:
    """Say what is in use and whether it works.

    Tries the locks on a canary object when nobody else is writing. Exits with 1 when a part does not work.
    """
    from archiver.bootstrap import holder_of
    from archiver.services.health import Grade

    context.require_owner()
    holder = holder_of(context.home) if (context.home / "lock").exists() else ""
    with context.open(writable=not holder) as archive:
        checks = _checks(archive, holder)
    for check in checks:
        body = {"part": check.part, "grade": check.grade, "what": check.what, "remedy": check.remedy}
        remedy = [f"  {'':<12} {'':<9} → {safe(check.remedy)}"] if check.remedy and check.grade is not Grade.OK else []
        grade = click.style(f"{check.grade:<9}", fg=_COLOURS[check.grade])
        context.answer(body, [f"  {check.part:<12} {grade} {safe(check.what)}", *remedy])
    if any(check.grade is Grade.FAILED for check in checks):
        sys.exit(1)


def _checks(archive: Archive, holder: str) -> list[Check]:
    from archiver.services.health import (
        Check,
        Grade,
        check_catalog,
        check_extraction,
        check_index,
        check_ledger,
        check_space,
        check_store,
        guarded,
    )

    with tempfile.TemporaryDirectory() as folder:
        checks = [Check("archive", Grade.OK, str(archive.home))]
        if holder:
            checks.append(Check("writer", Grade.OK, holder))
        checks += guarded("objects", lambda: check_store(archive.objects, archive.catalog, archive.clock))
        checks += guarded("locks", lambda: _locks(archive, holder))
        checks += guarded("catalogue", lambda: check_catalog(archive.catalog))
        checks += guarded("index", lambda: check_index(archive.index, archive.catalog))
        checks += guarded("ledger", lambda: check_ledger(archive.ledger_rows, archive.keys))
        checks += guarded("extraction", lambda: check_extraction(archive.pool, Path(folder) / "doctor.rtf"))
        checks += guarded("clock", lambda: _clock(archive))
        checks += guarded("disk", lambda: check_space(archive.home))
        alone = "one disk holds everything: originals, catalogue and keys; keep a copy elsewhere"
        return [*checks, Check("redundancy", Grade.WARNING, alone, "see the how-to on moving and backing up an archive")]


def _locks(archive: Archive, holder: str) -> Check:
    from archiver.services.health import Check, Grade
    from archiver.services.lock_probe import probe

    if holder:
        return Check("locks", Grade.WARNING, "not tried: the archive is being written", "run it again later")
    let_through = probe(archive.objects, archive.clock, time.sleep)
    if let_through:
        return Check("locks", Grade.FAILED, f"the store {', '.join(let_through)}", "do not rely on its locks")
    return Check("locks", Grade.OK, "delete, shorten, weaken and overwrite were refused; a hold was kept")


def _clock(archive: Archive) -> Check:
    from archiver.services.health import Check, Grade

    skew = archive.clock.skew()
    if skew is None:
        return Check("clock", Grade.OK, f"{archive.clock.now():%Y-%m-%d %H:%M:%S} UTC")
    return Check(
        "clock",
        Grade.WARNING,
        f"this machine's clock is doubtful: {skew.message}",
        "set it right; the archive's time does not go back meanwhile",
    )
