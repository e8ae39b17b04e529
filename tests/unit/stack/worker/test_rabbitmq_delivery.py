"""RabbitMQ between list and runner: what is taken when, and when it is acknowledged. The broker is a script."""

import asyncio

import pytest

from scalelab.stack.task_queue import Succeeded
from scalelab.stack.worker.broker_state import BrokerState
from scalelab.stack.worker.metrics import BrokerMetrics
from scalelab.stack.worker.rabbitmq import BrokerFault, Delivered
from scalelab.stack.worker.rabbitmq_delivery import RabbitmqDelivery

GONE = BrokerFault("ConnectionError")


class ScriptedLink:
    """Answers as it is told; then it is empty, or confirms."""

    def __init__(self, answers=()):
        self.answers = list(answers)
        self.published, self.told = [], []
        self.reached = None
        self.dead = []

    async def publish(self, task_id):
        self.published.append(task_id)
        return self.answers.pop(0) if self.answers else None

    async def take(self):
        answer = self.answers.pop(0) if self.answers else None
        return self.message(answer) if isinstance(answer, str) else answer

    def message(self, task_id):
        async def tell(word):
            self.told.append((word, task_id))

        return Delivered(task_id, lambda: tell("acknowledged"), lambda: tell("handed back"))

    async def take_dead(self):
        return self.message(self.dead.pop(0)) if self.dead else None

    async def reach(self):
        return self.reached

    async def close(self):
        self.told.append("closed")


class Pauses:
    """A sleep that ends when the test says so."""

    def __init__(self):
        self.begun = asyncio.Queue()

    async def __call__(self, duration_s):
        end = asyncio.Event()
        await self.begun.put((duration_s, end))
        await end.wait()


@pytest.fixture
def pauses():
    return Pauses()


@pytest.fixture
def delivery_of(bench, pauses):
    def made(inbox=(), outbox=(), tasks_at_a_time=1):
        links = ScriptedLink(outbox), ScriptedLink(inbox)
        state = BrokerState(BrokerMetrics(bench.metrics))
        return RabbitmqDelivery(*links, bench.runner, tasks_at_a_time, state, pauses), *links

    return made


async def test_a_message_is_published_until_it_is_confirmed(delivery_of, pauses):
    """What is given up here would be lost."""
    delivery, outbox, _inbox = delivery_of(outbox=[GONE, GONE])
    delivering = asyncio.create_task(delivery.deliver("t"))
    for _ in range(2):
        (await pauses.begun.get())[1].set()
    await delivering

    assert outbox.published == ["t", "t", "t"]


async def test_a_message_is_acknowledged_when_its_task_is_claimed(bench, delivery_of, pauses):
    """Not at its end; and nothing more is taken than can begin."""
    first, second = await bench.submitted(), await bench.submitted()
    delivery, _outbox, inbox = delivery_of(inbox=[first, second])
    taking = asyncio.create_task(delivery.take_for_ever())
    await bench.begun.get()
    told, left = list(inbox.told), list(inbox.answers)
    bench.answers.put_nowait({"n": 1})
    await bench.begun.get()
    bench.answers.put_nowait({"n": 2})
    _, pause = await pauses.begun.get()
    delivery.drain()
    pause.set()
    await taking
    await delivery.finished()

    assert told == [("acknowledged", first)]
    assert left == [second]
    assert inbox.told == [("acknowledged", first), ("acknowledged", second)]
    assert (await bench.view(second)).state == "succeeded"


async def test_a_message_without_work_is_acknowledged_too(delivery_of, pauses):
    """One that came twice, or whose record is gone."""
    delivery, _outbox, inbox = delivery_of(inbox=["0" * 32])
    taking = asyncio.create_task(delivery.take_for_ever())
    await pauses.begun.get()
    taking.cancel()
    await delivery.finished()

    assert inbox.told == [("acknowledged", "0" * 32)]


async def test_a_message_stays_unanswered_while_the_record_cannot_be_claimed(bench, delivery_of):
    """Its worker may die before the queue is back."""
    task = await bench.submitted()
    delivery, _outbox, inbox = delivery_of(inbox=[task])
    bench.desk.is_gone = True
    taking = asyncio.create_task(delivery.take_for_ever())
    await bench.pauses.get()
    told = list(inbox.told)
    bench.desk.is_gone = False
    await bench.begun.get()
    bench.answers.put_nowait({})
    taking.cancel()
    await delivery.finished()

    assert told == []
    assert inbox.told == [("acknowledged", task)]


async def test_a_broker_that_is_gone_is_asked_again(bench, delivery_of, pauses):
    """And its messages are taken when it is back."""
    task = await bench.submitted()
    delivery, _outbox, _inbox = delivery_of(inbox=[GONE, GONE, task])
    taking = asyncio.create_task(delivery.take_for_ever())
    for _ in range(2):
        (await pauses.begun.get())[1].set()
    claim = await bench.begun.get()
    bench.answers.put_nowait({})
    taking.cancel()
    await delivery.finished()
    await delivery.close()

    assert claim.task_id == task


async def test_a_broker_is_watched_while_nobody_asks_it(delivery_of, pauses):
    """Every slot may be taken for minutes, and nothing to publish."""
    delivery, outbox, inbox = delivery_of()
    watching = asyncio.create_task(delivery.watch_for_ever())
    seen = []
    for fault_here, fault_there in [(GONE, None), (None, GONE), (None, None)]:
        _, pause = await pauses.begun.get()
        seen.append(delivery.lacking())
        outbox.reached, inbox.reached = fault_here, fault_there
        pause.set()
    await pauses.begun.get()
    watching.cancel()

    gone = "the broker does not answer (ConnectionError)"
    assert [*seen, delivery.lacking()] == ["", gone, gone, ""]


async def test_a_task_whose_message_was_put_aside_is_a_dead_letter(bench, delivery_of, pauses):
    """It would stay queued for ever; a task that has run meanwhile, or is gone, is left alone."""
    stranded, done = await bench.submitted(), await bench.submitted()
    claim = await bench.queue.claim(done, "worker-9:x", 9)
    await bench.queue.settle(claim, Succeeded({}))
    delivery, outbox, _inbox = delivery_of()
    outbox.dead = [stranded, done, "0" * 32]
    burying = asyncio.create_task(delivery.bury_for_ever())
    await pauses.begun.get()
    burying.cancel()
    views = [await bench.view(task) for task in (stranded, done)]

    assert [view.state for view in views] == ["dead", "succeeded"]
    assert "20 times" in views[0].error
    assert outbox.told == [("acknowledged", task) for task in (stranded, done, "0" * 32)]
