"""The broker on Dramatiq: RabbitMQ or Redis, whichever the URL names.

Messages are hints (see `ports.jobs`), so nothing is retried, delayed or kept dead by Dramatiq itself: no middleware is loaded
but what a caller gives. Publishing waits for the broker's confirmation.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from archiver.errors import NotPermittedError, UnreachableError
from archiver.ports.jobs import Kind

if TYPE_CHECKING:
    import dramatiq

T = TypeVar("T")

MAINTENANCE_CHANCE = 100_000
"""Of a million commands, those after which Redis looks for messages of workers that are gone (Dramatiq's default is 1,000)."""


def queue_name(archive_id: str, kind: Kind) -> str:
    """The queue of one kind of work of one archive: archives may share a broker."""
    return f"minutier.{archive_id[:8]}.{kind.value}"


def dramatiq_broker(url: str, middleware: Sequence[dramatiq.Middleware] = ()) -> dramatiq.Broker:
    """The vendor's broker for a URL. Connects when first used."""
    if url.startswith("amqp"):
        from dramatiq.brokers.rabbitmq import RabbitmqBroker

        logging.getLogger("pika").setLevel(logging.CRITICAL)  # it tells of every try; what comes of them is told here
        return RabbitmqBroker(url=_with_bounds(url), confirm_delivery=True, middleware=list(middleware))
    from dramatiq.brokers.redis import RedisBroker

    make: Callable[..., dramatiq.Broker] = RedisBroker
    return make(url=url, middleware=list(middleware), maintenance_chance=MAINTENANCE_CHANCE)


def _with_bounds(url: str) -> str:
    """Without these a broker that hangs would hang whoever speaks to it."""
    bounds = {
        "heartbeat": "30",
        "blocked_connection_timeout": "30",
        "connection_attempts": "1",
        "socket_timeout": "10",
        "stack_timeout": "15",
    }
    missing = [f"{name}={value}" for name, value in bounds.items() if f"{name}=" not in url]
    return url + ("&" if "?" in url else "?") + "&".join(missing)


class Queues:
    """`ports.jobs.Broker`. Safe from several threads: each has its own connection."""

    def __init__(self, url: str, archive_id: str) -> None:
        self._broker, self._archive_id = dramatiq_broker(url), archive_id

    def send(self, kind: Kind, document_ids: Sequence[str]) -> None:
        """See the port."""
        import dramatiq

        message: dramatiq.Message[None] = dramatiq.Message(
            queue_name=queue_name(self._archive_id, kind),
            actor_name=kind.value,
            args=(list(document_ids),),
            kwargs={},
            options={},
        )
        if message.queue_name not in self._broker.get_declared_queues():
            translated(lambda: self._broker.declare_queue(message.queue_name))
        translated(lambda: self._broker.enqueue(message))

    def waiting(self, kind: Kind) -> int:
        """Messages in the queue that no worker has taken."""
        name = queue_name(self._archive_id, kind)
        return translated(lambda: waiting_in(self._broker, name))

    def close(self) -> None:
        """See the port."""
        self._broker.close()


def waiting_in(broker: dramatiq.Broker, name: str) -> int:
    """Messages in a queue, as the broker counts them."""
    from dramatiq.brokers.rabbitmq import RabbitmqBroker

    if isinstance(broker, RabbitmqBroker):
        try:
            broker.declare_queue(name, ensure=True)
            return int(broker.get_queue_message_counts(name)[0])
        except Exception:
            del broker.connection  # a channel that was cut stays so: the next to ask gets a new one
            raise
    return int(broker.client.llen(f"{broker.namespace}:{name}"))  # type: ignore[attr-defined]


def translated(work: Callable[[], T]) -> T:
    """What `work` returns, with the vendors' errors as ours.

    Raises:
        UnreachableError: the broker does not answer, or did not confirm.
        NotPermittedError: it does not let this user in.
    """
    from dramatiq.errors import BrokerConnectionError

    try:
        return work()
    except BrokerConnectionError as error:
        raise _told(
            error.__cause__ or (error.args[0] if error.args and isinstance(error.args[0], Exception) else error)
        ) from error
    except Exception as error:
        if type(error).__module__.split(".")[0] in ("pika", "redis"):
            raise _told(error) from error
        raise


def _told(error: BaseException) -> UnreachableError | NotPermittedError:
    name = type(error).__name__
    if name in ("ProbableAuthenticationError", "AuthenticationError", "ProbableAccessDeniedError", "NoPermissionError"):
        return NotPermittedError(
            "the message broker refuses this user", remedy="check user, password and virtual host in broker_url"
        )
    return UnreachableError(
        f"the message broker does not answer ({name})", remedy="start it, or check broker_url; nothing is lost meanwhile"
    )
