"""A write, its cache, and everything that can go wrong between them."""

import asyncio

import pytest

from scalelab.stack.api_gateway.record_writes import TELLING_ATTEMPTS
from scalelab.stack.cache import MemoryCache


class ForgetfulLine(MemoryCache):
    """A cache that answers the calls of `invalidate` with these faults, in turn, then with none."""

    def __init__(self, *faults):
        super().__init__()
        self.faults = list(faults)
        self.told = 0

    async def invalidate(self, *tags, **how):
        self.told += 1
        return (self.faults.pop(0) if self.faults else None) or await super().invalidate(*tags, **how)


def with_cache(lab, cache):
    lab.parts.writes._cache = cache
    lab.parts.response_cache.store._cache = cache
    return cache


async def settle():
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_cache_that_cannot_be_told_stops_the_write(lab):
    """503, and nothing was written."""
    with_cache(lab, ForgetfulLine("timeout"))

    answer = await lab.client.put("/data?key=1", "new")

    assert (answer.status, answer["Retry-After"]) == (503, "1")
    assert "nothing was written" in answer.json["detail"]
    assert lab.database.asked == []


async def test_a_cache_that_is_lost_after_the_write_is_told_of(lab):
    """The record is written, the answer does not pretend that everybody sees it."""
    cache = with_cache(lab, ForgetfulLine(None, *["timeout"] * TELLING_ATTEMPTS))

    answer = await lab.client.put("/data?key=1", "new")

    assert answer.status == 503
    assert "could not be told" in answer.json["detail"]
    assert lab.database.asked == ["PUT /records/1"]
    assert cache.told == 1 + TELLING_ATTEMPTS


async def test_a_short_fault_after_the_write_is_overcome(lab):
    """Told at the second attempt: the answer is the service's."""
    with_cache(lab, ForgetfulLine(None, "timeout"))

    assert (await lab.client.put("/data?key=1", "new")).status == 200


@pytest.mark.parametrize(("kind", "status"), [("timeout", 504), ("broken", 502)])
async def test_a_write_without_an_answer_may_have_happened(lab, scripted, kind, status):
    """So the cache is told all the same, and the client hears that there was no answer."""
    cache = with_cache(lab, ForgetfulLine())
    lab.database.answers = [scripted.fault(kind)]

    answer = await lab.client.put("/data?key=1", "new")

    assert answer.status == status
    assert cache.told == 2


async def test_a_client_that_leaves_the_queue_writes_nothing(build_lab):
    """Nobody waits for the answer, so nothing is begun."""
    lab = build_lab(upstream_slots=1)
    await lab.parts.slots.acquire()
    writing = asyncio.create_task(lab.client.put("/data?key=1", "new"))
    await settle()

    lab.client.leave()
    gone = await writing
    lab.parts.slots.release()

    assert gone.status == 499
    assert lab.database.asked == []
    assert repr(lab.parts.slots) == "<upstream slots: 0 of 1 in use, 0 wait>"


async def test_a_write_that_has_begun_is_finished_without_its_client(lab):
    """The cache hears of it, the slot comes back, and the stop of the gateway waits for it."""
    cache = with_cache(lab, ForgetfulLine())
    lab.database.open.clear()
    writing = asyncio.create_task(lab.client.put("/data?key=1", "new"))
    await lab.database.was_asked.wait()
    lab.client.leave()
    gone = await writing
    slots_meanwhile = lab.parts.slots.in_use

    lab.database.open.set()
    await lab.parts.writes.finish()

    assert (gone.status, slots_meanwhile, lab.parts.slots.in_use) == (499, 1, 0)
    assert cache.told == 2
