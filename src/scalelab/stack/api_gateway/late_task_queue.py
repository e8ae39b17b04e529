"""A task queue that routes can be built on before it is open: connections belong to the event loop, routes do not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from scalelab.contracts.long_tasks import LongTaskView
from scalelab.contracts.service_settings import GatewaySettings
from scalelab.stack.task_queue import (
    AlreadyFinished,
    KeyReused,
    QueueFault,
    QueueFull,
    Submission,
    Submitted,
    TaskQueue,
    open_task_queue,
)


class LateTaskQueue:
    """Speaks as the queue that `opened` holds; see `TaskQueue`."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._queue: TaskQueue | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Holds the queue while the context is open."""
        async with open_task_queue(self._settings) as self._queue:
            yield

    async def submit(self, submission: Submission) -> Submitted | KeyReused | QueueFull | QueueFault:
        """See `TaskQueue.submit`."""
        return await self._opened.submit(submission)

    async def view(self, task_id: str, subject: str) -> LongTaskView | QueueFault | None:
        """See `TaskQueue.view`."""
        return await self._opened.view(task_id, subject)

    async def cancel(self, task_id: str, subject: str) -> LongTaskView | AlreadyFinished | QueueFault | None:
        """See `TaskQueue.cancel`."""
        return await self._opened.cancel(task_id, subject)

    async def dead_letters(self, subject: str | None, limit: int) -> tuple[LongTaskView, ...] | QueueFault:
        """See `TaskQueue.dead_letters`."""
        return await self._opened.dead_letters(subject, limit)

    @property
    def _opened(self) -> TaskQueue:
        assert self._queue is not None
        return self._queue
