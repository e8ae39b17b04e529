"""RabbitMQ as the broker: a real server, real workers, and what happens when either dies. The server is shared."""

import asyncio
import contextlib
import secrets

import pytest

from rabbitmq_server import CONSUMER_TIMEOUT_S, PASSWORD
from scalelab.contracts.long_tasks import LongTaskRequest, LongTaskView
from scalelab.stack.task_queue import Submission
from scalelab.stack.worker.rabbitmq import DELIVERY_LIMIT, BrokerFault, Delivered, RabbitmqLink, queue_name_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


@pytest.fixture
async def link(rabbitmq):
    """Opens links to one queue of this test's own."""
    name = queue_name_for(secrets.token_hex(8))
    async with contextlib.AsyncExitStack() as stack:

        def opened(secret=PASSWORD, **options) -> RabbitmqLink:
            one = RabbitmqLink(rabbitmq.url, secret, options.pop("queue", name), **options)
            stack.push_async_callback(one.close)
            return one

        yield opened


async def submitted(queue, **request) -> str:
    return (await queue.submit(Submission("ada", LongTaskRequest(**request)))).view.id


async def until(queue, task_id, *states, attempts=0) -> LongTaskView:
    async with asyncio.timeout(60):
        while True:
            view = await queue.view(task_id, "ada")
            if isinstance(view, LongTaskView) and view.state in states and view.attempts >= attempts:
                return view
            await asyncio.sleep(0.02)


async def taken(link, *, dead=False) -> Delivered:
    """The next message, when it has come."""
    async with asyncio.timeout(30):
        while True:
            message = await (link.take_dead() if dead else link.take())
            if isinstance(message, Delivered):
                return message
            await asyncio.sleep(0.05)


async def test_messages_keep_their_order_and_those_unanswered_come_again(link):
    """Confirmed when published; in hand until acknowledged, handed back, or the connection ends."""
    here, there = link(), link()
    confirmed = [await here.publish(name) for name in ("a", "b")]
    first = await taken(here)
    await first.acknowledge()
    second = await taken(here)
    await second.hand_back()
    again = await taken(there)
    await there.close()  # with the message in hand
    at_last = await taken(here)
    await at_last.acknowledge()

    assert confirmed == [None, None]
    assert [message.task_id for message in (first, second, again, at_last)] == ["a", "b", "b", "b"]
    assert await here.take() is None


async def test_a_message_that_ends_every_holder_is_put_aside(link):
    """The broker counts deliveries, so that no death of a worker sets the count back."""
    here = link()
    await here.publish("poison")
    for _ in range(DELIVERY_LIMIT + 1):
        message = await taken(here)
        await message.hand_back()
    aside = await taken(here, dead=True)
    await aside.acknowledge()

    assert aside.task_id == "poison"
    assert await here.take() is None
    assert await here.take_dead() is None


async def test_a_publication_whose_confirmation_is_lost_is_made_again(link, rabbitmq):
    """E22: a fault, whatever came of it; a message twice does no harm, since the claim refuses the second."""
    patient, hasty = link(), link(call_timeout_s=0.5)
    await hasty.publish("a")
    rabbitmq.stall()
    fault = await hasty.publish("b")
    rabbitmq.go_on()
    while await hasty.publish("b") is not None:
        pass
    names = []
    while isinstance(message := await patient.take(), Delivered):
        names.append(message.task_id)
        await message.acknowledge()

    assert isinstance(fault, BrokerFault)
    assert names in (["a", "b"], ["a", "b", "b"])


async def test_a_broker_that_refuses_or_is_not_there_is_a_fault(link):
    """A value, without the password."""
    wrong = await link(secret="wrong").publish("a")
    nobody = RabbitmqLink("amqp://tester@127.0.0.1:1/", PASSWORD, "queue", call_timeout_s=2.0)

    assert wrong.is_refused
    assert not (await nobody.take()).is_refused
    assert PASSWORD not in repr(wrong)


