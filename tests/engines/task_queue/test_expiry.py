"""How long a finished task is seen: on the memory engine's own clock, and as the server was told."""

import redis.asyncio

from scalelab.contracts.long_tasks import LongTaskRequest
from scalelab.stack.task_queue import Claim, Failed, Submission, Submitted
from scalelab.stack.task_queue.valkey import PREFIX

SUBMISSION = Submission("ada", LongTaskRequest(), idempotency_key="k")


async def test_memory_forgets_a_finished_task_and_its_key(memory_engine):
    """E24: after its time to live a task is unknown, and its key is free."""
    queue = memory_engine.queue
    first = await _given_up(memory_engine)
    memory_engine.clock.now_s += 59.9
    before = await queue.view(first, "ada")
    memory_engine.clock.now_s += 0.1

    assert before is not None
    assert await queue.view(first, "ada") is None
    assert await queue.dead_letters(None, 10) == ()
    again = await queue.submit(SUBMISSION)
    assert isinstance(again, Submitted)
    assert again.is_new


async def test_valkey_lets_everything_of_a_finished_task_expire(valkey_engine, valkey_socket):
    """E24: no key of a finished task lives for ever, and no unfinished task expires."""
    async with redis.asyncio.Redis(unix_socket_path=str(valkey_socket), decode_responses=True) as client:
        await valkey_engine.queue.submit(SUBMISSION)
        living = [key async for key in client.scan_iter(f"{PREFIX}:*")]
        lifetimes_before = {await client.pttl(key) for key in living}
        await _given_up(valkey_engine)
        rest = [key async for key in client.scan_iter(f"{PREFIX}:*") if "heartbeats" not in key]
        lifetimes_after = {await client.pttl(key) for key in rest}

    assert lifetimes_before == {-1}
    assert len(rest) == 4, rest  # the record, its idempotency key, the two lists of dead letters
    assert all(50_000 < lifetime_ms <= 60_000 for lifetime_ms in lifetimes_after)


async def test_valkey_takes_a_key_whose_record_was_evicted_for_new(valkey_engine, valkey_socket):
    """A torn state of the store does not lock a client out."""
    first = await valkey_engine.queue.submit(SUBMISSION)
    async with redis.asyncio.Redis(unix_socket_path=str(valkey_socket), decode_responses=True) as client:
        await client.delete(f"{PREFIX}:record:{first.view.id}")

    again = await valkey_engine.queue.submit(SUBMISSION)

    assert isinstance(again, Submitted)
    assert again.is_new


async def _given_up(engine) -> str:
    await engine.queue.submit(SUBMISSION)
    claim = await engine.queue.claim(engine.delivered(), "w:a", 4)
    assert isinstance(claim, Claim)
    await engine.queue.settle(claim, Failed("no", None))
    return claim.task_id
