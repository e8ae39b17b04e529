"""Names of queues; the rest of the link is tried on a real server."""

import sys

import pytest

from scalelab.stack.service_kit.cannot_start import CannotStartError
from scalelab.stack.worker.rabbitmq import RabbitmqLink, queue_name_for


def test_each_store_of_tasks_has_a_queue_of_its_own():
    """The same at every worker; no path or host stands in it."""
    one, other = queue_name_for("unix:///a/v.sock"), queue_name_for("unix:///b/v.sock")

    assert one == queue_name_for("unix:///a/v.sock")
    assert one != other
    assert "sock" not in one


def test_a_missing_package_is_named(monkeypatch):
    """Without the library the message says what to type."""
    monkeypatch.setitem(sys.modules, "aio_pika", None)

    with pytest.raises(CannotStartError, match=r"pip install 'scalelab\[rabbitmq\]'"):
        RabbitmqLink("amqp://ada@127.0.0.1:1/", None, "queue")