def test_a_worker_that_the_broker_refuses_ends_with_one_line(start_rabbit_worker, tmp_path):
    """At its start, so that a stack does not wait for it; the line has the user, and not the password."""
    wrong = tmp_path / "wrong"
    wrong.write_text("another-secret")
    worker = start_rabbit_worker(broker_password_file=str(wrong))
    exit_code = worker.process.wait(timeout=30)
    [line] = worker.log.read_text().splitlines()

    assert exit_code == 3
    assert "RabbitMQ refuses the user or the password of broker_url = amqp://tester@" in line
    assert "another-secret" not in line


async def test_a_task_may_take_longer_than_the_broker_waits_for_an_answer(queue, start_rabbit_worker, link):
    """E11: the broker's limit is in force, as a message that is kept too long shows, and ends no task."""
    worker = start_rabbit_worker(heartbeat_timeout_s=1.0)
    long = await submitted(queue, duration_s=2.5 * CONSUMER_TIMEOUT_S, first_key=1001, count=20)
    await until(queue, long, "running")
    keeper, other = link(), link()
    await keeper.publish("kept")
    await taken(keeper)  # and says nothing
    again = await taken(other)  # its limit is over: the broker has closed the channel of the first
    await again.acknowledge()
    refused, then = [await keeper.take() for _ in range(2)]
    done = await until(queue, long, "succeeded", "dead")

    assert (again.task_id, then) == ("kept", None)
    assert isinstance(refused, BrokerFault)
    assert (done.state, done.attempts) == ("succeeded", 1)
    assert done.finished_at_s - done.submitted_at_s > 2 * CONSUMER_TIMEOUT_S
    assert "broker_gone" not in worker.log.read_text()


async def test_tasks_survive_their_worker_and_their_broker(queue, start_rabbit_worker, rabbitmq):
    """E01, E10, E11: both are killed, and all goes on by itself; no attempt too many, no secret in a log."""
    first = start_rabbit_worker(heartbeat_timeout_s=1.0, threads=1)
    lost = await submitted(queue, duration_s=1, first_key=1001, count=20)
    await until(queue, lost, "running")
    waiting = await submitted(queue, duration_s=0, first_key=2001, count=20)
    first.kill()
    second = start_rabbit_worker(heartbeat_timeout_s=1.0)
    done = [await until(queue, task, "succeeded", "dead") for task in (lost, waiting)]
    long = await submitted(queue, duration_s=3, first_key=3001, count=20)
    failing = await submitted(queue, duration_s=1, first_key=5001, count=1, fail_attempts=1)
    for task in (long, failing):
        await until(queue, task, "running")
    await asyncio.to_thread(rabbitmq.kill)
    submitted_meanwhile = await submitted(queue, duration_s=0, first_key=4001, count=20)
    await asyncio.to_thread(second.wait_for_status, "/health/ready", 503)
    reason, metrics = second.get("/health/ready")[1], second.get("/metrics")[1]
    through = await until(queue, long, "succeeded", "dead")  # its lease is the task's, not the broker's
    await asyncio.to_thread(rabbitmq.start)
    after = await until(queue, submitted_meanwhile, "succeeded", "dead")
    retried = await until(queue, failing, "succeeded", "dead")  # its retry was due while the broker was gone
    await asyncio.to_thread(second.wait_for_status, "/health/ready", 200)
    metrics_after = second.get("/metrics")[1]
    stopped_in_s = await asyncio.to_thread(second.stop)

    assert [(view.state, view.attempts) for view in done] == [("succeeded", 2), ("succeeded", 1)]
    assert (through.state, through.attempts) == ("succeeded", 1)
    assert (after.state, after.attempts) == ("succeeded", 1)
    assert (retried.state, retried.attempts) == ("succeeded", 2)
    assert stopped_in_s < 5 + 3
    assert "broker_gone" in second.log.read_text()
    assert "the broker does not answer" in reason
    assert "scalelab_task_broker_up 0.0" in metrics
    assert "scalelab_task_broker_up 1.0" in metrics_after
    assert PASSWORD not in first.log.read_text() + second.log.read_text()
