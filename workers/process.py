"""One worker process: an archive, a broker, a few threads of Dramatiq, the sweeper and the timekeeper."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from archiver.adapters.jobs.queues import dramatiq_broker
from archiver.bootstrap import Archive, home_of
from archiver.errors import MinutierError
from archiver.ports.jobs import Kind
from workers import metrics
from workers.actors import declare
from workers.sweeper import Sweeper
from workers.timetable import Timekeeper
from workers.work import Work

_log = logging.getLogger("minutier.work")


def main(given: list[str] | None = None) -> int:
    """Work until SIGTERM; returns the exit code."""
    options = _options(given)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(process)d %(name)s: %(message)s")
    for name in ("dramatiq", "elastic_transport", "urllib3"):
        logging.getLogger(name).setLevel(logging.ERROR)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        kinds = {Kind(name) for name in options.queues.split(",")}
    except ValueError as error:
        _log.error("%s; kinds of work are: %s", error, ", ".join(Kind))
        return 2
    try:
        _serve(home_of(options.archive or None), kinds, options, stop)
    except MinutierError as error:
        _log.error("%s%s", error, f" ({error.remedy})" if error.remedy else "")
        return error.exit_code
    return 0


def _serve(home: Path, kinds: set[Kind], options: argparse.Namespace, stop: threading.Event) -> None:
    import dramatiq

    with Archive(home, writable=True, beside=True) as archive:
        patience = archive.patience(_log.warning, check=lambda: None)
        patience.run(lambda: archive.archive_id)
        metrics.serve(options.metrics)
        with Work(archive, kinds, patience) as work:
            broker = dramatiq_broker(archive.settings.broker_url)
            declare(broker, archive.archive_id, work, kinds)
            worker = dramatiq.Worker(broker, worker_threads=options.threads, worker_timeout=500)
            worker.start()
            _log.info("ready: %s with %d threads", ", ".join(sorted(kinds)), options.threads)
            with Sweeper(archive), Timekeeper(archive):
                _wait(stop, options.parent)
                work.end_in(options.grace)
                worker.stop(timeout=int(options.grace * 1000))
            broker.close()


def _wait(stop: threading.Event, parent: int) -> None:
    """Until told to stop, or the supervisor is gone."""
    while not stop.wait(1.0):
        if os.getppid() != parent:
            _log.warning("the parent process is gone; stopping")
            stop.set()


def _options(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="workers.process", description="One process of `minutier work`.")
    parser.add_argument("--archive", default="")
    parser.add_argument("--queues", default="extract,index,purge")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--grace", type=float, default=60.0)
    parser.add_argument("--metrics", default="")
    parser.add_argument("parent", type=int, help="process id of the supervisor")
    return parser.parse_args(given)


if __name__ == "__main__":
    sys.exit(main())
