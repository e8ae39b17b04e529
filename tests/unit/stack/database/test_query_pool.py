"""The bounded pool: never more than its size, first come first served, nothing leaked by those who leave."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.contracts.topology import Delay
from scalelab.stack.database.query_pool import QueryPool, expose_pool
from scalelab.stack.service_kit.delays import SimulatedDelay
from scalelab.stack.service_kit.metrics import ServiceMetrics

NO_DELAY = SimulatedDelay(Delay())


async def _settle():
    """Let every task run until it waits for something that the test holds."""
    for _ in range(10):
        await asyncio.sleep(0)


class Queries:
    """Queries that the test starts by name and ends by hand."""

    def __init__(self, pool):
        self.begun, self._pool, self._ends, self.tasks = [], pool, {}, {}

    def start(self, name):
        self._ends[name] = asyncio.Event()

        async def query():
            self.begun.append(name)
            await self._ends[name].wait()
            return name

        self.tasks[name] = asyncio.create_task(self._pool.run(query))

    async def end(self, name):
        self._ends[name].set()
        await self.tasks[name]

    async def cancel(self, name):
        self.tasks[name].cancel()
        await asyncio.gather(self.tasks[name], return_exceptions=True)


async def test_no_more_queries_than_places():
    """With two places the third waits, and begins when one is given back."""
    pool = QueryPool(2, NO_DELAY)
    queries = Queries(pool)
    for name in "abc":
        queries.start(name)
    await _settle()
    before = (list(queries.begun), pool.in_use, pool.queue_length)

    await queries.end("a")
    await _settle()

    assert before == (["a", "b"], 2, 1)
    assert (queries.begun, pool.in_use, pool.queue_length) == (["a", "b", "c"], 2, 0)
    await queries.end("b")
    await queries.end("c")
    assert pool.in_use == 0


async def test_first_come_first_served():
    """Waiting queries begin in the order of their arrival; a newcomer does not jump the queue."""
    queries = Queries(QueryPool(1, NO_DELAY))
    for name in "abcd":
        queries.start(name)
    await _settle()

    for name in "abcd":
        queries.start(name + "'")
        await queries.end(name)
    await _settle()

    assert queries.begun[:5] == ["a", "b", "c", "d", "a'"]
    for name in "abcd":
        await queries.end(name + "'")


async def test_a_waiter_that_leaves_is_skipped():
    """A cancelled waiter leaves the queue at once; the next one gets the place."""
    pool = QueryPool(1, NO_DELAY)
    queries = Queries(pool)
    for name in "abc":
        queries.start(name)
    await _settle()

    await queries.cancel("b")
    waiting = pool.queue_length
    await queries.end("a")
    await _settle()

    assert waiting == 1
    assert queries.begun == ["a", "c"]
    await queries.end("c")
    assert (pool.in_use, pool.queue_length) == (0, 0)


async def test_a_waiter_cancelled_in_the_moment_of_its_turn_passes_the_place_on():
    """The place had been handed over when the cancellation came: it goes to the next one."""
    pool = QueryPool(1, NO_DELAY)
    queries = Queries(pool)
    for name in "abc":
        queries.start(name)
    await _settle()

    pool._give_back()  # the turn of b, whose task has not run yet
    queries.tasks["b"].cancel()
    await _settle()

    assert queries.begun == ["a", "c"]
    assert pool.in_use == 1
    await queries.end("c")


async def test_a_cancelled_query_gives_its_place_back():
    """Also one that is cancelled while it runs."""
    pool = QueryPool(1, NO_DELAY)
    queries = Queries(pool)
    queries.start("a")
    await _settle()

    await queries.cancel("a")

    assert pool.in_use == 0


async def test_a_failed_query_gives_its_place_back():
    """The error goes to the caller, the place to the next."""
    pool = QueryPool(1, NO_DELAY)

    async def fail():
        raise LookupError("query")

    with pytest.raises(LookupError, match="query"):
        await pool.run(fail)

    assert pool.in_use == 0


async def test_the_place_is_held_for_delay_and_query():
    """The delay comes inside the place: while one sleeps, the other has not begun to."""
    sleeps, may_wake = [], asyncio.Event()

    async def sleep(duration_s):
        sleeps.append(duration_s)
        await may_wake.wait()

    pool = QueryPool(1, SimulatedDelay(Delay(mean_s=0.1), sleep))
    queries = Queries(pool)
    queries.start("a")
    queries.start("b")
    await _settle()
    asleep = (list(sleeps), list(queries.begun), pool.in_use)

    may_wake.set()
    await queries.end("a")
    await queries.end("b")

    assert asleep == ([0.1], [], 1)
    assert sleeps == [0.1, 0.1]


@given(
    size=st.integers(1, 3),
    steps=st.lists(st.tuples(st.sampled_from(["start", "end", "cancel", "settle"]), st.integers(0, 7)), max_size=40),
)
def test_the_books_balance_whatever_happens(size, steps):
    """Any mixture of arrivals, ends and cancellations: never above the size, and empty at the end."""

    async def play():
        pool = QueryPool(size, NO_DELAY)
        queries, names = Queries(pool), {}
        for number, (step, index) in enumerate(steps):
            if step == "start":
                names[index] = f"{index}-{number}"
                queries.start(names[index])
            elif step == "settle":
                await _settle()
            elif index in names and step == "end":
                queries._ends[names[index]].set()
            elif index in names:
                queries.tasks[names[index]].cancel()
            assert 0 <= pool.in_use <= size
        for end in queries._ends.values():
            end.set()
        await asyncio.gather(*queries.tasks.values(), return_exceptions=True)
        return pool.in_use, pool.queue_length

    left = asyncio.run(play())

    assert left == (0, 0)


async def test_the_gauges_follow():
    """Size, places in use and queue length stand in the metrics as they are now."""
    metrics, pool = ServiceMetrics(), QueryPool(1, NO_DELAY)
    expose_pool(pool, metrics)
    queries = Queries(pool)
    queries.start("a")
    queries.start("b")
    await _settle()

    names = ("scalelab_database_pool_size", "scalelab_database_pool_in_use", "scalelab_database_pool_queue_length")
    values = [metrics.registry.get_sample_value(name) for name in names]

    assert values == [1, 1, 1]
    await queries.end("a")
    await queries.end("b")
