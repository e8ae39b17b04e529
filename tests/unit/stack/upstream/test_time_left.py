"""What a request has left: who says how long, what is told on, and what a fault at its end means."""

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.upstream import UpstreamAnswer, UpstreamClient
from scalelab.stack.upstream.time_left import (
    OUT_OF_TIME,
    TimeLimit,
    asked_in_time,
    for_all,
    left_s,
    limited,
    said,
    time_limit,
    wished_s,
    within,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("values", "wish_s"),
    [
        ([], None),
        (["0.25"], 0.25),
        (["3"], 3.0),
        (["0"], 0.0),
        (["5", "2"], 2.0),
        (["soon", "4"], 4.0),
        (["-1"], None),
        (["1e9"], None),
        (["inf"], None),
        (["٣"], None),
        (["1_0"], None),
        (["9999999"], None),
        (["1, 2"], None),
    ],
)
def test_a_wish_is_a_plain_number_of_seconds(values, wish_s):
    """Whatever else it says is no wish; of several the least counts."""
    assert wished_s(values) == wish_s


@given(st.floats(0, 1000), st.none() | st.floats(0, 1000))
def test_a_wish_makes_it_shorter_and_never_longer(whole_s, wish_s):
    """Without a limit of the gateway the wish alone counts; without both there is none."""
    limit = limited(50.0, whole_s, wish_s)

    bounds_s = [bound_s for bound_s in (whole_s or None, wish_s) if bound_s is not None]
    assert (limit is None) == (not bounds_s)
    assert limit is None or limit.due_s == 50.0 + min(bounds_s)


@given(st.floats(-1, 999_999))
def test_what_is_said_can_be_read(remaining_s):
    """Within a millisecond, and never less than nothing."""
    assert wished_s([said(remaining_s)]) == pytest.approx(max(0.0, remaining_s), abs=0.0006)


def now_s():
    return asyncio.get_running_loop().time()


async def test_a_context_has_its_own_limit_and_tasks_take_it_along():
    """Outside there is none."""
    with within(TimeLimit(now_s() + 60)):
        task = asyncio.create_task(asyncio.sleep(0, result=None))
        inside_s, in_task_s = left_s(), await asyncio.create_task(read_left_s())
        await task

    assert 0 < in_task_s <= inside_s <= 60
    assert (left_s(), time_limit()) == (math.inf, None)


async def read_left_s():
    return left_s()


async def test_a_fetch_for_all_has_the_whole_time():
    """Not the short one that its first asker wished for; none where only the wish limits."""
    with within(TimeLimit(now_s() + 0.5, whole_s=60.0)):
        whole_s = await for_all(read_left_s)()
    with within(TimeLimit(now_s() + 0.5)):
        nothing_else_s = await for_all(read_left_s)()

    assert 59 < whole_s <= 60
    assert nothing_else_s == math.inf


async def test_nothing_is_sent_when_the_time_is_over():
    """The service is not even asked."""
    with within(TimeLimit(now_s() - 1)):
        assert await asked_in_time(read_left_s, 1.0) is OUT_OF_TIME


@pytest.mark.parametrize(
    ("given_s", "usual_s", "whole_s", "kind"),
    [
        (0.02, 10.0, math.inf, "deadline"),
        (0.02, 0.03, math.inf, "timeout"),
        (0.02, 10.0, 0.03, "timeout"),
        (0.02, 10.0, 1.0, "deadline"),
    ],
)
async def test_who_had_half_of_the_usual_time_is_to_blame(given_s, usual_s, whole_s, kind):
    """Whoever had less was late for no fault of its own: a breaker learns nothing from it."""
    with within(TimeLimit(now_s() + given_s, whole_s)):
        assert (await asked_in_time(asyncio.Event().wait, usual_s)).kind == kind


async def test_another_timeout_is_not_taken_for_this_one():
    """It passes through."""

    async def fail():
        raise TimeoutError

    with within(TimeLimit(now_s() + 60)), pytest.raises(TimeoutError):
        await asked_in_time(fail, 1.0)


async def test_a_service_is_told_what_is_left(upstream):
    """In the place of what the client said; the attempt's own timeout when that is shorter; else nothing."""
    server = await upstream(OK, OK, OK)
    async with UpstreamClient(server.url, 5) as client:
        await client.request("GET", "/", headers={"x-request-timeout": "777"})
        with within(TimeLimit(now_s() + 1)):
            await client.request("GET", "/", headers={"x-request-timeout": "777"})
        with within(TimeLimit(now_s() + 99)):
            await client.request("GET", "/")

    told = [
        [float(line[19:]) for line in head.lower().split(b"\r\n") if line.startswith(b"x-request-timeout: ")]
        for head in server.heads
    ]
    assert told[0] == [777.0]
    assert 0.5 < told[1][0] <= 1.0
    assert told[2] == [5.0]


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_an_answer_beyond_the_time_is_given_up_with_its_connection(upstream, hold, is_streamed):
    """The next request has one of its own."""
    server = await upstream(hold, OK)
    async with UpstreamClient(server.url, 5) as client:
        ask = client.stream if is_streamed else client.request
        with within(TimeLimit(now_s() + 0.02)):
            late = await ask("GET", "/")
        good = await client.request("GET", "/")

    assert late.kind == "deadline"
    assert isinstance(good, UpstreamAnswer)
    assert server.connections == 2
