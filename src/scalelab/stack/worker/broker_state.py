"""What a worker knows of RabbitMQ, by the last answer on each of its links: for readiness, metrics and the log.

Valkey needs none of this: the sweep says whether it is there.
"""

import structlog

from scalelab.stack.worker.metrics import BrokerMetrics
from scalelab.stack.worker.rabbitmq import BrokerFault

NOT_YET_HEARD = "the broker has not answered yet"


class BrokerState:
    """The broker is there when the last word on every link was no fault."""

    def __init__(self, metrics: BrokerMetrics) -> None:
        self._metrics = metrics
        self._faults: dict[str, BrokerFault] = {}
        self._is_heard = False
        metrics.watch_broker(lambda: not self.lacking())

    def heard(self, link: str, fault: BrokerFault | None) -> None:
        """Note the last word on `link`; tells the log once when the broker goes, once when it is back."""
        was_gone = bool(self._faults)
        if fault is None:
            self._is_heard = True
            self._faults.pop(link, None)
        else:
            self._metrics.broker_fault()
            self._faults[link] = fault
        if fault is not None and not was_gone:
            structlog.get_logger().error("broker_gone", link=link, reason=fault.detail)
        elif was_gone and not self._faults:
            structlog.get_logger().info("broker_back")

    def lacking(self) -> str:
        """Why no message can come, in one line; empty when the broker is there."""
        for fault in self._faults.values():
            return f"the broker does not answer ({fault.detail})"
        return "" if self._is_heard else NOT_YET_HEARD
