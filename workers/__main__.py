"""`python -m workers`: what `minutier work` runs."""

from __future__ import annotations

import argparse
import sys

from workers.supervisor import Plan, supervise


def main(given: list[str] | None = None) -> int:
    """Run workers until told to stop; returns the exit code."""
    parser = argparse.ArgumentParser(prog="minutier work", description="Reads and indexes what importers take in.")
    parser.add_argument("--archive", default="", help="the archive's folder on this host")
    parser.add_argument("--queues", default="extract,index,purge", help="kinds of work, with commas between them")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--grace", type=float, default=60.0, help="seconds for what is in hand when told to stop")
    parser.add_argument("--metrics", default="", help="address for Prometheus, HOST:PORT; the processes take PORT, PORT+1, …")
    parser.add_argument("--program", default="workers.process", help=argparse.SUPPRESS)
    options = parser.parse_args(given)
    plan = Plan(
        options.archive,
        tuple(options.queues.split(",")),
        options.processes,
        options.threads,
        options.grace,
        options.metrics,
        options.program,
    )
    return supervise(plan)


if __name__ == "__main__":
    sys.exit(main())
