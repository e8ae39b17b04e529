"""First come, first served within a class; nobody who has gone holds a place; the books balance."""

import asyncio

import pytest

from scalelab.stack.api_gateway.upstream_slots import UpstreamSlots


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_without_a_limit_everybody_has_a_slot():
    """Zero is unbounded."""
    slots = UpstreamSlots(0, 60.0)

    assert [await slots.acquire() for _ in range(100)] == [True] * 100
    assert repr(slots) == "<upstream slots: 100 of any number in use, 0 wait>"


async def test_slots_are_given_in_the_order_of_arrival():
    """One slot, three who wait: each release lets in who came first."""
    slots, order = UpstreamSlots(1, 60.0), []
    await slots.acquire()

    async def wait(name):
        await slots.acquire()
        order.append(name)

    waiting = [asyncio.create_task(wait(name)) for name in "abc"]
    await settle()
    assert repr(slots) == "<upstream slots: 1 of 1 in use, 3 wait>"
    for _ in "abc":
        slots.release()
        await settle()
    await asyncio.gather(*waiting)

    assert order == ["a", "b", "c"]


async def test_who_arrives_does_not_overtake_who_waits():
    """A slot that was just released belongs to the queue."""
    slots = UpstreamSlots(1, 60.0)
    await slots.acquire()
    first = asyncio.create_task(slots.acquire())
    await settle()

    slots.release()
    second = asyncio.create_task(slots.acquire())
    await settle()

    assert first.done()
    assert not second.done()
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second


async def test_who_waits_too_long_goes_without():
    """And leaves the queue; the slot stays with its holder."""
    slots = UpstreamSlots(1, 0.0)
    await slots.acquire()

    assert await slots.acquire() is False
    assert repr(slots) == "<upstream slots: 1 of 1 in use, 0 wait>"


async def test_who_is_cancelled_leaves_the_queue():
    """The next in line gets the slot."""
    slots = UpstreamSlots(1, 60.0)
    await slots.acquire()
    gone, next_one = asyncio.create_task(slots.acquire()), asyncio.create_task(slots.acquire())
    await settle()

    gone.cancel()
    await settle()
    slots.release()

    assert await next_one is True
    assert repr(slots) == "<upstream slots: 1 of 1 in use, 0 wait>"


async def test_who_is_cancelled_with_the_slot_in_hand_passes_it_on():
    """Release and cancellation in the same moment lose no slot."""
    slots = UpstreamSlots(1, 60.0)
    await slots.acquire()
    gone, next_one = asyncio.create_task(slots.acquire()), asyncio.create_task(slots.acquire())
    await settle()

    slots.release()
    gone.cancel()

    assert await next_one is True
    slots.release()
    assert repr(slots) == "<upstream slots: 0 of 1 in use, 0 wait>"


async def test_the_books_balance_after_a_storm():
    """Five hundred come, a third are cancelled at some moment: at the end no slot is in use."""
    slots, most = UpstreamSlots(4, 60.0), 0

    async def work(number):
        nonlocal most
        if await slots.acquire():
            most = max(most, slots.in_use)
            try:
                await asyncio.sleep(0)
            finally:
                slots.release()

    tasks = [asyncio.create_task(work(number)) for number in range(500)]
    for number, task in enumerate(tasks):
        if number % 3 == 0:
            await asyncio.sleep(0)
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert most == 4
    assert repr(slots) == "<upstream slots: 0 of 4 in use, 0 wait>"


async def test_beyond_its_limit_nobody_queues():
    """One slot, one who waits: the third is refused at once, and counted."""
    slots = UpstreamSlots(1, 60.0, queue_limit=1)
    await slots.acquire()
    waiting = asyncio.create_task(slots.acquire())
    await settle()

    is_third_let_in = await slots.acquire()
    slots.release()

    assert (is_third_let_in, await waiting, slots.shed) == (False, True, {"normal": 1})


class Told:
    """An adaptive limit that says what it is told to."""

    def __init__(self, limit):
        self.limit = limit

    def note(self, _latency_s, _in_flight, *, is_good):
        assert is_good
        return self.limit


async def test_a_limit_that_rises_lets_waiters_in():
    """From one slot to three: both who wait have theirs."""
    adaptive = Told(1)
    slots = UpstreamSlots(8, 60.0, adaptive=adaptive)
    await slots.acquire()
    waiting = [asyncio.create_task(slots.acquire()) for _ in range(2)]
    await settle()

    adaptive.limit = 3
    slots.note(0.1, is_good=True)

    assert await asyncio.gather(*waiting) == [True, True]
    assert (slots.in_use, slots.limit, slots.queue_length) == (3, 3, 0)


async def test_a_limit_that_falls_is_reached_as_slots_come_back():
    """From three to one: two releases let nobody in, the third lets in who waits."""
    adaptive = Told(3)
    slots = UpstreamSlots(8, 60.0, adaptive=adaptive)
    for _ in range(3):
        await slots.acquire()
    waiting = asyncio.create_task(slots.acquire())
    await settle()

    adaptive.limit = 1
    slots.note(0.1, is_good=True)
    seen = []
    for _ in range(3):
        slots.release()
        await settle()
        seen.append((slots.in_use, slots.queue_length))

    assert seen == [(2, 1), (1, 1), (1, 0)]
    assert await waiting is True


class Classes:
    """Who asks now."""

    def __init__(self):
        self.now = "normal"

    def __call__(self):
        return self.now

    async def ask(self, slots, name):
        self.now = name
        task = asyncio.create_task(slots.acquire())
        await settle()
        return task


async def test_the_highest_class_goes_first():
    """Within a class, who came first."""
    classes, order = Classes(), []
    slots = UpstreamSlots(1, 60.0, class_of=classes)
    await slots.acquire()
    for number, name in enumerate(("low", "normal", "high", "normal", "high")):
        task = await classes.ask(slots, name)
        task.add_done_callback(lambda _, told=(name, number): order.append(told))

    for _ in range(5):
        slots.release()
        await settle()

    assert order == [("high", 2), ("high", 4), ("normal", 1), ("normal", 3), ("low", 0)]


async def test_a_full_queue_sheds_the_lowest_class_first():
    """Of the lowest, who came last; nobody leaves for an equal; what was shed is counted by class."""
    classes = Classes()
    slots = UpstreamSlots(1, 60.0, queue_limit=3, class_of=classes)
    await slots.acquire()
    tasks = [
        await classes.ask(slots, name) for name in ("low", "low", "normal", "high", "high", "high", "high", "low")
    ]

    told = [task.result() if task.done() else None for task in tasks]

    assert told == [False, False, False, None, None, None, False, False]
    assert slots.shed == {"low": 3, "normal": 1, "high": 1}
    for _ in range(4):
        slots.release()
    assert await asyncio.gather(*tasks[3:6]) == [True] * 3
    assert repr(slots) == "<upstream slots: 0 of 1 in use, 0 wait>"


async def test_who_is_shed_and_cancelled_at_once_gives_no_slot_away():
    """It had none."""
    classes = Classes()
    slots = UpstreamSlots(1, 60.0, queue_limit=1, class_of=classes)
    await slots.acquire()
    low = await classes.ask(slots, "low")
    classes.now = "high"

    high = asyncio.create_task(slots.acquire())
    await asyncio.sleep(0)
    low.cancel()
    await asyncio.gather(low, return_exceptions=True)

    assert (slots.in_use, high.done()) == (1, False)
    slots.release()
    assert await high is True
