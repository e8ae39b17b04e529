"""RabbitMQ between the task queue's list and the runner.

The list is an outbox: written with the record in one step, and emptied into RabbitMQ, message by message, each
forgotten when its arrival has been confirmed. What is published twice is refused by the claim. A message is
acknowledged as soon as its task is claimed: from then on the lease says who runs it, so no time limit of the broker
ends a long task.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from scalelab.stack.worker.broker_state import BrokerState
from scalelab.stack.worker.rabbitmq import DELIVERY_LIMIT, Delivered, RabbitmqLink
from scalelab.stack.worker.runner import TaskRunner

EMPTY_PAUSE_S = 0.25
"""Between two looks into an empty queue."""
FAULT_PAUSE_S = 0.5
"""Between two questions to a broker that does not answer."""
BURY_PAUSE_S = 5.0
"""Between two looks for messages that the broker has put aside."""
PUT_ASIDE = f"its message ended, or lost, whoever took it, {DELIVERY_LIMIT} times"

Sleep = Callable[[float], Awaitable[object]]


class RabbitmqDelivery:
    """See `Delivery`. Takes a message only when a task can begin, so that none ages here."""

    def __init__(
        self,
        outbox: RabbitmqLink,
        inbox: RabbitmqLink,
        runner: TaskRunner,
        tasks_at_a_time: int,
        state: BrokerState,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.threads = 1
        self._outbox = outbox
        self._inbox = inbox
        self._runner = runner
        self._sleep = sleep
        self._free = asyncio.Semaphore(tasks_at_a_time)
        self._runs: set[asyncio.Task[None]] = set()
        self._is_draining = asyncio.Event()
        self._state = state

    async def deliver(self, task_id: str) -> None:
        """Publish it, however long that takes: what is given up here would be lost."""
        while (fault := await self._outbox.publish(task_id)) is not None:
            self._state.heard("outbox", fault)
            await self._sleep(FAULT_PAUSE_S)
        self._state.heard("outbox", None)

    def drain(self) -> None:
        """Take no further message."""
        self._is_draining.set()

    def lacking(self) -> str:
        """By the last answers of the broker."""
        return self._state.lacking()

    async def finished(self) -> None:
        """When the last run has ended."""
        while self._runs:
            await asyncio.wait(self._runs)

    async def take_for_ever(self) -> None:
        """Take messages and run their tasks, until drained or cancelled."""
        while not self._is_draining.is_set():
            await self._free.acquire()
            message = None if self._is_draining.is_set() else await self._inbox.take()
            if isinstance(message, Delivered):
                self._state.heard("inbox", None)
                self._begin(message)
                continue
            self._free.release()
            self._state.heard("inbox", message)
            await self._sleep(EMPTY_PAUSE_S if message is None else FAULT_PAUSE_S)

    async def bury_for_ever(self) -> None:
        """Tasks whose message the broker has put aside become dead letters, so that somebody sees and decides."""
        while True:
            message = await self._outbox.take_dead()
            if isinstance(message, Delivered):
                await self._runner.give_up(message.task_id, PUT_ASIDE, partial(_told, message.acknowledge))
            else:
                await self._sleep(BURY_PAUSE_S)

    async def watch_for_ever(self) -> None:
        """Know whether the broker is there also while nobody asks it: every slot taken, nothing to publish."""
        while True:
            for name, link in (("outbox", self._outbox), ("inbox", self._inbox)):
                self._state.heard(name, await link.reach())
            await self._sleep(FAULT_PAUSE_S)

    async def close(self) -> None:
        """Leave the broker."""
        await self._inbox.close()
        await self._outbox.close()

    def _begin(self, message: Delivered) -> None:
        run = asyncio.create_task(self._run(message), name=f"task {message.task_id}")
        self._runs.add(run)
        run.add_done_callback(self._runs.discard)

    async def _run(self, message: Delivered) -> None:
        try:
            if self._is_draining.is_set():
                await _told(message.hand_back)
            else:
                await self._runner.run(message.task_id, lambda: _told(message.acknowledge))
        finally:
            self._free.release()


async def _told(answer: Callable[[], Awaitable[None]]) -> None:
    """Tell the broker, if it can still be told: an unanswered message comes again, and that does no harm."""
    try:
        await answer()
    except Exception as error:  # noqa: BLE001  of three libraries
        structlog.get_logger().warning("message_not_answered", reason=type(error).__name__)
