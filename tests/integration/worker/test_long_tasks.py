"""Long tasks on real parts: what a user of the queue is promised when workers die, stop, or lose their queue.

What does not depend on how messages travel is told of either broker.
"""

import asyncio
import json
import time

import pytest

from scalelab.contracts.long_tasks import LongTaskRequest, LongTaskView
from scalelab.contracts.stack_view import ServiceView, StackView
from scalelab.deployment.dead_letters import NotDone, change_dead_letter, dead_letters
from scalelab.deployment.errors import DeadLetterError
from scalelab.stack.task_queue import Submission, Submitted

pytestmark = [pytest.mark.integration, pytest.mark.timeout(90)]

STEPS = 20


async def submitted(queue, request_id="", **request) -> str:
    answer = await queue.submit(Submission("ada", LongTaskRequest(**request), request_id=request_id))
    assert isinstance(answer, Submitted), answer
    return answer.view.id


async def until(queue, task_id, *states, attempts=0, timeout_s=20.0) -> LongTaskView:
    """The first view of the task in one of the states, with so many attempts at least."""
    async with asyncio.timeout(timeout_s):
        while True:
            view = await queue.view(task_id, "ada")
            if isinstance(view, LongTaskView) and view.state in states and view.attempts >= attempts:
                return view
            await asyncio.sleep(0.02)


async def ready(*workers) -> None:
    await asyncio.gather(*(asyncio.to_thread(worker.wait_for_status, "/health/ready", 200) for worker in workers))


def runner_of(workers):
    """The worker that runs a task now."""
    [running] = [worker for worker in workers if "scalelab_tasks_running 1.0" in worker.get("/metrics")[1]]
    return running


