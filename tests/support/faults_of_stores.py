"""A program that writes into an embedded store and dies, as by kill -9, before or after a chosen step.

python -m tests.support.faults_of_stores ROOT STEP before|after COUNT
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from archiver.adapters.objects import disk, embedded
from archiver.adapters.objects.embedded import EmbeddedStore
from archiver.adapters.objects.lock_rows import LockRows
from archiver.domain.document import LockMode
from archiver.ports.objects import Bucket, Lock, Put
from tests.support.moving_clock import MovingClock

STEPS: dict[str, tuple[Any, str]] = {
    "write": (disk, "write_new"),
    "harden": (disk, "harden"),
    "arrive": (LockRows, "arrive"),
    "place": (disk, "place"),
    "sync": (disk, "sync_folder"),
    "read back": (disk, "read_back"),
    "settle": (LockRows, "settle"),
    "leave": (LockRows, "leave"),
    "remove": (embedded, "remove"),
    "forget": (LockRows, "forget"),
}
"""Where a step is looked up when it is taken."""


def dying(step: Callable[..., Any], moment: str, count: int) -> Callable[..., Any]:
    """`step`, but the process ends before or after its call number `count`."""
    calls = itertools.count(1)

    def instead(*arguments: Any, **named: Any) -> Any:
        call = next(calls)
        if call == count and moment == "before":
            os._exit(9)
        result = step(*arguments, **named)
        if call == count:
            os._exit(9)
        return result

    return instead


def work(store: EmbeddedStore, clock: MovingClock) -> None:
    """Two groups, staged and not, in old and new folders; then one removal."""
    lock = Lock(LockMode.GOVERNANCE, clock.now() + timedelta(days=7))
    for group in range(2):
        puts = [
            Put(Bucket.LOCKED, f"originals/c/k/{n % 2}{group}/{n}-{group}", body=b"%d" % n * 100, lock=lock) for n in range(4)
        ]
        puts.append(Put(Bucket.LOCKED, f"originals/c/k/00/staged-{group}", staged=store.stage([b"staged"]), lock=lock))
        puts.append(Put(Bucket.DELETABLE, f"texts/c/{group}", body=b"text"))
        store.put(puts)
    store.delete(store.versions(Bucket.DELETABLE, "texts/c/1")[0].ref)


def main(root: str, step: str, moment: str, count: str) -> None:
    clock = MovingClock()
    store = EmbeddedStore(Path(root), clock)
    owner, name = STEPS[step]
    setattr(owner, name, dying(getattr(owner, name), moment, int(count)))
    work(store, clock)
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
