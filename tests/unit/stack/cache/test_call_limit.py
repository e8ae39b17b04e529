"""When a call is given up."""

import asyncio

import pytest

from scalelab.stack.cache.call_limit import call_limit


async def test_a_body_that_never_ends_is_cancelled():
    """At once, with no time at all."""
    with pytest.raises(TimeoutError):
        async with call_limit(0.0):
            await asyncio.Event().wait()


async def test_a_body_that_ends_is_left_alone():
    """And no timer stays behind."""
    async with call_limit(60.0):
        await asyncio.sleep(0)

    assert asyncio.current_task().cancelling() == 0


async def test_a_cancellation_from_outside_stays_one():
    """It is not turned into a timeout."""

    async def work():
        async with call_limit(60.0):
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
