"""Docker Compose, on the engine of this machine."""

import contextlib
from functools import cached_property

from scalelab.contracts.stack_view import ServiceName, ServiceView
from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.compose_views import service_views
from scalelab.deployment.containers.docker import ANSWER_LIMIT_S, DockerError, demand_docker
from scalelab.deployment.containers.project import Project, project_name
from scalelab.deployment.containers.record import ContainerRecord
from scalelab.deployment.containers.shipped import compose_file
from scalelab.deployment.offers import demand_compose_offers
from scalelab.deployment.state_directory import StackDirectory

START_LIMIT_S = 180.0
"""Images may have to be fetched; the health checks of three tiers come once in 5 s."""
STOP_LIMIT_S = 90.0


class Compose:
    """See `base.Orchestrator`."""

    def __init__(self, directory: StackDirectory) -> None:
        self._directory = directory

    @cached_property
    def _project(self) -> Project:
        """The engine is looked for once: each look is two commands."""
        return Project(demand_docker(), project_name(self._directory))

    def address(self, topology: Topology) -> str:
        """See there: the host that the topology says."""
        demand_compose_offers(topology)
        self._project.docker.version()
        return topology.load_balancer.host

    def up(self, record: ContainerRecord) -> None:
        """See there."""
        self._project.build_if_missing(record)
        self._project.run(record, "up", "--detach", "--wait", "--no-build", "--remove-orphans", limit_s=START_LIMIT_S)

    def scale(self, record: ContainerRecord, service: ServiceName) -> None:
        """See there."""
        options = ("--detach", "--wait", "--no-build", "--no-deps", "--no-recreate")
        self._project.run(record, "up", *options, service, limit_s=START_LIMIT_S)

    def services(self) -> tuple[ServiceView, ...]:
        """See there."""
        return service_views(self._project.docker.containers(self._project.name))

    def complaints(self) -> dict[str, str]:
        """See there. The reasons are in the logs of the containers."""
        return {view.instance: "" for view in self.services() if view.state != "ready"}

    def down(self, record: ContainerRecord) -> None:
        """See there."""
        self._keep_logs()
        self._project.run(record, "down", "--volumes", "--remove-orphans", limit_s=STOP_LIMIT_S)

    def _keep_logs(self) -> None:
        for document in self._project.docker.containers(self._project.name):
            instance = document["Name"].removeprefix(f"/{self._project.name}-")
            with contextlib.suppress(DockerError, OSError):
                self._project.docker.write_logs(self._directory.log_file(instance), "logs", document["Id"])


def container_versions() -> dict[str, str]:
    """Version of the engine and names of the images, for a run's manifest."""
    docker = demand_docker()
    images = docker.compose(
        compose_file(), "scalelab", {"SCALELAB_STATE": "/"}, "config", "--images", limit_s=ANSWER_LIMIT_S
    )
    return {"docker": docker.version(), "images": " ".join(sorted(set(images.split())))}
