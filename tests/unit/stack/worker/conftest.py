"""A runner over a queue in memory, with a job that ends when the test says so."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from scalelab.contracts.long_tasks import LongTaskRequest
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.task_queue import QueueFault, Submission
from scalelab.stack.task_queue.memory import MemoryTaskQueue
from scalelab.stack.worker.backoff import RetryPolicy
from scalelab.stack.worker.metrics import WorkerMetrics
from scalelab.stack.worker.runner import TaskRunner

FAULT = QueueFault("gone")


class FlakyDesk:
    """The desk of a queue that does not answer while `is_gone`."""

    def __init__(self, queue):
        self.is_gone = False
        self._queue = queue

    def __getattr__(self, name):
        method = getattr(self._queue, name)

        async def call(*arguments):
            return FAULT if self.is_gone else await method(*arguments)

        return call


class ScriptedKeeper:
    """Renews what the test says, and remembers what it was told."""

    def __init__(self):
        self.told, self.answers_s = [], []

    def tell(self, beats):
        self.told.append([beat.task_id for beat in beats])

    def renewed_at_s(self, _owner):
        return self.answers_s.pop(0) if self.answers_s else float("-inf")


@dataclass
class Bench:
    queue: MemoryTaskQueue
    desk: FlakyDesk
    clock: SimpleNamespace
    runner: TaskRunner
    metrics: ServiceMetrics
    worker_metrics: WorkerMetrics
    keeper: ScriptedKeeper
    claims: list = field(default_factory=list)
    """Of the runs that `started` has begun."""
    reports: list = field(default_factory=list)
    begun: asyncio.Queue = field(default_factory=asyncio.Queue)
    answers: asyncio.Queue = field(default_factory=asyncio.Queue)
    """What the job returns, or raises, one for each attempt."""
    pauses: asyncio.Queue = field(default_factory=asyncio.Queue)
    """Filled by the runner when it waits for the queue to come back."""

    async def submitted(self, **request) -> str:
        answer = await self.queue.submit(Submission("ada", LongTaskRequest(**request)))
        return answer.view.id

    async def started(self, task_id) -> asyncio.Task:
        """A run whose job has begun."""
        run = asyncio.create_task(self.runner.run(task_id))
        self.claims.append(await self.begun.get())
        return run

    async def view(self, task_id):
        return await self.queue.view(task_id, "ada")

    def count(self, outcome) -> float:
        return self.metrics.registry.get_sample_value("scalelab_tasks_total", {"outcome": outcome})


@pytest.fixture
def bench():
    """With leases that do not end by themselves: only the queue's clock moves, and only by hand."""
    return bench_with(lease_s=3600.0)


@pytest.fixture
def bench_with_a_short_lease():
    """The fence of a run is real time."""
    return bench_with(lease_s=0.02)


def bench_with(lease_s):
    clock = SimpleNamespace(now_s=1000.0)
    queue = MemoryTaskQueue(lambda: clock.now_s, 60, 100)
    desk = FlakyDesk(queue)
    metrics = ServiceMetrics()
    worker_metrics = WorkerMetrics(metrics)
    keeper = ScriptedKeeper()

    async def job(claim, report):
        made.reports.append(report)
        made.begun.put_nowait(claim)
        answer = await made.answers.get()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def pause(duration_s):
        await made.pauses.put(duration_s)
        await asyncio.sleep(0)

    runner = TaskRunner(
        desk,
        job,
        name="worker-1",
        lease_s=lease_s,
        policy=RetryPolicy(2, 1.0, 10.0),
        metrics=worker_metrics,
        draw=lambda: 0.5,
        sleep=pause,
        keeper=keeper,
    )
    made = Bench(queue, desk, clock, runner, metrics, worker_metrics, keeper)
    return made
