"""Work is given up at the end of its time, and counted."""

import asyncio

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from scalelab.stack.service_kit.in_time import TimeKeeper
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.upstream.time_left import TimeLimit, left_s


def request_saying(*values):
    headers = [(b"x-request-timeout", value.encode()) for value in values]
    return Request({"type": "http", "method": "GET", "headers": headers})


async def test_who_says_nothing_has_all_the_time():
    """And no time limit goes on from here."""
    keeper = TimeKeeper(ServiceMetrics())

    async def work():
        return PlainTextResponse(str(left_s()))

    assert (await keeper.answer(request_saying(), work())).body == b"inf"


async def test_late_work_is_cancelled_answered_with_504_and_counted():
    """The work sees its cancellation."""
    metrics, was_cancelled = ServiceMetrics(), []
    keeper = TimeKeeper(metrics)

    async def work():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            was_cancelled.append(True)
            raise

    response = await keeper.answer(request_saying("0.005"), work())
    metrics.exposition()

    assert (response.status_code, was_cancelled) == (504, [True])
    assert metrics.registry.get_sample_value("scalelab_deadlines_exceeded_total") == 1


async def test_a_fault_that_tells_of_the_end_counts_as_well():
    """504 of who asked on and was too late there; another 504, long before the end, does not."""
    keeper = TimeKeeper(ServiceMetrics())

    async def work():
        return PlainTextResponse("", 504)

    now_s = asyncio.get_running_loop().time()
    await keeper.kept(TimeLimit(now_s - 1), work())
    await keeper.kept(TimeLimit(now_s + 60), work())

    assert keeper.exceeded == 1


async def test_a_timeout_of_the_work_itself_passes():
    """It is a fault of another kind."""
    keeper = TimeKeeper(ServiceMetrics())

    async def work():
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await keeper.answer(request_saying("60"), work())
