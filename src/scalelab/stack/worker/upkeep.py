"""What a worker does beside its tasks, for ever: renews their leases, and sweeps up after dead workers."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from scalelab.stack.service_kit.admin import Readiness
from scalelab.stack.task_queue import QueueFault, TaskDesk
from scalelab.stack.worker.metrics import WorkerMetrics
from scalelab.stack.worker.runner import TaskRunner

LONGEST_BEAT_S = 0.25
"""Between two renewals; a cancellation is heard of no later."""
BEATS_PER_LEASE = 8
SWEEP_INTERVAL_S = 0.5

Sleep = Callable[[float], Awaitable[object]]


async def keep_leases(runner: TaskRunner, lease_s: float, sleep: Sleep = asyncio.sleep) -> None:
    """Renew all leases well before they end."""
    while True:
        await sleep(min(LONGEST_BEAT_S, lease_s / BEATS_PER_LEASE))
        await runner.renew()


class Sweeper:
    """Sweeps, counts what it finds, and knows by it whether the queue is there; `lacking` says what else is not.

    A worker is ready while a task that is submitted now could begin here.
    """

    def __init__(
        self,
        desk: TaskDesk,
        max_attempts: int,
        metrics: WorkerMetrics,
        readiness: Readiness,
        lacking: Callable[[], str] = lambda: "",
    ) -> None:
        self._lacking = lacking
        self._desk = desk
        self._max_attempts = max_attempts
        self._metrics = metrics
        self._readiness = readiness
        self._is_gone = False

    async def sweep_for_ever(self, sleep: Sleep = asyncio.sleep) -> None:
        """Until cancelled."""
        while True:
            await self.sweep()
            await sleep(SWEEP_INTERVAL_S)

    async def sweep(self) -> None:
        """Once."""
        swept = await self._desk.sweep(self._max_attempts)
        if isinstance(swept, QueueFault):
            if not self._is_gone:
                structlog.get_logger().error("queue_gone", reason=swept.detail)
            self._is_gone = True
            self._readiness.not_ready("the task queue does not answer")
            return
        self._is_gone = False
        reason = self._lacking()
        if reason:
            self._readiness.not_ready(reason)
        else:
            self._readiness.ready()
        self._metrics.waiting(swept.waiting)
        for task_id in swept.retried:
            structlog.get_logger().warning("lost_task_queued_again", task=task_id)
            self._metrics.settled("retrying")
        for task_id in swept.dead:
            structlog.get_logger().error("lost_task_given_up", task=task_id)
            self._metrics.settled("dead")
