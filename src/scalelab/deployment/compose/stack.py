"""A running stack of containers: start, view, scale, stop. The engine supervises it; this file holds nothing open."""

import contextlib
import os
import re
import time
from collections.abc import Sequence
from functools import cached_property
from threading import Event

from scalelab.contracts.stack_view import ServiceName, StackView
from scalelab.contracts.topology import Topology
from scalelab.deployment.compose.containers import service_views
from scalelab.deployment.compose.docker import Docker, DockerError, demand_docker
from scalelab.deployment.compose.files import write_stack_files
from scalelab.deployment.compose.record import ComposeRecord, read_compose_record, write_compose_record
from scalelab.deployment.compose.shipped import IMAGE_VARIABLE, OWN_IMAGE, build_context, compose_file
from scalelab.deployment.errors import (
    DeploymentError,
    ScaleError,
    StackGoneError,
    StartError,
    StopError,
    UnfitMachineError,
)
from scalelab.deployment.listeners import Endpoint
from scalelab.deployment.offers import demand_compose_offers
from scalelab.deployment.progress import OnProgress, ignore_progress
from scalelab.deployment.scaling import scaled_topology
from scalelab.deployment.stack_record import already_running, is_running
from scalelab.deployment.state_directory import StackDirectory, unfit_directory
from scalelab.deployment.traffic import await_round_trips

BUILD_LIMIT_S = 900.0
START_LIMIT_S = 180.0
"""Images may have to be fetched; the health checks of three tiers come once in 5 s."""
STOP_LIMIT_S = 90.0
ANSWER_LIMIT_S = 30.0
_PORTS_LIMIT_S = 10.0
_LOOK_EVERY_S = 1.0
_ERROR = re.compile(r'"level": "(error|critical)"|\[ALERT\]')


class ComposeStack:
    """A stack of containers. Any number of these may look at the same one; see `base.RunningStack`."""

    def __init__(self, topology: Topology, directory: StackDirectory) -> None:
        """Starts nothing yet."""
        self.directory = directory
        self.on_progress: OnProgress = ignore_progress
        self.ended = Event()
        """Set when the stack was stopped by this object, or when it is known to have been stopped by another."""
        self._topology = topology

    def __repr__(self) -> str:
        return f"stack {self.directory.name!r} of containers"

    @cached_property
    def _docker(self) -> Docker:
        """Looked for once: each look is two commands."""
        return demand_docker()

    def start(self) -> StackView:
        """Start everything; returns when every gateway has answered through the balancer.

        Raises:
            AlreadyRunningError, ConfigurationError, UnfitMachineError, StartError: nothing is left running.
        """
        demand_compose_offers(self._topology)
        docker = self._docker
        _demand_free(self.directory)
        try:
            self.directory.create()
            self.directory.create_places()
            record = write_stack_files(self._topology, self.directory)
        except OSError as error:
            raise unfit_directory(self.directory.root, error) from error
        try:
            self._bring_up(docker, record)
        except BaseException as error:
            unhealthy = _unhealthy(docker, self.directory)
            self.stop()
            if not isinstance(error, DeploymentError):
                raise
            reason = _last_words(self.directory, unhealthy) or str(error)
            raise StartError(
                f"the containers did not come up: {reason}; logs are in {self.directory.logs}"
            ) from error
        return self.view()

    def _bring_up(self, docker: Docker, record: ComposeRecord) -> None:
        _build_if_missing(docker, record, self.directory)
        _compose(
            docker, self.directory, record, "up", "--detach", "--wait", "--no-build", "--remove-orphans",
            limit_s=START_LIMIT_S,
        )  # fmt: skip
        _await_gateways(self.view(), _balancer(record))

    def view(self) -> StackView:
        """See `base.RunningStack`."""
        record = _present(self.directory)
        services = service_views(self._docker.containers(project_of(self.directory)))
        balancer = _balancer(record)
        return StackView(
            name=self.directory.name,
            ready=bool(services) and all(service.state == "ready" for service in services),
            nonce=record.nonce,
            url=balancer.url,
            login=record.login,
            load_accounts=record.load_accounts,
            services=services,
            topology=record.topology,
        )

    def scale(self, service: ServiceName, replicas: int) -> StackView:
        """See `base.RunningStack`. The engine moves containers; HAProxy follows by DNS and health checks."""
        record = _present(self.directory)
        topology = scaled_topology(record.topology, service, replicas)
        docker, wanted = self._docker, _with_topology(record, topology)
        try:
            _scale(docker, self.directory, wanted, service)
            write_compose_record(self.directory, wanted)
            view = self.view()
            if service == "api_gateway":
                _await_gateways(view, _balancer(record))
        except (DeploymentError, OSError) as error:
            with contextlib.suppress(DeploymentError, OSError):
                _scale(docker, self.directory, record, service)
            write_compose_record(self.directory, record)
            raise ScaleError(f"{service} was not scaled: {error}") from error
        return view

    def await_end(self) -> None:
        """Return when the stack was stopped, by whomever."""
        while not self.ended.wait(_LOOK_EVERY_S):
            if read_compose_record(self.directory) is None:
                self.ended.set()

    def stop(self) -> None:
        """See `base.RunningStack`. Logs stay."""
        stop_compose_stack(self.directory)
        self.ended.set()


