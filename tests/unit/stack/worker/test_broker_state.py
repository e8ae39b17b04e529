"""What a worker knows of RabbitMQ."""

import pytest
from structlog.testing import capture_logs

from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.worker.broker_state import BrokerState
from scalelab.stack.worker.metrics import BrokerMetrics
from scalelab.stack.worker.rabbitmq import BrokerFault

GONE = BrokerFault("TimeoutError")


@pytest.fixture
def metrics():
    return ServiceMetrics()


@pytest.fixture
def state(metrics):
    return BrokerState(BrokerMetrics(metrics))


def test_a_broker_that_was_never_heard_of_is_lacking(state):
    """A worker is not ready before its first answer, so that a start fails when there is none."""
    before = state.lacking()
    state.heard("inbox", None)

    assert before == "the broker has not answered yet"
    assert state.lacking() == ""


def test_it_is_back_when_every_link_has_been_answered(state, metrics):
    """One link that works does not hide another that does not; the log hears of each change once."""
    shown = []
    with capture_logs() as lines:
        for link, fault in [("inbox", None), ("outbox", GONE), ("inbox", GONE), ("outbox", None), ("inbox", None)]:
            state.heard(link, fault)
            shown.append((state.lacking(), metrics.registry.get_sample_value("scalelab_task_broker_up")))

    gone = ("the broker does not answer (TimeoutError)", 0)
    assert shown == [("", 1), gone, gone, gone, ("", 1)]
    assert [line["event"] for line in lines] == ["broker_gone", "broker_back"]
    assert metrics.registry.get_sample_value("scalelab_task_broker_faults_total") == 2
