"""Trouble with the server is a value, and comes soon."""

import asyncio
import os
import signal
import time

import pytest
import redis.asyncio

from scalelab.contracts.long_tasks import LongTaskRequest
from scalelab.contracts.service_settings import GatewaySettings
from scalelab.stack.task_queue import Beat, Claim, QueueFault, Submission, Submitted, Succeeded, open_task_queue
from scalelab.stack.task_queue.valkey import PREFIX, ValkeyTaskQueue

SUBMISSION = Submission("ada", LongTaskRequest(), idempotency_key="k")
CLAIM = Claim("0" * 32, "w:a", 1, LongTaskRequest(), "")


def gateway_settings(tmp_path, queue_url) -> GatewaySettings:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    return GatewaySettings.model_construct(queue_url=queue_url, cache_password_file=secret, task_result_ttl_s=60)


async def test_a_server_that_is_not_there_is_a_fault_of_every_method(tmp_path):
    """Nothing is raised across the border."""
    async with open_task_queue(gateway_settings(tmp_path, f"unix://{tmp_path}/none.sock")) as queue:
        answers = await asyncio.gather(
            queue.submit(SUBMISSION),
            queue.view("0" * 32, "ada"),
            queue.cancel("0" * 32, "ada"),
            queue.dead_letters("ada", 10),
            queue.retry("0" * 32),
            queue.drop("0" * 32),
            queue.claim("0" * 32, "w:a", 4),
            queue.renew([Beat("0" * 32, "w:a", 0)], 4),
            queue.settle(CLAIM, Succeeded({})),
            queue.sweep(3),
        )

    assert {type(answer) for answer in answers} == {QueueFault}


async def test_no_queue_at_all_is_a_fault(tmp_path):
    """`memory:` means that the stack has none."""
    async with open_task_queue(gateway_settings(tmp_path, "memory:")) as queue:
        answers = [
            await queue.submit(SUBMISSION),
            await queue.view("0" * 32, "ada"),
            await queue.cancel("0" * 32, "ada"),
            await queue.dead_letters("ada", 10),
        ]

    assert set(answers) == {QueueFault("this stack has no task queue")}


async def test_a_stalled_server_is_waited_for_in_bounds_and_used_again(valkey_engine, valkey_socket):
    """Fifty callers wait side by side, not one after the other; then everything goes on, and once only."""
    client = redis.asyncio.Redis(unix_socket_path=str(valkey_socket), decode_responses=True)
    pid = (await client.info("server"))["process_id"]
    callers, limit_s = 50, 0.3
    queue = ValkeyTaskQueue(client, 60, 5, call_timeout_s=limit_s)
    os.kill(pid, signal.SIGSTOP)
    try:
        started_s = time.monotonic()
        answers = await asyncio.gather(*(queue.submit(SUBMISSION) for _ in range(callers)))
        waited_s = time.monotonic() - started_s
    finally:
        os.kill(pid, signal.SIGCONT)
    patient = ValkeyTaskQueue(client, 60, 5, call_timeout_s=10)  # the same connections
    after = await patient.submit(SUBMISSION)
    await client.aclose()

    assert {type(answer) for answer in answers} == {QueueFault}
    assert limit_s <= waited_s < callers * limit_s / 3  # one after the other it would have been all of it
    assert isinstance(after, Submitted)
    assert valkey_engine.delivered() == after.view.id
    assert valkey_engine.delivered() is None


async def test_a_server_that_forgot_the_scripts_gets_them_again(valkey_engine, valkey_socket):
    """A restarted server knows no script."""
    await valkey_engine.queue.submit(SUBMISSION)
    async with redis.asyncio.Redis(unix_socket_path=str(valkey_socket)) as client:
        await client.script_flush()

    assert isinstance(await valkey_engine.queue.submit(SUBMISSION), Submitted)


@pytest.mark.parametrize("method", ["view", "cancel"])
async def test_a_record_of_the_wrong_type_is_a_fault(valkey_engine, valkey_socket, method):
    """What another program wrote under our name does no harm."""
    async with redis.asyncio.Redis(unix_socket_path=str(valkey_socket)) as client:
        await client.set(f"{PREFIX}:record:foreign", "x")

    assert isinstance(await getattr(valkey_engine.queue, method)("foreign", "ada"), QueueFault)