def project_of(directory: StackDirectory) -> str:
    """Compose's name for the stack: it allows small letters, digits, `-` and `_` only."""
    return f"scalelab-{directory.name.lower().replace('.', '-')}"


def stop_compose_stack(directory: StackDirectory) -> bool:
    """End the containers, keep their logs, and remove everything else; whether there was such a stack.

    Raises:
        StopError: the engine did not do it; the record stays, so that it can be tried again.
    """
    record = read_compose_record(directory)
    if record is None:
        return False
    try:
        docker = demand_docker()
        _keep_logs(docker, directory)
        _compose(docker, directory, record, "down", "--volumes", "--remove-orphans", limit_s=STOP_LIMIT_S)
    except (DockerError, UnfitMachineError) as error:
        raise StopError(f"the containers of stack {directory.name!r} did not end: {error}") from error
    directory.clear()
    _await_refusal(_balancer(record))
    return True


def container_versions() -> dict[str, str]:
    """Version of the engine and names of the images, for a run's manifest."""
    docker = demand_docker()
    images = docker.compose(
        compose_file(), "scalelab", {"SCALELAB_STATE": "/"}, "config", "--images", limit_s=ANSWER_LIMIT_S
    )
    return {"docker": docker.version(), "images": " ".join(sorted(set(images.split())))}


def _demand_free(directory: StackDirectory) -> None:
    if read_compose_record(directory) is not None or is_running(directory):
        raise already_running(directory)


def _present(directory: StackDirectory) -> ComposeRecord:
    record = read_compose_record(directory)
    if record is None:
        raise StackGoneError(f"the stack {directory.name!r} was stopped")
    return record


def _compose(
    docker: Docker, directory: StackDirectory, record: ComposeRecord, *arguments: str, limit_s: float
) -> str:
    profiles = [part for name in record.profiles for part in ("--profile", name)]
    return docker.compose(
        compose_file(), project_of(directory), record.variables, *profiles, *arguments, limit_s=limit_s
    )


def _scale(docker: Docker, directory: StackDirectory, record: ComposeRecord, service: ServiceName) -> None:
    _compose(
        docker, directory, record, "up", "--detach", "--wait", "--no-build", "--no-deps", "--no-recreate", service,
        limit_s=START_LIMIT_S,
    )  # fmt: skip


def _with_topology(record: ComposeRecord, topology: Topology) -> ComposeRecord:
    replicas = {"GATEWAYS": str(topology.api_gateway.replicas), "WORKERS": str(topology.worker.replicas)}
    return record.model_copy(update={"topology": topology, "variables": record.variables | replicas})


def _build_if_missing(docker: Docker, record: ComposeRecord, directory: StackDirectory) -> None:
    image = os.environ.get(IMAGE_VARIABLE, OWN_IMAGE)
    if docker.has_image(image):
        return
    if build_context() is None:
        raise UnfitMachineError(
            f"there is no image {image!r}, which only a checkout can build: set {IMAGE_VARIABLE} to one that exists"
        )
    _compose(docker, directory, record, "build", "api_gateway", limit_s=BUILD_LIMIT_S)


def _await_gateways(view: StackView, balancer: Endpoint) -> None:
    gateways = [service.instance for service in view.services if service.name == "api_gateway"]
    await_round_trips(balancer, view.nonce, gateways, time.monotonic() + START_LIMIT_S)


def _unhealthy(docker: Docker, directory: StackDirectory) -> list[str]:
    with contextlib.suppress(DeploymentError):
        views = service_views(docker.containers(project_of(directory)))
        return [view.instance for view in views if view.state != "ready"]
    return []


def _last_words(directory: StackDirectory, instances: Sequence[str]) -> str:
    """Of the containers that were not healthy, from the logs that were kept."""
    said: dict[str, str] = {}
    for instance in instances:
        with contextlib.suppress(OSError):
            lines = directory.log_file(instance).read_text(encoding="utf-8", errors="replace").splitlines()
            spoken = [line.strip() for line in lines if line.strip()]
            if spoken:
                said[instance] = _reason_in(spoken)
    return "; ".join(f"{instance} was not healthy: {words}" for instance, words in said.items())


def _reason_in(lines: Sequence[str]) -> str:
    """The first error after the last start: a farewell comes after the reason. Without one, the last line."""
    starts = [place for place, line in enumerate(lines) if '"event": "Starting ' in line]
    errors = (line for line in lines[starts[-1] if starts else 0 :] if _ERROR.search(line))
    return next(errors, lines[-1])


def _keep_logs(docker: Docker, directory: StackDirectory) -> None:
    containers = docker.containers(project_of(directory))
    directory.logs.mkdir(mode=0o700, exist_ok=True)
    for document in containers:
        name = document["Name"].removeprefix(f"/{project_of(directory)}-")
        with contextlib.suppress(DockerError, OSError):
            docker.write_logs(document["Id"], directory.log_file(name))


def _balancer(record: ComposeRecord) -> Endpoint:
    return Endpoint(record.topology.load_balancer.host, record.port)


def _await_refusal(endpoint: Endpoint) -> None:
    deadline_s = time.monotonic() + _PORTS_LIMIT_S
    while not endpoint.refuses and time.monotonic() < deadline_s:
        time.sleep(0.02)
