"""Dramatiq's Redis broker and worker threads, as this service uses them: they deliver messages and nothing else.

Retries, delays and dead letters are the task queue's own; the threads wait while the event loop works.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import dramatiq
import redis
from dramatiq.broker import Consumer
from dramatiq.brokers.redis import MAINTENANCE_SCALE, RedisBroker
from redis.backoff import NoBackoff
from redis.retry import Retry

from scalelab.contracts.long_tasks import ACTOR_NAME, QUEUE_NAME
from scalelab.contracts.service_settings import WorkerSettings
from scalelab.stack.task_queue import read_password
from scalelab.stack.task_queue.valkey import BROKER_NAMESPACE

Deliver = Callable[[str], Awaitable[None]]

IDLE_POLL_S = 0.25
"""Longest pause between two looks into an empty queue."""
_SOCKET_TIMEOUT_S = 3.0


class _Client(redis.Redis):
    """To Dramatiq, a silent server is a lost connection: it tries again for that, and for nothing else."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """One command."""
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except redis.TimeoutError as error:
            raise redis.ConnectionError(str(error)) from error


class DeliveringBroker(RedisBroker):
    """Takes a new name whenever a consumer starts again after trouble, and fetches nothing more once it drains.

    What the old name had fetched and never acknowledged, because the answer was lost with the connection, belongs
    to a broker that looks dead from then on, and is delivered again after the heartbeat timeout. Under the same
    name it would stay unacknowledged for as long as the process lives.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self._consumed: set[str] = set()
        self._is_draining = False

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
        """Start a consumer."""
        if queue_name in self._consumed:
            self.broker_id = str(uuid4())
        self._consumed.add(queue_name)
        return super().consume(queue_name, prefetch, timeout)

    def drain(self) -> None:
        """Leave what is in the queue to others. The consumer of the delay queue goes on with the heartbeats."""
        self._is_draining = True

    def do_fetch(self, queue_name: str, count: int) -> list[bytes]:
        """At most `count` messages; called by the consumers."""
        if self._is_draining and queue_name == QUEUE_NAME:
            return []
        messages: list[bytes] = super().__getattr__("do_fetch")(queue_name, count)  # type: ignore[no-untyped-call]
        return messages


def build_broker(settings: WorkerSettings) -> DeliveringBroker:
    """The broker; connects when first used."""
    secret = read_password(settings.cache_password_file)
    client = _Client.from_url(
        settings.queue_url,
        **({} if secret is None else {"password": secret}),
        socket_timeout=_SOCKET_TIMEOUT_S,
        socket_connect_timeout=_SOCKET_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
    return DeliveringBroker(
        client=client,
        namespace=BROKER_NAMESPACE,
        middleware=[],
        heartbeat_timeout=round(settings.heartbeat_timeout_s * 1000),
        maintenance_chance=MAINTENANCE_SCALE,
    )


def build_worker(
    broker: RedisBroker, deliver: Deliver, loop: asyncio.AbstractEventLoop, threads: int
) -> dramatiq.Worker:
    """Worker threads that hand each message's task id to `deliver` on `loop` and wait for its end.

    No more messages are fetched than there are threads, so that none ages here while another worker is idle.
    """

    def run_long_task(task_id: str) -> None:
        asyncio.run_coroutine_threadsafe(_delivered(deliver, task_id), loop).result()

    dramatiq.actor(actor_name=ACTOR_NAME, queue_name=QUEUE_NAME, broker=broker)(run_long_task)
    worker = dramatiq.Worker(broker, worker_threads=threads, worker_timeout=round(IDLE_POLL_S * 1000))
    worker.queue_prefetch = threads
    return worker


async def _delivered(deliver: Deliver, task_id: str) -> None:
    await deliver(task_id)
