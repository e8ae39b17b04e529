"""One worker process: takes long tasks from the queue and runs them until it is told to stop.

Dramatiq's threads deliver, one event loop does everything else. At a stop, running tasks get the grace they were
promised and are then handed back; nothing waits for a lease to end.
"""

import asyncio
import random
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import structlog

from scalelab.contracts.service_settings import WorkerSettings
from scalelab.stack.service_kit.admin import Readiness, admin_listener
from scalelab.stack.service_kit.cannot_start import CannotStartError
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.task_queue import Claim, TaskDesk, open_task_desk, read_password
from scalelab.stack.upstream import UpstreamClient
from scalelab.stack.worker.backoff import RetryPolicy
from scalelab.stack.worker.broker import build_broker, build_worker
from scalelab.stack.worker.broker_state import BrokerState
from scalelab.stack.worker.dead_letters import dead_letter_routes
from scalelab.stack.worker.delivery import Delivery, DirectDelivery
from scalelab.stack.worker.lease_keeper import LeaseKeeper
from scalelab.stack.worker.long_task import AttemptFailed, Pace, Report, run_long_task
from scalelab.stack.worker.metrics import BrokerMetrics, WorkerMetrics
from scalelab.stack.worker.rabbitmq import RabbitmqLink, queue_name_for
from scalelab.stack.worker.rabbitmq_delivery import RabbitmqDelivery
from scalelab.stack.worker.record_source import RecordSource
from scalelab.stack.worker.runner import Job, TaskRunner
from scalelab.stack.worker.upkeep import Sweeper, keep_leases

UPSTREAM_TIMEOUT_S = 30.0
"""Longest wait for one range of records."""
HAND_BACK_S = 2.0
"""Longest wait for the tasks that were handed back at a stop, and for the consumers."""


def long_task_job(source: RecordSource) -> Job:
    """The long task that there is."""
    pace = Pace(time.monotonic, asyncio.sleep)

    async def run(claim: Claim, report: Report) -> dict[str, object] | AttemptFailed:
        return await run_long_task(claim.request, claim.attempt, source.fetch, report, pace)

    return run


async def serve(
    settings: WorkerSettings, keeper: LeaseKeeper, job_of: Callable[[RecordSource], Job] = long_task_job
) -> None:
    """The whole life of the process. `job_of` makes what one attempt does of the source of its records."""
    stop = _stop_signal()
    metrics, readiness = ServiceMetrics(), Readiness()
    async with (
        open_task_desk(settings) as desk,
        admin_listener(settings, metrics, readiness, dead_letter_routes(desk)),
        UpstreamClient(settings.database_url, UPSTREAM_TIMEOUT_S) as database,
    ):
        await _work(settings, desk, job_of(RecordSource(database)), keeper, metrics, readiness, stop)
    structlog.get_logger().info("worker_stopped")


async def _work(
    settings: WorkerSettings,
    desk: TaskDesk,
    job: Job,
    keeper: LeaseKeeper,
    service_metrics: ServiceMetrics,
    readiness: Readiness,
    stop: asyncio.Event,
) -> None:
    policy = RetryPolicy(settings.max_retries + 1, settings.min_backoff_s, settings.max_backoff_s)
    metrics = WorkerMetrics(service_metrics)
    runner = _runner(settings, desk, job, policy, metrics, keeper)
    async with _delivery(settings, runner, service_metrics) as delivery:
        sweeper = Sweeper(desk, policy.max_attempts, metrics, readiness, delivery.lacking)
        async with (
            _background("leases", keep_leases(runner, settings.heartbeat_timeout_s)),
            _background("sweeper", sweeper.sweep_for_ever()) as sweeping,
        ):
            broker = build_broker(settings)
            worker = build_worker(broker, delivery.deliver, asyncio.get_running_loop(), delivery.threads)
            worker.start()
            structlog.get_logger().info("worker_started", threads=settings.threads)
            await stop.wait()
            broker.drain()
            delivery.drain()
            sweeping.cancel()
            readiness.not_ready("stopping")
            await _stop(worker.stop, delivery, runner, settings.graceful_timeout_s)


@asynccontextmanager
async def _delivery(settings: WorkerSettings, runner: TaskRunner, metrics: ServiceMetrics) -> AsyncIterator[Delivery]:
    """As `settings.broker` says.

    Raises:
        CannotStartError: the broker is there, and refuses this worker.
    """
    if settings.broker == "valkey":
        yield DirectDelivery(runner, settings.threads)
        return
    secret, name = read_password(settings.broker_password_file), queue_name_for(settings.queue_url)
    outbox, inbox = (RabbitmqLink(settings.broker_url, secret, name) for _ in range(2))
    fault = await inbox.reach()
    if fault is not None and fault.is_refused:
        raise CannotStartError(
            f"RabbitMQ refuses the user or the password of broker_url = {settings.broker_url} ({fault.detail})"
        )
    delivery = RabbitmqDelivery(outbox, inbox, runner, settings.threads, BrokerState(BrokerMetrics(metrics)))
    try:
        async with (
            _background("messages", delivery.take_for_ever()),
            _background("broker-watch", delivery.watch_for_ever()),
            _background("messages-put-aside", delivery.bury_for_ever()),
        ):
            yield delivery
    finally:
        await delivery.close()


def _runner(
    settings: WorkerSettings,
    desk: TaskDesk,
    job: Job,
    policy: RetryPolicy,
    metrics: WorkerMetrics,
    keeper: LeaseKeeper,
) -> TaskRunner:
    return TaskRunner(
        desk,
        job,
        name=settings.instance,
        lease_s=settings.heartbeat_timeout_s,
        policy=policy,
        metrics=metrics,
        draw=random.random,
        keeper=keeper,
    )


async def _stop(stop_worker: Callable[[int], None], delivery: Delivery, runner: TaskRunner, grace_s: float) -> None:
    """Let running tasks finish within `grace_s` seconds, then hand them back."""
    consumers = _in_thread("worker-stop", lambda: stop_worker(round((grace_s + HAND_BACK_S) * 1000)))
    stopped = asyncio.gather(consumers, delivery.finished())
    await asyncio.wait([stopped], timeout=grace_s)
    runner.hand_back()
    _done, waiting = await asyncio.wait([stopped], timeout=HAND_BACK_S)
    if waiting:
        structlog.get_logger().warning("consumers_did_not_stop")


def _in_thread(name: str, call: Callable[[], None]) -> "asyncio.Future[None]":
    """Run a blocking call in a thread that never keeps the process alive."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def end() -> None:
        if not ended.done():
            ended.set_result(None)

    def run() -> None:
        try:
            call()
        except Exception:  # noqa: BLE001  the process is about to end; nobody else would hear of it
            structlog.get_logger().exception("thread_broke", thread=name)
        finally:
            if not loop.is_closed():
                loop.call_soon_threadsafe(end)

    threading.Thread(target=run, name=name, daemon=True).start()
    return ended


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


@asynccontextmanager
async def _background(name: str, work: Coroutine[object, object, None]) -> AsyncIterator["asyncio.Task[None]"]:
    """Run `work` beside the body; when it breaks, so does the body."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work, name=name)
        yield task
        task.cancel()
