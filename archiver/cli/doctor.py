"""`minutier doctor`."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
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
@click.option("--clock-is-right", is_flag=True, help="Confirm a leap of the clock after a long pause; entered in the ledger.")
@pass_context
def command(context: Context, clock_is_right: bool) -> None:
    """Say what is in use and whether it works.

    Tries the locks on a canary object when nobody else is writing. Exits with 1 when a part does not work.
    """
    from archiver.bootstrap import holder_of
    from archiver.services.health import Grade

    context.require_owner()
    if clock_is_right:
        _confirm_clock(context)
        return
    holder = holder_of(context.home) if (context.home / "lock").exists() else ""
    failed = False
    with context.open(writable=not holder, beside=True) as archive:
        for check in _checks(archive, holder):
            failed = failed or check.grade is Grade.FAILED
            body = {"part": check.part, "grade": check.grade, "what": check.what, "remedy": check.remedy}
            remedy = [f"  {'':<12} {'':<9} → {safe(check.remedy)}"] if check.remedy and check.grade is not Grade.OK else []
            grade = click.style(f"{check.grade:<9}", fg=_COLOURS[check.grade])
            context.answer(body, [f"  {check.part:<12} {grade} {safe(check.what)}", *remedy])
    if failed:
        sys.exit(1)


def _checks(archive: Archive, holder: str) -> Iterator[Check]:
    """Each part by itself: one that does not answer hides none of the others."""
    from archiver.cli import doctor_servers
    from archiver.services import health
    from archiver.services.health import Check, Grade, guarded

    settings = archive.settings
    with tempfile.TemporaryDirectory() as folder:
        yield Check("archive", Grade.OK, str(archive.home))
        if holder:
            yield Check("writer", Grade.OK, holder)
        if settings.objects_url:
            yield from guarded("objects", lambda: doctor_servers.objects(archive))
        else:
            yield from guarded("objects", lambda: health.check_store(archive.objects, archive.catalog, archive.clock))
        yield from guarded("locks", lambda: _locks(archive, holder))
        if settings.catalog_url:
            yield from guarded("catalogue", lambda: doctor_servers.catalogue(archive))
        else:
            yield from guarded("catalogue", lambda: health.check_catalog(archive.catalog))
        if settings.index_url:
            yield from guarded("index", lambda: doctor_servers.index(archive))
        else:
            yield from guarded("index", lambda: health.check_index(archive.index, archive.catalog))
        if settings.tika_url:
            yield from guarded("tika", lambda: doctor_servers.tika(archive))
        if settings.broker_url:
            yield from guarded("broker", lambda: doctor_servers.broker(archive))
        ledger = doctor_servers.ledger if settings.catalog_url else _ledger
        yield from guarded("ledger", lambda: ledger(archive))
        yield from guarded("extraction", lambda: health.check_extraction(archive.pool, Path(folder) / "doctor.rtf"))
        yield from guarded("clock", lambda: doctor_servers.clocks(archive) if settings.catalog_url else _clock(archive))
        if settings.timestamp_url:
            yield from guarded("time-stamps", lambda: doctor_servers.timestamps(archive))
        yield from guarded("disk", lambda: health.check_space(archive.home))
        yield from guarded("redundancy", lambda: _redundancy(archive))


def _redundancy(archive: Archive) -> list[Check]:
    from archiver.cli import doctor_servers
    from archiver.services.health import Check, Grade

    if archive.settings.catalog_url or archive.settings.objects_url:
        return doctor_servers.redundancy(archive)
    alone = "one disk holds everything: originals, catalogue and keys; keep a copy elsewhere"
    return [Check("redundancy", Grade.WARNING, alone, "see the how-to on moving and backing up an archive")]


def _ledger(archive: Archive) -> Check:
    from archiver.services.health import check_ledger

    return check_ledger(archive.ledger_rows, archive.keys)


def _locks(archive: Archive, holder: str) -> Check:
    from archiver.ports.clock import Doubt
    from archiver.services.health import Check, Grade
    from archiver.services.lock_probe import probe

    if holder:
        return Check("locks", Grade.WARNING, "not tried: the archive is being written", "run it again later")
    if (skew := archive.clock.skew()) and skew.doubt is Doubt.AHEAD:
        return Check("locks", Grade.WARNING, "not tried: the time is in doubt", "see what is said of the clock")
    let_through = probe(archive.objects, archive.clock, time.sleep)
    if let_through:
        return Check("locks", Grade.FAILED, f"the store {', '.join(let_through)}", "do not rely on its locks")
    return Check("locks", Grade.OK, "delete, bypass, shorten, weaken and overwrite were refused; a hold was kept")


def _clock(archive: Archive) -> Check:
    from archiver.services.health import Check, Grade

    skew = archive.clock.skew()
    if skew is None:
        return Check("clock", Grade.OK, f"{archive.clock.now():%Y-%m-%d %H:%M:%S} UTC")
    from archiver.services.trusted_time import REMEDIES

    return Check("clock", Grade.WARNING, f"doubtful, and nothing is destroyed meanwhile: {skew.message}", REMEDIES[skew.doubt])


def _confirm_clock(context: Context) -> None:
    """A person says that the clock may be followed over its leap."""
    from archiver.services.register import Register
    from archiver.services.trusted_time import confirm_leap
    from retention.timestamp import timestamp

    with context.open(writable=True) as archive:
        by = Register(archive.objects, archive.keys).enter(context.principal.name)
        leap = confirm_leap(archive.clock, archive.ledger_rows, by)
    value = {"before": timestamp(leap.before), "after": timestamp(leap.after)}
    context.answer(value, [f"The archive's time leapt from {leap.before:%Y-%m-%d %H:%M} to {leap.after:%Y-%m-%d %H:%M} UTC."])
