"""What Dramatiq's broker forgets after a lost connection, ours has delivered again."""

import time

import dramatiq
import pytest

from scalelab.contracts.long_tasks import QUEUE_NAME
from scalelab.contracts.service_settings import WorkerSettings
from scalelab.stack.worker.broker import build_broker

pytestmark = pytest.mark.integration


def broker_of(valkey):
    broker = build_broker(
        WorkerSettings.model_construct(
            queue_url=valkey.url, cache_password_file=valkey.password_file, heartbeat_timeout_s=0.2
        )
    )
    broker.declare_queue(QUEUE_NAME)
    return broker


def test_a_message_fetched_by_a_consumer_that_broke_is_delivered_again(valkey):
    """The worker lives on, with a new consumer; what the old one had in its hands must not wait for its death."""
    broker = broker_of(valkey)
    broker.enqueue(dramatiq.Message(QUEUE_NAME, "actor", ("task-1",), {}, {}))
    before = next(broker.consume(QUEUE_NAME, timeout=10))
    consumer = broker.consume(QUEUE_NAME, timeout=10)
    deadline_s = time.monotonic() + 5
    while (again := next(consumer)) is None:
        assert time.monotonic() < deadline_s
    broker.client.close()

    assert before.args == again.args == ("task-1",)


def test_consumers_of_other_queues_keep_the_name(valkey):
    """Only a second start counts as trouble."""
    broker = broker_of(valkey)
    name = broker.broker_id
    broker.consume(QUEUE_NAME)
    broker.consume(f"{QUEUE_NAME}.DQ")

    assert broker.broker_id == name


def test_a_draining_broker_leaves_messages_to_others(valkey):
    """A worker that stops must not sit on what it will not run."""
    stopping, other = broker_of(valkey), broker_of(valkey)
    consumer = stopping.consume(QUEUE_NAME, timeout=10)
    stopping.drain()
    stopping.enqueue(dramatiq.Message(QUEUE_NAME, "actor", ("task-1",), {}, {}))
    fetched = [next(consumer) for _ in range(3)]
    by_other = next(other.consume(QUEUE_NAME, timeout=10))
    stopping.client.close()
    other.client.close()

    assert fetched == [None] * 3
    assert by_other.args == ("task-1",)


def test_a_silent_server_is_a_lost_connection(valkey):
    """Dramatiq tries again for that; a time-out it would take for a fault of its own."""
    broker = broker_of(valkey)
    broker.client.connection_pool.connection_kwargs["socket_timeout"] = 0.1
    broker.client.ping()
    valkey.stall()
    with pytest.raises(dramatiq.ConnectionClosed):
        next(broker.consume(QUEUE_NAME))
    broker.client.close()
