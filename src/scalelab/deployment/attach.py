"""Finds a stack that somebody else supervises: to look at it, scale it, stop it."""

import contextlib
import os
import signal
import time
from collections.abc import Mapping

from scalelab.contracts.faults import Fault
from scalelab.contracts.routes import RouteTable
from scalelab.contracts.stack_view import ServiceName, StackView
from scalelab.deployment.containers.record import read_container_record
from scalelab.deployment.containers.stack import ContainerStack, stop_container_stack
from scalelab.deployment.control import ask, ask_view
from scalelab.deployment.errors import NoSuchStackError, StackGoneError, StopError
from scalelab.deployment.listeners import Endpoint
from scalelab.deployment.processes import await_gone
from scalelab.deployment.stack_record import StackRecord, is_running, read_record, tidy_up
from scalelab.deployment.state_directory import StackDirectory, stack_directory

LOOK_LIMIT_S = 5.0
DOWN_LIMIT_S = 75.0
"""Longer than the supervisor's own bound for all tiers."""
LAST_RESORT_S = 10.0
RELEASE_LIMIT_S = 5.0
_POLL_S = 0.02


class AttachedStack:
    """A running stack under another supervisor. A system under test for the laboratory."""

    def __init__(self, directory: StackDirectory) -> None:
        self.directory = directory

    def __repr__(self) -> str:
        return f"stack {self.directory.name!r} under its own supervisor"

    def view(self) -> StackView:
        """See `base.RunningStack`."""
        return ask_view(self.directory.control_socket, {"verb": "status"}, LOOK_LIMIT_S)

    def scale(self, service: ServiceName, replicas: int) -> StackView:
        """See `base.RunningStack`."""
        request = {"verb": "scale", "service": service, "replicas": replicas}
        return ask_view(self.directory.control_socket, request, None)

    def change(self, setting: str, value: float) -> StackView:
        """See `base.PlayedStack`."""
        request = {"verb": "change", "setting": setting, "value": value}
        return ask_view(self.directory.control_socket, request, None)

    def change_policy(self, policy: str) -> StackView:
        """See `base.PlayedStack`."""
        return ask_view(self.directory.control_socket, {"verb": "policy", "policy": policy}, None)

    def begin_fault(self, fault: Fault) -> None:
        """See `base.PlayedStack`."""
        ask(self.directory.control_socket, {"verb": "begin_fault", "fault": fault.model_dump(mode="json")}, None)

    def end_fault(self, target: str) -> None:
        """See `base.PlayedStack`."""
        ask(self.directory.control_socket, {"verb": "end_fault", "target": target}, LOOK_LIMIT_S)

    def change_routes(self, table: RouteTable) -> StackView:
        """See `base.RoutedStack`."""
        request = {"verb": "routes", "table": table.model_dump(mode="json")}
        return ask_view(self.directory.control_socket, request, None)

    def stop(self) -> None:
        """End it and wait until every process is gone and every port refuses; what a killed supervisor left, too."""
        stop_stack(self.directory)


def attach(name: str, environment: Mapping[str, str] = os.environ) -> AttachedStack | ContainerStack:
    """The running stack `name`, whatever it runs on.

    Raises:
        NoSuchStackError: there is none; the message says whether its supervisor was killed.
        ConfigurationError: a name that is no name.
    """
    directory = stack_directory(name, environment)
    record = read_container_record(directory)
    if record is not None:
        return ContainerStack(record.orchestrator, record.topology, directory)
    if not is_running(directory):
        raise NoSuchStackError(_absence(directory))
    return AttachedStack(directory)


def stop_stack(directory: StackDirectory) -> bool:
    """Stop the stack; whether its supervisor was still there (else what it left was removed).

    Raises:
        NoSuchStackError: neither a stack nor its remains.
        StopError: something did not end, and could not be killed.
    """
    if stop_container_stack(directory):
        return True
    record = read_record(directory)
    was_running = is_running(directory)
    if was_running:
        _end_supervisor(directory, record)
    tidy_up(directory)
    if record is not None:
        _demand_silence(record)
    elif not was_running:
        raise NoSuchStackError(_absence(directory))
    return was_running


def _end_supervisor(directory: StackDirectory, record: StackRecord | None) -> None:
    with contextlib.suppress(StackGoneError):  # it may end before its answer arrives
        ask(directory.control_socket, {"verb": "status"}, LOOK_LIMIT_S)
        ask(directory.control_socket, {"verb": "down"}, DOWN_LIMIT_S)
        if _is_released(directory, LAST_RESORT_S):
            return
    if not _is_released(directory, RELEASE_LIMIT_S) and record is not None and record.supervisor.mark.is_alive:
        os.kill(record.supervisor.pid, signal.SIGKILL)  # it hangs; its reaper ends the services
    if not _is_released(directory, LAST_RESORT_S):
        raise StopError(f"the supervisor of stack {directory.name!r} does not answer yet: try again in a moment")


def _is_released(directory: StackDirectory, limit_s: float) -> bool:
    deadline_s = time.monotonic() + limit_s
    while is_running(directory):
        if time.monotonic() >= deadline_s:
            return False
        time.sleep(_POLL_S)
    return True


def _demand_silence(record: StackRecord) -> None:
    deadline_s = time.monotonic() + LAST_RESORT_S
    left = await_gone(record.marks, deadline_s)
    endpoints = {endpoint for url in _urls(record) if (endpoint := _endpoint_of(url)) is not None}
    while (open_ones := [one for one in endpoints if not one.refuses]) and time.monotonic() < deadline_s:
        time.sleep(_POLL_S)
    if left or open_ones:
        pids = ", ".join(str(mark.pid) for mark in left) or "none"
        ports = ", ".join(str(endpoint.port) for endpoint in open_ones) or "none"
        raise StopError(f"the stack did not end: processes left: {pids}; ports still open: {ports}")


def _urls(record: StackRecord) -> list[str]:
    return [url for service in record.view.services for url in (service.url, service.admin_url)]


def _endpoint_of(url: str) -> Endpoint | None:
    scheme, _, address = url.partition("://")
    host, _, port = address.rpartition(":")
    return Endpoint(host.strip("[]"), int(port)) if scheme == "http" else None


def _absence(directory: StackDirectory) -> str:
    record = read_record(directory)
    if record is None:
        return f"no stack named {directory.name!r} is running: start one with `scalelab up`"
    return (
        f"the stack {directory.name!r} is not running any more (its supervisor, process {record.supervisor.pid}, "
        f"was killed): `scalelab down --name {directory.name}` tidies up"
    )
