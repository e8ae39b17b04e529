"""Where `scalelab run` takes its systems from: stacks that it starts itself, or one that runs already."""

import contextlib
import os
import shutil
from types import TracebackType
from typing import Any, Self

from scalelab.cli.admin_ports import demand_admin_ports
from scalelab.cli.deployments import On, new_stack
from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.run_progress import RunDisplay
from scalelab.cli.start_progress import start_progress
from scalelab.cli.system_under_test import DeployedSystem
from scalelab.contracts.topology import Topology
from scalelab.deployment.attach import AttachedStack, attach
from scalelab.deployment.containers.compose import container_versions
from scalelab.deployment.containers.stack import ContainerStack
from scalelab.deployment.engines import find_envoy, find_haproxy, find_nginx, find_valkey
from scalelab.deployment.local import LocalStack
from scalelab.deployment.state_directory import stack_directory
from scalelab.lab.plan_time import is_same_stack
from scalelab.lab.system import SystemUnderTest

_FREE_FIELDS = frozenset({"api_gateway.replicas", "load_balancer.host", "load_balancer.port", "cache.url"})
"""Where a stack listens and what serves its cache change nothing of what is measured; replicas are scaled."""
_FREE_TABLES = ("logging.", "accounts.")
_SHOWN = 5


class OwnStacks:
    """Starts a stack for a topology, and keeps it while the topology stays, the number of gateways aside."""

    def __init__(self, display: RunDisplay, on: On = On.local) -> None:
        self._display = display
        self._on = on
        self._name = f"run-{os.getpid()}"
        self._stack: LocalStack | ContainerStack | None = None
        self._topology: Topology | None = None
        self._stacks_stopped = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def current(self) -> LocalStack | ContainerStack | None:
        """The stack that is up now, or is coming up."""
        return self._stack

    def system_for(self, topology: Topology) -> SystemUnderTest:
        """See `runner.Systems`. Errors of a start are the command's own, not the scenario's."""
        if self._stack is not None and self._topology is not None and not is_same_stack(self._topology, topology):
            self._stop()
        if self._stack is not None and self._stack.ended.is_set():
            self._stop()
        if self._stack is None:
            stack = new_stack(self._on, topology, stack_directory(self._name))
            with self._display.paused(), start_progress(self._name, self._display.console) as on_progress:
                stack.on_progress = on_progress
                stack.start()
            self._stack, self._topology = stack, topology
        return DeployedSystem(self._stack)

    def _stop(self) -> None:
        stack, self._stack = self._stack, None
        if stack is not None:
            stack.stop()
            self._keep_logs(stack)

    def _keep_logs(self, stack: LocalStack | ContainerStack) -> None:
        """The services' logs belong to the results; nothing else of the stack stays."""
        if self._display.directory is None:
            return
        self._stacks_stopped += 1
        with contextlib.suppress(OSError):  # a full disk: they stay where they are
            shutil.copytree(stack.directory.logs, self._display.directory / f"logs-{self._stacks_stopped}")
            stack.directory.remove()


class AttachedSystem:
    """A stack that somebody else started; it must be the one that the experiment describes."""

    def __init__(self, name: str) -> None:
        self._stack = attach(name)
        demand_admin_ports(self._stack.view())
        self._name = name

    @property
    def current(self) -> AttachedStack | ContainerStack:
        """The running stack."""
        return self._stack

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """It goes on running."""

    def system_for(self, topology: Topology) -> SystemUnderTest:
        """See `runner.Systems`."""
        differences = topology_differences(self._stack.view().topology, topology)
        if differences:
            more = f" and {len(differences) - _SHOWN} more" if len(differences) > _SHOWN else ""
            raise CommandError(
                f"the running stack {self._name!r} is not the one of the experiment: "
                f"{'; '.join(differences[:_SHOWN])}{more}. Start it with `scalelab up --experiment FILE`, "
                f"or leave out --on-running",
                ExitCode.USAGE,
            )
        return DeployedSystem(self._stack)


def topology_differences(running: Topology, wanted: Topology) -> list[str]:
    """Fields that differ and matter, as `path is a, not b`."""
    have, want = _flat(running.model_dump(mode="json")), _flat(wanted.model_dump(mode="json"))
    return [
        f"{path} is {have.get(path)!r}, not {value!r}"
        for path, value in want.items()
        if have.get(path) != value and path not in _FREE_FIELDS and not path.startswith(_FREE_TABLES)
    ]


def engine_versions(on: On = On.local) -> dict[str, str]:
    """Versions of the foreign programs that take part, for the manifest."""
    if on is On.compose:
        return container_versions()
    found = {
        "haproxy": (find_haproxy(), "-v"),
        "envoy": (find_envoy(), "--version"),
        "nginx": (find_nginx(), "-v"),
        "valkey": (find_valkey(), "--version"),
    }
    versions = {name: engine.version(flag) for name, (engine, flag) in found.items() if engine is not None}
    return {name: version for name, version in versions.items() if version}


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
