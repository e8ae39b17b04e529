"""What a worker counts."""

from collections.abc import Callable

from prometheus_client import Counter, Gauge

from scalelab.contracts import metric_names
from scalelab.contracts.long_tasks import TaskState
from scalelab.stack.service_kit.metrics import ServiceMetrics

_OUTCOME_OF_STATE: dict[TaskState, str] = {
    "succeeded": "succeeded",
    "retrying": "failed",
    "cancelled": "cancelled",
    "dead": "dead",
}


class WorkerMetrics:
    """Adds the task metrics to a service's registry."""

    def __init__(self, service: ServiceMetrics) -> None:
        self._tasks = Counter(
            metric_names.TASKS_TOTAL,
            "Attempts that ended, by what they led to.",
            ["outcome"],
            registry=service.registry,
        )
        self._executions = Counter(
            metric_names.TASK_EXECUTIONS_TOTAL,
            "Attempts whose work was done to its end, whether or not that could be recorded.",
            registry=service.registry,
        )
        self._running = Gauge(metric_names.TASKS_RUNNING, "Attempts that run now.", registry=service.registry)
        self._waiting = Gauge(
            metric_names.TASK_QUEUE_LENGTH,
            "Unfinished tasks of the whole queue that do not run now.",
            registry=service.registry,
        )
        for outcome in _OUTCOME_OF_STATE.values():
            self._tasks.labels(outcome)

    def watch_running(self, count: Callable[[], int]) -> None:
        """Read the number of running attempts from `count`."""
        self._running.set_function(count)

    def executed(self) -> None:
        """The work of an attempt was done to its end; told before anything is recorded."""
        self._executions.inc()

    def settled(self, state: TaskState) -> None:
        """An attempt ended and left its task in `state`; one that was handed back did not count."""
        outcome = _OUTCOME_OF_STATE.get(state)
        if outcome is not None:
            self._tasks.labels(outcome).inc()

    def waiting(self, count: int) -> None:
        """As many tasks wait."""
        self._waiting.set(count)


class BrokerMetrics:
    """Adds what a worker sees of a broker besides the task queue; without one there is nothing to show."""

    def __init__(self, service: ServiceMetrics) -> None:
        self._up = Gauge(
            metric_names.TASK_BROKER_UP, "1 while RabbitMQ answers this worker.", registry=service.registry
        )
        self._faults = Counter(
            metric_names.TASK_BROKER_FAULTS_TOTAL,
            "Calls that RabbitMQ did not answer, or not in time.",
            registry=service.registry,
        )

    def watch_broker(self, is_there: Callable[[], bool]) -> None:
        """Read whether it answers from `is_there`."""
        self._up.set_function(lambda: float(is_there()))

    def broker_fault(self) -> None:
        """One call came to nothing."""
        self._faults.inc()
