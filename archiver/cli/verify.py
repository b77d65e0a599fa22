"""`minutier verify`."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from archiver.cli.context import Context, counted, pass_context
from archiver.domain.display import safe
from archiver.ports.objects import Bucket

if TYPE_CHECKING:
    from archiver.services.verify import Verification

DAMAGED = 4
_EVERY = 1.0


@click.command("verify")
@pass_context
def command(context: Context) -> None:
    """Read everything back and check it.

    Every stored byte against its digest, records and ledger against the catalogue and the signed heads, the index against the
    catalogue. Says what was checked and how often. Exits with 4 when something does not fit.
    """
    from archiver.services.verify import Verify

    with context.open() as archive:
        parts = (archive.catalog, archive.objects, archive.index, archive.ledger_rows, archive.keys, archive.clock)
        ticker = Ticker()
        try:
            result = Verify(*parts, tick=ticker).run()
        finally:
            ticker.clear()
    findings = [{"where": finding.where, "what": finding.what} for finding in result.findings]
    body = {
        "sound": result.sound,
        "started_at": result.started_at,
        "checked": result.counts,
        "not_checked": result.not_checked,
        "findings": findings,
    }
    context.answer(body, _lines(result))
    if not result.sound:
        sys.exit(DAMAGED)


def _lines(result: Verification) -> list[str]:
    shown = ["Checked:"]
    shown += [f"  {count:>12,}  {name}" for name, count in result.counts.items() if count]
    shown += [f"  not checked: {safe(what)}" for what in result.not_checked]
    if result.sound:
        return [*shown, click.style("Everything is as it was written.", fg="green")]
    shown.append(click.style(f"{counted(len(result.findings), 'finding')}:", fg="red", bold=True))
    return shown + [f"  {safe(_path(finding.where))}\n      {safe(finding.what)}" for finding in result.findings]


def _path(where: str) -> str:
    """A stored object as the path of its file in the archive; any other place as it is."""
    bucket, colon, key = where.partition(":")
    return f"objects/{bucket}/{key}" if colon and bucket in set(Bucket) else where


class Ticker:
    """Says on a terminal how far it is."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, result: Verification) -> None:
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._last > _EVERY:
            self._last = now
            sys.stderr.write(
                f"\r{result.counts.get('bytes read back', 0) / 1e6:,.0f} MB read back, {counted(len(result.findings), 'finding')} "
            )
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away: the result comes in its place."""
        if self._last:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
