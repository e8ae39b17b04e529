"""A Docker Swarm, through the manager on this machine."""

import contextlib
import json
import os
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from scalelab.contracts.stack_view import ServiceName, ServiceView
from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.docker import Docker, DockerError, demand_docker
from scalelab.deployment.containers.project import Project, project_name
from scalelab.deployment.containers.record import ContainerRecord
from scalelab.deployment.containers.shipped import IMAGE_VARIABLE
from scalelab.deployment.containers.swarm_file import stack_file
from scalelab.deployment.containers.swarm_tasks import (
    FORMAT,
    Task,
    given_up,
    is_settled,
    swarm_views,
    task_complaints,
    tasks_of,
)
from scalelab.deployment.errors import UnfitMachineError
from scalelab.deployment.offers import demand_swarm_offers
from scalelab.deployment.scaling import instances_of
from scalelab.deployment.state_directory import StackDirectory

DEPLOY_LIMIT_S = 120.0
"""The manager asks the registry about each image."""
START_LIMIT_S = 300.0
"""Each node may have to fetch the images; what starts before what it needs is started again."""
STOP_LIMIT_S = 90.0
LOGS_LIMIT_S = 10.0
_POLL_S = 0.5
_NAMESPACE = "com.docker.stack.namespace"
_NO_STACK = "nothing found in stack"


class Swarm:
    """See `base.Orchestrator`."""

    def __init__(self, directory: StackDirectory) -> None:
        self._directory = directory
        self._name = project_name(directory)

    @cached_property
    def _docker(self) -> Docker:
        """Looked for once: each look is two commands."""
        return demand_docker()

    def address(self, topology: Topology) -> str:
        """See there: the address by which the other nodes know this one."""
        demand_swarm_offers(topology)
        return str(self._demand_manager()["NodeAddr"])

    def up(self, record: ContainerRecord) -> None:
        """See there."""
        project = Project(self._docker, self._name)
        if IMAGE_VARIABLE not in os.environ:  # whoever names an image has it where every node fetches it from
            project.build_if_missing(record)
        file = stack_file(json.loads(project.file(record)), self._demand_manager()["NodeID"])
        self._docker.run(
            "stack", "deploy", "--with-registry-auth", "--compose-file", "-", self._name,
            given=json.dumps(file), limit_s=DEPLOY_LIMIT_S,
        )  # fmt: skip
        wanted = instances_of(record.topology)
        self._await_settled({service: replicas for service, replicas in wanted.items() if replicas})

    def scale(self, record: ContainerRecord, service: ServiceName) -> None:
        """See there."""
        replicas = instances_of(record.topology)[service]
        self._docker.run("service", "scale", "--detach", f"{self._name}_{service}={replicas}")
        self._await_settled({service: replicas})

    def services(self) -> tuple[ServiceView, ...]:
        """See there."""
        return swarm_views(self._tasks())

    def complaints(self) -> dict[str, str]:
        """See there."""
        return task_complaints(self._tasks())

    def down(self, record: ContainerRecord) -> None:  # noqa: ARG002  the Swarm knows what belongs to the stack
        """See there. What a node that does not answer still runs, it ends as soon as it answers again."""
        self._keep_logs()
        self._await(self._is_removed, STOP_LIMIT_S, "the stack was not removed")

    def _is_removed(self) -> bool:
        """Removes what can be removed now: a network only when nothing is in it any more."""
        live_nodes = self._live_nodes()
        with contextlib.suppress(DockerError):
            self._docker.run("stack", "rm", self._name)
        return not any(task.is_leaving(live_nodes) for task in self._tasks()) and not self._docker.run(
            "network", "ls", "--quiet", "--filter", f"label={_NAMESPACE}={self._name}"
        )

    def _await_settled(self, wanted: Mapping[ServiceName, int]) -> None:
        def is_done() -> bool:
            tasks = self._tasks()
            rejected = given_up(tasks)
            if rejected is not None:
                raise DockerError(f"{rejected.instance}: {rejected.error}")
            return is_settled(tasks, wanted, self._live_nodes())

        self._await(is_done, START_LIMIT_S, f"{', '.join(wanted)} did not become healthy")

    def _await(self, is_done: Callable[[], bool], limit_s: float, failure: str) -> None:
        deadline_s = time.monotonic() + limit_s
        while not is_done():
            if time.monotonic() >= deadline_s:
                raise DockerError(f"{failure} within {limit_s:g} s")
            time.sleep(_POLL_S)

    def _tasks(self) -> tuple[Task, ...]:
        """None when there is no such stack."""
        try:
            said = self._docker.run("stack", "ps", "--no-trunc", "--format", FORMAT, self._name)
        except DockerError as error:
            if _NO_STACK in str(error):
                return ()
            raise
        return tasks_of(said, self._name)

    def _live_nodes(self) -> frozenset[str]:
        lines = self._docker.run("node", "ls", "--format", "{{.Status}} {{.Hostname}}").splitlines()
        return frozenset(name for state, _, name in (line.partition(" ") for line in lines) if state == "Ready")

    def _keep_logs(self) -> None:
        live_nodes = self._live_nodes()
        for task in reversed(self._tasks()):
            if task.node in live_nodes:
                with contextlib.suppress(DockerError, OSError):
                    self._docker.write_logs(
                        self._directory.log_file(task.instance), "service", "logs", "--raw", task.id,
                        limit_s=LOGS_LIMIT_S,
                    )  # fmt: skip

    def _demand_manager(self) -> dict[str, Any]:
        """What this machine's engine says of its Swarm.

        Raises:
            UnfitMachineError: it is no manager of one.
        """
        said: dict[str, Any] = json.loads(self._docker.run("info", "--format", "{{json .Swarm}}"))
        if said["LocalNodeState"] != "active" or not said["ControlAvailable"]:
            raise UnfitMachineError(
                f"the Docker engine of this machine manages no Swarm (it is {said['LocalNodeState']}): type "
                f"`docker swarm init`, or go to a machine whose engine does"
            )
        return said
