"""`minutier work`."""

from __future__ import annotations

import os
import sys

import click

from archiver.cli.context import Context, pass_context
from archiver.errors import UsageError


@click.command("work")
@click.option(
    "--queues", default="extract,index,purge", show_default=True, metavar="KINDS", help="Kinds of work, with commas between."
)
@click.option("--processes", type=click.IntRange(1, 256), metavar="N", help="Worker processes.  [default: one a processor]")
@click.option("--threads", type=click.IntRange(1, 64), default=2, show_default=True, metavar="N", help="Chunks at once in each.")
@click.option(
    "--grace", type=click.FloatRange(0), default=60.0, show_default=True, metavar="SECONDS", help="For what is in hand."
)
@click.option("--metrics", metavar="HOST:PORT", help="Answer Prometheus there; the second process takes the next port.")
@pass_context
def command(context: Context, queues: str, processes: int | None, threads: int, grace: float, metrics: str | None) -> None:
    """Read and index what imports take in, and help purges that run, for as long as it is left running.

    Any number may run, on any number of hosts: they need the servers' addresses and nothing else. SIGTERM or Ctrl-C finishes
    what is in hand; one that is killed leaves nothing undone for longer than half a minute.
    """
    from archiver.settings import load

    context.require_owner()
    settings, _ = load(context.home)
    if not settings.broker_url:
        raise UsageError(
            "there is no message broker: without one an import reads its documents itself",
            remedy="set MINUTIER_BROKER_URL, and see the how-to on running with servers",
        )
    given = ["--archive", str(context.home), "--queues", queues, "--threads", str(threads), "--grace", str(grace)]
    given += ["--processes", str(processes or settings.worker_count()), *(["--metrics", metrics] if metrics else [])]
    os.execv(sys.executable, [sys.executable, "-m", "workers", *given])  # noqa: S606  # this process becomes their parent