def executions(records, first_key, count):
    """How often the task was begun; fails when two executions ever ran side by side."""
    keys = [key for key, _, _ in records.asked if first_key <= key < first_key + count]
    steps = list(range(first_key, first_key + count, count // STEPS))
    begun = [place for place, key in enumerate(keys) if key == first_key]
    for start, end in zip(begun, [*begun[1:], len(keys)], strict=True):
        assert keys[start:end] == steps[: end - start]
    return len(begun)


async def test_tasks_succeed_retry_die_and_are_cancelled(queue, start_either_worker, records):
    """The whole life of tasks at one worker, told by their views, the metrics and the list of dead letters."""
    worker = start_either_worker(threads=4)
    await ready(worker)
    plain = await submitted(queue, "request-1", duration_s=0.5, first_key=1001, count=100)
    failing = await submitted(queue, duration_s=0, first_key=2001, count=20, fail_attempts=1)
    hopeless = await submitted(queue, duration_s=0, first_key=3001, count=20, fail_attempts=9)
    endless = await submitted(queue, duration_s=600, first_key=4001, count=20)
    await until(queue, endless, "running")
    assert (await queue.cancel(endless, "ada")).state == "cancelling"
    asked_at_s = time.monotonic()
    cancelled = await until(queue, endless, "cancelled")
    cancelled_in_s = time.monotonic() - asked_at_s
    succeeded = await until(queue, plain, "succeeded")
    retried = await until(queue, failing, "succeeded")
    dead = await until(queue, hopeless, "dead")
    metrics = worker.get("/metrics")[1]
    letters = json.loads(worker.get("/dead-letters")[1])["dead_letters"]

    assert cancelled_in_s < 0.5
    assert cancelled.result is None
    assert succeeded.result == {"records": 100, "value_bytes": 500, "checksum": succeeded.result["checksum"]}
    assert (succeeded.attempts, succeeded.progress, succeeded.error) == (1, 1, None)
    assert succeeded.finished_at_s - succeeded.submitted_at_s >= 0.5
    assert {request_id for key, _, request_id in records.asked if 1001 <= key < 1101} == {"request-1"}
    assert (retried.attempts, retried.error) == (2, None)
    assert (dead.attempts, dead.error) == (2, "attempt 2 of 9 that fail on purpose")
    assert [letter["id"] for letter in letters] == [hopeless]
    for outcome, count in {"succeeded": 2, "failed": 2, "cancelled": 1, "dead": 1}.items():
        assert f'scalelab_tasks_total{{outcome="{outcome}"}} {count}.0' in metrics
    assert "scalelab_tasks_running 0.0" in metrics


async def test_an_operator_tries_dead_tasks_again_and_drops_them(queue, start_either_worker):
    """Through the worker's admin listener: the same task, the same owner; and what cannot be done says why."""
    worker = start_either_worker(max_retries=0)
    await ready(worker)
    cured, hopeless = [await submitted(queue, duration_s=0, count=20, fail_attempts=n) for n in (1, 9)]
    for task in (cured, hopeless):
        await until(queue, task, "dead")
    stack = view_of_stack(worker)
    listed = await asyncio.to_thread(dead_letters, stack)
    worker_of_another = view_of_stack(worker, nonce="another stack's")
    forbidden = await asyncio.to_thread(forbidden_reason, worker_of_another, cured)
    retried = await asyncio.to_thread(change_dead_letter, stack, "retry", cured)
    again = await until(queue, cured, "dead")
    dropped = await asyncio.to_thread(change_dead_letter, stack, "drop", hopeless)
    gone = await asyncio.to_thread(change_dead_letter, stack, "drop", hopeless)
    await asyncio.to_thread(worker.stop)
    with pytest.raises(DeadLetterError, match="worker-1 does not answer"):
        await asyncio.to_thread(dead_letters, stack)

    assert {letter.id for letter in listed} == {cured, hopeless}
    assert "does not answer" in forbidden
    assert (retried.id, retried.subject, retried.state, retried.attempts) == (cured, "ada", "queued", 0)
    assert again.attempts == 1
    assert (dropped.id, await queue.view(hopeless, "ada")) == (hopeless, None)
    assert gone == NotDone(hopeless, "no such task: it never was, has expired, or was dropped")


def forbidden_reason(stack, task_id):
    with pytest.raises(DeadLetterError) as refusal:
        change_dead_letter(stack, "retry", task_id)
    return str(refusal.value)


def view_of_stack(worker, nonce="nonce"):
    """As far as a worker is concerned."""
    service = ServiceView(
        name="worker", instance="worker-1", pid=1, url="", admin_url=worker.admin_url, state="ready"
    )
    return StackView.model_construct(name="default", nonce=nonce, services=(service,))


async def test_a_cancelled_task_does_not_wait_for_a_slow_database(queue, start_worker, records):
    """Cancelling reaches a task in the middle of a fetch."""
    records.delay_s = 5.0
    worker = start_worker()
    await ready(worker)
    task = await submitted(queue, first_key=1001, count=20)
    await until(queue, task, "running")
    await queue.cancel(task, "ada")

    assert (await until(queue, task, "cancelled", timeout_s=0.5)).state == "cancelled"


async def test_a_busy_worker_sits_on_nothing(queue, start_either_worker):
    """E04: what it cannot begin yet, an idle worker begins at once."""
    await ready(*(start_either_worker(threads=1) for _ in range(2)))
    endless = await submitted(queue, duration_s=600, count=20)
    await until(queue, endless, "running")
    waiting = [await submitted(queue, duration_s=0, count=20) for _ in range(3)]
    done = [await until(queue, task, "succeeded") for task in waiting]
    view = await queue.view(endless, "ada")

    assert {one.attempts for one in done} == {1}
    assert (view.state, view.attempts) == ("running", 1)


async def test_a_killed_worker_loses_nothing_and_a_long_task_runs_once(queue, start_worker, records):
    """E01, E03: one of three workers is killed with -9 while another is in the middle of 6 s.

    The killed one's task begins again within 10 s, before what waits; the other one is never begun twice, though
    it takes three heartbeat timeouts.
    """
    workers = [start_worker(threads=1, heartbeat_timeout_s=2.0) for _ in range(3)]
    await ready(*workers)
    long = await submitted(queue, duration_s=6, first_key=1001, count=100)
    await until(queue, long, "running")
    others = [worker for worker in workers if worker is not runner_of(workers)]
    task = await submitted(queue, duration_s=2, first_key=2001, count=100)
    await until(queue, task, "running")
    running = runner_of(others)
    for number in range(12):
        await submitted(queue, duration_s=1, first_key=10_000 * (number + 1), count=20)
    running.kill()
    killed_at_s = time.monotonic()
    while executions(records, 2001, 100) < 2:
        assert time.monotonic() - killed_at_s < 10
        await asyncio.sleep(0.05)
    restarted = await until(queue, task, "succeeded")
    steady = await until(queue, long, "succeeded", "dead")

    assert restarted.attempts == 2
    assert (steady.state, steady.attempts) == ("succeeded", 1)
    assert executions(records, 1001, 100) == 1


async def test_a_task_that_takes_each_worker_along_is_given_up(queue, start_either_worker, records):
    """E06: two attempts allowed, two workers killed; the third one lists it and does not run it.

    E19: what was cancelled before there was a worker is run by none of them.
    """
    never = await submitted(queue, duration_s=0, first_key=9001, count=20)
    await queue.cancel(never, "ada")
    task = await submitted(queue, duration_s=60, count=20)
    for attempt in (1, 2):
        worker = start_either_worker(heartbeat_timeout_s=1.0)
        await until(queue, task, "running", attempts=attempt)
        worker.kill()
    last = start_either_worker(heartbeat_timeout_s=1.0)
    view = await until(queue, task, "dead")

    assert view.attempts == 2
    assert 9001 not in {key for key, _, _ in records.asked}
    assert (await queue.view(never, "ada")).state == "cancelled"
    assert "worker was lost" in view.error
    assert task in last.get("/dead-letters")[1]
    assert [letter.id for letter in await queue.dead_letters("ada", 10)] == [task]


async def test_a_stopping_worker_finishes_what_it_can_and_hands_back_the_rest(queue, start_either_worker, records):
    """E02: the short task ends in the grace, the long one goes on elsewhere at once; neither costs an attempt."""
    first = start_either_worker(graceful_timeout_s=1.5)
    await ready(first)
    short = await submitted(queue, duration_s=1, first_key=1001, count=20)
    long = await submitted(queue, duration_s=60, first_key=2001, count=20)
    waiting = await submitted(queue, duration_s=0.1, first_key=3001, count=20)
    await until(queue, short, "running")
    await until(queue, long, "running")
    second = start_either_worker(threads=1)
    await ready(second)
    stopped_in_s = await asyncio.to_thread(first.stop)
    finished = [await queue.view(short, "ada"), await until(queue, long, "running", timeout_s=2)]
    await queue.cancel(long, "ada")
    finished.append(await until(queue, waiting, "succeeded"))

    assert first.process.returncode == 0
    assert stopped_in_s < 1.5 + 3
    assert [(view.state, view.attempts) for view in finished] == [("succeeded", 1), ("running", 1), ("succeeded", 1)]
    assert executions(records, 1001, 20) == 1
    assert executions(records, 2001, 20) == 2


async def test_a_worker_survives_a_restart_of_its_queue(queue, valkey, start_worker):
    """E10: what the server forgot is unknown; the worker is not ready for a while, then takes tasks by itself."""
    worker = start_worker()
    await ready(worker)
    forgotten = await submitted(queue, duration_s=30, count=20)
    await until(queue, forgotten, "running")
    valkey.stop()
    await asyncio.to_thread(worker.wait_for_status, "/health/ready", 503)
    status_of_list = worker.get("/dead-letters")[0]
    valkey.start()
    unknown = await queue.view(forgotten, "ada")
    task = await submitted(queue, duration_s=0, count=20)
    view = await until(queue, task, "succeeded")
    await ready(worker)
    stopped_in_s = await asyncio.to_thread(worker.stop)

    assert status_of_list == 503
    assert unknown is None
    assert view.attempts == 1
    assert stopped_in_s < 2


async def test_a_queue_that_stalls_for_longer_than_the_lease_starts_nothing_twice(
    queue, valkey, start_worker, records
):
    """Leases run out unrenewed: the worker stops its task itself, then one of the two begins it again."""
    workers = [start_worker(heartbeat_timeout_s=1.0), start_worker(heartbeat_timeout_s=1.0)]
    await ready(*workers)
    task = await submitted(queue, duration_s=2, first_key=1001, count=100)
    await until(queue, task, "running")
    valkey.stall()
    await asyncio.sleep(1.2)
    asked = len(records.asked)
    await asyncio.sleep(0.8)
    asked_after_the_lease = len(records.asked)
    valkey.go_on()
    view = await until(queue, task, "succeeded", "dead")

    assert asked_after_the_lease == asked
    assert (view.state, view.attempts) == ("succeeded", 2)
    assert executions(records, 1001, 100) == 2


async def test_a_stop_is_bounded_while_the_queue_is_gone(queue, valkey, start_worker):
    """Nothing can be handed back then; the process ends all the same."""
    worker = start_worker(graceful_timeout_s=0.5)
    await ready(worker)
    task = await submitted(queue, duration_s=30, count=20)
    await until(queue, task, "running")
    valkey.stall()
    stopped_in_s = await asyncio.to_thread(worker.stop)

    assert stopped_in_s < 0.5 + 5
