"""The actors: ids in, one service call, nothing out. What they return or raise never reaches the broker."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from archiver.adapters.jobs.queues import queue_name
from archiver.ports.jobs import Kind

if TYPE_CHECKING:
    import dramatiq

    from workers.work import Work

PRIORITY = {Kind.INDEX: 0, Kind.PURGE: 5, Kind.EXTRACT: 10}
"""Of what a process holds, the lowest first: what was read becomes searchable before more is read, and somebody waits for a
purge that runs."""


def declare(broker: dramatiq.Broker, archive_id: str, work: Work, kinds: Collection[Kind]) -> None:
    """Declare on `broker` the actors of these kinds, over `work`."""
    import dramatiq

    tasks: dict[Kind, Callable[[list[str]], None]] = {
        Kind.EXTRACT: work.extract,
        Kind.INDEX: work.index,
        Kind.PURGE: work.purge,
    }
    for kind in sorted(kinds):
        name = queue_name(archive_id, kind)
        actor = dramatiq.actor(broker=broker, actor_name=kind.value, queue_name=name, priority=PRIORITY[kind])
        actor(tasks[kind])
