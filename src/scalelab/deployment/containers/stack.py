"""A running stack of containers: start, view, scale, stop. The engine supervises it; this file holds nothing open."""

import contextlib
import time
from threading import Event

from scalelab.contracts.stack_view import ServiceName, StackView
from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.base import Orchestrator
from scalelab.deployment.containers.docker import DockerError
from scalelab.deployment.containers.files import write_stack_files
from scalelab.deployment.containers.last_words import last_words
from scalelab.deployment.containers.orchestrators import orchestrator_of
from scalelab.deployment.containers.record import (
    ContainerRecord,
    OrchestratorName,
    read_container_record,
    write_container_record,
)
from scalelab.deployment.errors import (
    DeploymentError,
    ScaleError,
    StackGoneError,
    StartError,
    StopError,
    UnfitMachineError,
)
from scalelab.deployment.listeners import Endpoint
from scalelab.deployment.progress import OnProgress, ignore_progress
from scalelab.deployment.scaling import scaled_topology
from scalelab.deployment.stack_record import already_running, is_running
from scalelab.deployment.state_directory import StackDirectory, unfit_directory
from scalelab.deployment.traffic import await_round_trips

ANSWER_LIMIT_S = 180.0
"""Until each gateway has answered through the balancer, once all are healthy."""
_PORTS_LIMIT_S = 10.0
_LOOK_EVERY_S = 1.0


class ContainerStack:
    """A stack of containers. Any number of these may look at the same one; see `base.RunningStack`."""

    def __init__(self, name: OrchestratorName, topology: Topology, directory: StackDirectory) -> None:
        """Starts nothing yet."""
        self.directory = directory
        self.on_progress: OnProgress = ignore_progress
        self.ended = Event()
        """Set when the stack was stopped by this object, or when it is known to have been stopped by another."""
        self._name = name
        self._topology = topology
        self._orchestrator: Orchestrator = orchestrator_of(name, directory)

    def __repr__(self) -> str:
        return f"stack {self.directory.name!r} of containers on {self._name}"

    def start(self) -> StackView:
        """Start everything; returns when every gateway has answered through the balancer.

        Raises:
            AlreadyRunningError, ConfigurationError, UnfitMachineError, StartError: nothing is left running.
        """
        address = self._orchestrator.address(self._topology)
        _demand_free(self.directory)
        try:
            self.directory.create()
            self.directory.create_places()
            record = write_stack_files(self._topology, self.directory, self._name, address)
        except OSError as error:
            raise unfit_directory(self.directory.root, error) from error
        try:
            self._orchestrator.up(record)
            _await_gateways(self.view(), _balancer(record))
        except BaseException as error:
            complaints = self._complaints()
            self.stop()
            if not isinstance(error, DeploymentError):
                raise
            reason = last_words(self.directory, complaints) or str(error)
            raise StartError(
                f"the containers did not come up: {reason}; logs are in {self.directory.logs}"
            ) from error
        return self.view()

    def view(self) -> StackView:
        """See `base.RunningStack`."""
        record = _present(self.directory)
        services = self._orchestrator.services()
        return StackView(
            name=self.directory.name,
            ready=bool(services) and all(service.state == "ready" for service in services),
            nonce=record.nonce,
            url=_balancer(record).url,
            login=record.login,
            load_accounts=record.load_accounts,
            services=services,
            topology=record.topology,
        )

    def scale(self, service: ServiceName, replicas: int) -> StackView:
        """See `base.RunningStack`. The engine moves containers; HAProxy follows by DNS and health checks."""
        record = _present(self.directory)
        wanted = _with_topology(record, scaled_topology(record.topology, service, replicas))
        try:
            self._orchestrator.scale(wanted, service)
            write_container_record(self.directory, wanted)
            view = self.view()
            if service == "api_gateway":
                _await_gateways(view, _balancer(record))
        except (DeploymentError, OSError) as error:
            with contextlib.suppress(DeploymentError, OSError):
                self._orchestrator.scale(record, service)
            write_container_record(self.directory, record)
            raise ScaleError(f"{service} was not scaled: {error}") from error
        return view

    def await_end(self) -> None:
        """Return when the stack was stopped, by whomever."""
        while not self.ended.wait(_LOOK_EVERY_S):
            if read_container_record(self.directory) is None:
                self.ended.set()

    def stop(self) -> None:
        """See `base.RunningStack`. Logs stay."""
        stop_container_stack(self.directory)
        self.ended.set()

    def _complaints(self) -> dict[str, str]:
        with contextlib.suppress(DeploymentError):
            return dict(self._orchestrator.complaints())
        return {}


def stop_container_stack(directory: StackDirectory) -> bool:
    """End the containers, keep their logs, and remove everything else; whether there was such a stack.

    Raises:
        StopError: the engine did not do it; the record stays, so that it can be tried again.
    """
    record = read_container_record(directory)
    if record is None:
        return False
    directory.logs.mkdir(mode=0o700, exist_ok=True)
    try:
        orchestrator_of(record.orchestrator, directory).down(record)
    except (DockerError, UnfitMachineError) as error:
        raise StopError(f"the containers of stack {directory.name!r} did not end: {error}") from error
    directory.clear()
    _await_refusal(_balancer(record))
    return True


def _demand_free(directory: StackDirectory) -> None:
    if read_container_record(directory) is not None or is_running(directory):
        raise already_running(directory)


def _present(directory: StackDirectory) -> ContainerRecord:
    record = read_container_record(directory)
    if record is None:
        raise StackGoneError(f"the stack {directory.name!r} was stopped")
    return record


def _with_topology(record: ContainerRecord, topology: Topology) -> ContainerRecord:
    replicas = {"GATEWAYS": str(topology.api_gateway.replicas), "WORKERS": str(topology.worker.replicas)}
    return record.model_copy(update={"topology": topology, "variables": record.variables | replicas})


def _await_gateways(view: StackView, balancer: Endpoint) -> None:
    gateways = [service.instance for service in view.services if service.name == "api_gateway"]
    await_round_trips(balancer, view.nonce, gateways, time.monotonic() + ANSWER_LIMIT_S)


def _balancer(record: ContainerRecord) -> Endpoint:
    return Endpoint(record.address, record.port)


def _await_refusal(endpoint: Endpoint) -> None:
    deadline_s = time.monotonic() + _PORTS_LIMIT_S
    while not endpoint.refuses and time.monotonic() < deadline_s:
        time.sleep(0.02)
