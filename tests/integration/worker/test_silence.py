"""Tasks that hold the interpreter: their worker can tell nobody that it lives, and they run once all the same."""

import asyncio
import signal
from pathlib import Path

import pytest

from scalelab.contracts.long_tasks import LongTaskRequest, LongTaskView
from scalelab.stack.task_queue import Submission

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

GREEDY = Path(__file__).with_name("greedy_worker.py")
LEASE_S = 1.0


async def submitted(queue, **request) -> str:
    return (await queue.submit(Submission("ada", LongTaskRequest(count=20, **request)))).view.id


async def until(queue, task_id, *states) -> LongTaskView:
    async with asyncio.timeout(30):
        while True:
            view = await queue.view(task_id, "ada")
            if isinstance(view, LongTaskView) and view.state in states:
                return view
            await asyncio.sleep(0.02)


async def begun(records, first_key, times) -> None:
    async with asyncio.timeout(30):
        while executions(records, first_key) < times:  # noqa: ASYNC110  the server's thread counts
            await asyncio.sleep(0.02)


def executions(records, first_key):
    return [key for key, _, _ in records.asked].count(first_key)


async def test_a_task_that_holds_the_interpreter_runs_once(queue, start_either_worker, records):
    """E12: three leases long, and a third worker looks for tasks of the dead all the time. A cancellation waits."""
    workers = [start_either_worker(str(GREEDY), threads=1, heartbeat_timeout_s=LEASE_S) for _ in range(3)]
    await asyncio.gather(*(asyncio.to_thread(w.wait_for_status, "/health/ready", 200) for w in workers))
    tasks = [await submitted(queue, duration_s=3 * LEASE_S, first_key=key) for key in (1001, 2001)]
    for task in tasks:
        await until(queue, task, "running")
    await queue.cancel(tasks[1], "ada")
    views = [await until(queue, task, "succeeded", "cancelled", "dead") for task in tasks]
    log = "".join(worker.log.read_text() for worker in workers)

    assert [(view.state, view.attempts) for view in views] == [("succeeded", 1), ("cancelled", 1)]
    assert [executions(records, key) for key in (1001, 2001)] == [1, 1]
    assert "worker_silent" in log
    assert "worker_speaks_again" in log


async def test_a_silence_that_is_no_life_ends_the_lease(queue, start_worker, records):
    """Of a worker that is silent for too long, and of one that is stopped; what they say later is not heard."""
    settings = {"threads": 1, "heartbeat_timeout_s": LEASE_S, "max_retries": 5}
    task = await submitted(queue, duration_s=3 * LEASE_S, first_key=1001)
    first = start_worker(str(GREEDY), silence_limit_s=LEASE_S, **settings)
    await begun(records, 1001, 1)
    second = start_worker(str(GREEDY), **settings)
    await begun(records, 1001, 2)
    second.process.send_signal(signal.SIGSTOP)
    first.kill()
    start_worker(str(GREEDY), **settings)
    await begun(records, 1001, 3)
    second.process.send_signal(signal.SIGCONT)
    view = await until(queue, task, "succeeded", "dead")

    assert "worker_silent_too_long" in first.log.read_text()
    assert (view.state, view.attempts) == ("succeeded", 3)
    assert executions(records, 1001) == 3
