"""A pool that is filled on purpose: nobody's place is taken away, nobody gets one meanwhile, all come back."""

import asyncio

from scalelab.contracts.topology import Delay
from scalelab.stack.database.pool_occupants import PoolOccupants
from scalelab.stack.database.query_pool import QueryPool
from scalelab.stack.service_kit.delays import SimulatedDelay

LONG_S = 3600.0


async def settle():
    for _ in range(20):
        await asyncio.sleep(0)


async def nothing():
    return "done"


async def test_a_query_waits_until_the_places_are_given_back():
    """Every place is taken; then the query that waited has its turn, and the pool is empty."""
    pool = QueryPool(2, SimulatedDelay(Delay()))
    occupants = PoolOccupants(pool)
    occupants.occupy(LONG_S)
    await settle()
    asking = asyncio.create_task(pool.run(nothing))
    await settle()
    filled = pool.in_use, pool.queue_length, asking.done()

    occupants.occupy(0.0)
    answer = await asking

    assert filled == (2, 1, False)
    assert (answer, pool.in_use, pool.queue_length) == ("done", 0, 0)


async def test_who_holds_a_place_finishes_first():
    """Occupants queue like everybody else; given up while they queue, they leave nothing behind."""
    pool = QueryPool(1, SimulatedDelay(Delay()))
    occupants = PoolOccupants(pool)
    end = asyncio.Event()
    asking = asyncio.create_task(pool.run(end.wait))
    await settle()
    occupants.occupy(LONG_S)
    await settle()
    queued = pool.in_use, pool.queue_length

    occupants.occupy(0.0)
    end.set()
    await asking
    await settle()

    assert queued == (1, 1)
    assert (pool.in_use, pool.queue_length) == (0, 0)
