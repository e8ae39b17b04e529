"""One connection to RabbitMQ that opens itself again: puts task ids on a durable quorum queue, and takes them off.

Knows nothing of tasks. Trouble is a value (`BrokerFault`): whoever asked asks again.
"""

import asyncio
import hashlib
import importlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from yarl import URL

from scalelab.contracts.long_tasks import QUEUE_NAME
from scalelab.stack.service_kit.cannot_start import CannotStartError

CALL_TIMEOUT_S = 5.0
"""Longest wait for one answer of the broker, connecting included."""
DELIVERY_LIMIT = 20
"""Deliveries of one message without an answer, after which the broker puts it on the queue of dead messages."""

_REFUSALS = frozenset({"AuthenticationError", "ProbableAuthenticationError"})
"""As the library calls it when the broker refuses the user or the password."""


@dataclass(frozen=True)
class BrokerFault:
    """The broker did not answer, or not in time. What was asked for may or may not have happened."""

    detail: str

    @property
    def is_refused(self) -> bool:
        """Whether the broker is there, and does not let this user in."""
        return self.detail in _REFUSALS


@dataclass(frozen=True)
class Delivered:
    """A message in hand; the broker delivers it again when the connection ends without an answer."""

    task_id: str
    acknowledge: Callable[[], Awaitable[None]]
    """Forget it. A lost answer does no harm: the message comes again and is refused."""
    hand_back: Callable[[], Awaitable[None]]
    """Deliver it again, to anybody."""


def queue_name_for(queue_url: str) -> str:
    """One queue for each store of tasks: a message means nothing where its record is not."""
    return f"scalelab.{QUEUE_NAME}.{hashlib.sha256(queue_url.encode()).hexdigest()[:12]}"


class RabbitmqLink:
    """One channel with publisher confirms. All methods belong to one event loop; calls take turns."""

    def __init__(self, url: str, secret: str | None, queue_name: str, call_timeout_s: float = CALL_TIMEOUT_S) -> None:
        """Connects when first used.

        Raises:
            CannotStartError: the library is not there.
        """
        try:
            self._library = importlib.import_module("aio_pika")
        except ImportError as error:
            raise CannotStartError(
                "worker.broker = 'rabbitmq' needs the extra rabbitmq: pip install 'scalelab[rabbitmq]'"
            ) from error
        self._url = URL(url) if secret is None else URL(url).with_password(secret)
        self._queue_name = queue_name
        self._call_timeout_s = call_timeout_s
        self._turn = asyncio.Lock()
        self._connection: Any = None
        self._channel: Any = None
        self._queue: Any = None
        self._dead: Any = None

    async def publish(self, task_id: str) -> BrokerFault | None:
        """Put a task's id on the queue; None when the broker has confirmed that it is safe there."""

        async def put() -> None:
            message = self._library.Message(
                task_id.encode(), delivery_mode=self._library.DeliveryMode.PERSISTENT, content_type="text/plain"
            )
            await self._channel.default_exchange.publish(message, self._queue_name, mandatory=True)

        answer: BrokerFault | None = await self._bounded(put)
        return answer

    async def take(self) -> Delivered | BrokerFault | None:
        """The next message; None when there is none."""
        answer: Delivered | BrokerFault | None = await self._bounded(lambda: _next_of(self._queue))
        return answer

    async def take_dead(self) -> Delivered | BrokerFault | None:
        """The next of the messages that the broker has put aside; None when there is none."""
        answer: Delivered | BrokerFault | None = await self._bounded(lambda: _next_of(self._dead))
        return answer

    async def reach(self) -> BrokerFault | None:
        """Nothing but whether the broker is there: opens the connection, or notices that it has ended."""

        async def look() -> None:
            if self._connection.is_closed:
                raise ConnectionResetError

        answer: BrokerFault | None = await self._bounded(look)
        return answer

    async def close(self) -> None:
        """Whatever is in hand is delivered again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                async with asyncio.timeout(self._call_timeout_s):
                    await connection.close()
            except Exception:  # noqa: BLE001, S110  it is gone in any case
                pass

    async def _bounded(self, call: Callable[[], Awaitable[Any]]) -> Any:
        async with self._turn:
            try:
                async with asyncio.timeout(self._call_timeout_s):
                    if self._connection is None:
                        await self._open()
                    return await call()
            except Exception as error:  # noqa: BLE001  of three libraries; its name says enough, and no secret
                await self.close()
                return BrokerFault(type(error).__name__)

    async def _open(self) -> None:
        connection = await self._library.connect(self._url, timeout=self._call_timeout_s)
        self._connection = connection
        self._channel = await connection.channel(publisher_confirms=True)
        dead = f"{self._queue_name}.dead"
        self._dead = await self._channel.declare_queue(dead, durable=True, arguments={"x-queue-type": "quorum"})
        self._queue = await self._channel.declare_queue(
            self._queue_name,
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-delivery-limit": DELIVERY_LIMIT,
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": dead,
            },
        )


async def _next_of(queue: Any) -> Delivered | None:
    message = await queue.get(fail=False)
    if message is None:
        return None
    return Delivered(message.body.decode(errors="replace"), message.ack, message.nack)
