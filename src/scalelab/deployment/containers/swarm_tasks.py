"""The tasks of a Swarm's stack, as `docker stack ps` tells them, read as instances. Pure."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from scalelab.contracts.stack_view import ServiceName, ServiceState, ServiceView

FORMAT = "{{json .}}"
MOST_REJECTIONS = 3
"""Of one instance: the first may be a node that has not heard of the stack's network yet."""
_STATES: dict[str, ServiceState] = {
    "running": "ready",
    "failed": "failed",
    "rejected": "failed",
    "complete": "stopped",
    "shutdown": "stopped",
    "remove": "stopped",
    "orphaned": "stopped",
}
"""All others lead to `running`, which a container with a health check is when it is healthy."""
_ENDED = frozenset({"failed", "rejected", "complete", "shutdown", "remove", "orphaned"})
_LEAVES = frozenset({"shutdown", "remove"})
_OWN_END = "task: "
"""What a Swarm says of a container that has ended by itself: its log says more."""


@dataclass(frozen=True)
class Task:
    """One container that a Swarm has started, is to start, or has ended. The newest of an instance comes first."""

    id: str
    service: str
    number: int
    node: str
    """Its name; empty when it has none yet."""
    wanted: str
    state: str
    error: str

    @property
    def instance(self) -> str:
        """The name of the instance that it is or was."""
        return f"{self.service}-{self.number}"

    @property
    def is_current(self) -> bool:
        """Whether it is to run."""
        return self.wanted not in _LEAVES

    def is_leaving(self, live_nodes: Collection[str]) -> bool:
        """Whether it still runs and is not to. Nobody knows what runs on a node that does not answer."""
        return not self.is_current and self.state not in _ENDED and self.node in live_nodes


def tasks_of(said: str, stack: str) -> tuple[Task, ...]:
    """Of the lines of `docker stack ps --format '{{json .}}'`."""
    return tuple(_task(json.loads(line), stack) for line in said.splitlines() if line.strip())


def _task(line: Mapping[str, str], stack: str) -> Task:
    service, _, number = line["Name"].rpartition(".")
    return Task(
        id=line["ID"],
        service=service.removeprefix(f"{stack}_"),
        number=int(number),
        node=line["Node"],
        wanted=line["DesiredState"].lower(),
        state=line["CurrentState"].partition(" ")[0].lower(),
        error=line["Error"],
    )


def swarm_views(tasks: Iterable[Task]) -> tuple[ServiceView, ...]:
    """Those that are to run and are a service of ours, by service and number.

    Only other containers of the stack reach their addresses, so that none is told.
    """
    order: Sequence[ServiceName] = get_args(ServiceName)
    shown = sorted(
        (task for task in tasks if task.is_current and task.service in order),
        key=lambda task: (order.index(task.service), task.number),
    )
    return tuple(_view(task) for task in shown)


def _view(task: Task) -> ServiceView:
    return ServiceView(
        name=task.service,
        instance=task.instance,
        node=task.node,
        pid=0,
        url="",
        admin_url="",
        state=_STATES.get(task.state, "starting"),
    )


def is_settled(tasks: Collection[Task], wanted: Mapping[ServiceName, int], live_nodes: Collection[str]) -> bool:
    """Whether of each service of `wanted` exactly so many run, and nothing of it comes or goes."""
    concerned = [task for task in tasks if task.service in wanted]
    current = [task for task in concerned if task.is_current]
    numbers = Counter(task.service for task in current)
    return (
        all(numbers[service] == replicas for service, replicas in wanted.items())
        and all(task.state == "running" for task in current)
        and not any(task.is_leaving(live_nodes) for task in concerned)
    )


def given_up(tasks: Collection[Task]) -> Task | None:
    """One that nodes have rejected too often for it to be chance; the newest of an instance that does not run."""
    rejected = [task for task in tasks if task.state == "rejected" and task.instance not in _running(tasks)]
    counts = Counter(task.instance for task in rejected)
    return next((task for task in rejected if counts[task.instance] >= MOST_REJECTIONS), None)


def task_complaints(tasks: Collection[Task]) -> dict[str, str]:
    """Of each instance that does not run: what the Swarm says, empty when only its log says more."""
    running = _running(tasks)
    complaints: dict[str, str] = {}
    for task in tasks:
        if task.instance not in running and not complaints.get(task.instance):
            complaints[task.instance] = "" if task.error.startswith(_OWN_END) else _with_node(task)
    return complaints


def _running(tasks: Iterable[Task]) -> set[str]:
    return {task.instance for task in tasks if task.is_current and task.state == "running"}


def _with_node(task: Task) -> str:
    return f"{task.error} (on node {task.node})" if task.error and task.node else task.error
