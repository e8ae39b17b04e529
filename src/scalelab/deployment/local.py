"""A stack of processes on this machine. This file tells its life: start, view, scale, stop.

Whoever holds a `LocalStack` is its supervisor: when that process ends, however it ends, so does the stack.
"""

import os
import time
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from threading import Event, Lock, RLock
from types import TracebackType
from typing import Self

from scalelab.contracts.faults import Fault, IsNoticed
from scalelab.contracts.routes import RouteTable
from scalelab.contracts.stack_view import ServiceName, StackView
from scalelab.contracts.topology import Topology
from scalelab.deployment.cache_server import answers_ping
from scalelab.deployment.control import ControlServer
from scalelab.deployment.disturbances import Disturbances
from scalelab.deployment.engines import demand_balancer, demand_broker, demand_cache, demand_valkey
from scalelab.deployment.errors import StackGoneError
from scalelab.deployment.events import LOG_NAME, EventLog
from scalelab.deployment.fleet import Command, Fleet, Owner
from scalelab.deployment.instance import Instance
from scalelab.deployment.key_rotation import rotate_keys
from scalelab.deployment.listeners import Endpoint
from scalelab.deployment.offers import demand_local_offers
from scalelab.deployment.policy_change import change_policy
from scalelab.deployment.processes import mark_of, raise_descriptor_limit
from scalelab.deployment.progress import OnProgress, Progress, ignore_progress
from scalelab.deployment.routes_change import change_at_all
from scalelab.deployment.scaler import START_LIMIT_S, STOP_GRACE_S, Scaler
from scalelab.deployment.scaling import instances_of
from scalelab.deployment.service_commands import service_command
from scalelab.deployment.setting_change import change_setting
from scalelab.deployment.stack_parts import StackParts, bound_instance, made_parts, write_secrets
from scalelab.deployment.stack_record import Claim, RecordedProcess, StackRecord, processes_of, write_record
from scalelab.deployment.state_directory import StackDirectory, unfit_directory
from scalelab.deployment.timed_faults import TimedFaults

PORT_CLOSE_LIMIT_S = 2.0
FAULT_END_LIMIT_S = 1.0
"""Within it whatever stands still goes on; whether it has come back matters no more."""
BEFORE_OTHERS: tuple[ServiceName, ...] = ("cache",)
TOGETHER: tuple[ServiceName, ...] = ("database", "load_balancer", "microservice", "api_gateway", "worker")
"""The slowest first. They need no order: each port listens already, so an early request waits instead of failing."""
STOP_ORDER: tuple[tuple[ServiceName, ...], ...] = (
    ("load_balancer",),
    ("api_gateway", "worker"),
    ("microservice",),
    ("database",),
    ("cache",),
)
_POLL_S = 0.02


class LocalStack:
    """A running stack in processes of this machine. A context manager; safe for use from several threads."""

    def __init__(
        self,
        topology: Topology,
        directory: StackDirectory,
        *,
        on_progress: OnProgress = ignore_progress,
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
        self.on_progress = on_progress
        self.ended = Event()
        """Set when the stack was stopped, by whomever."""
        self._topology = topology
        self._keep_logs = keep_logs
        self._events = EventLog(directory.log_file(LOG_NAME))
        self._timed_faults = TimedFaults(self.disturb, self._events)
        self._scaling, self._stopping, self._recording = RLock(), Lock(), Lock()
        self._is_complete = False
        self._claim: Claim | None = None
        self._control: ControlServer | None = None
        self._parts: StackParts | None = None
        self._fleet = Fleet(directory, Owner(self._command, self._unready_reason, self._changed), self._events)

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
        self._demand_engines()
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

    def _demand_engines(self) -> None:
        demand_local_offers(self._topology)
        demand_balancer(self._topology.load_balancer.engine)
        if instances_of(self._topology)["cache"]:
            demand_valkey()
        if self._topology.cache.url:
            demand_cache(self._topology.cache.url)
        if self._topology.worker.broker_url:
            demand_broker(self._topology.worker.broker_url)

    def _bring_up(self, deadline_s: float) -> None:
        raise_descriptor_limit()
        self._bind_everything()
        self._parts = parts = made_parts(self._topology, self.directory, self._fleet)
        hashes = write_secrets(parts)
        self._control = ControlServer(self.directory.control_socket, self)
        self._start_services(BEFORE_OTHERS, deadline_s)
        hashes.result()
        self._start_services(TOGETHER, deadline_s)
        gateways = [one.name for one in self._fleet.of("api_gateway")]
        parts.traffic.await_round_trips(gateways, deadline_s, self._check_starting)
        self._is_complete = True
        self._record()

    def _bind_everything(self) -> None:
        """Before anything runs; the balancer's port first, which is the one that may be taken."""
        for service, replicas in instances_of(self._topology).items():
            for number in range(1, replicas + 1):
                self._fleet.add(self._bound(service, number))

    def _bound(self, service: ServiceName, number: int) -> Instance:
        return bound_instance(self._topology, self.directory, service, number)

    def _start_services(self, services: Collection[ServiceName], deadline_s: float) -> None:
        instances = [instance for service in services for instance in self._fleet.of(service)]
        for instance in instances:
            self._fleet.launch(instance)
        self._fleet.await_ready(instances, deadline_s)

    def _check_starting(self) -> None:
        self._fleet.check_alive([one for one in self._fleet.instances if one.state == "failed"])
        if self.ended.is_set():
            raise StackGoneError(f"the stack {self.directory.name!r} was stopped before it was ready")

    def _give_up(self) -> None:
        self._keep_logs = True
        self._fleet.refuse_restarts()
        self._fleet.kill_all()
        self.stop()

    # --- look -------------------------------------------------------------------------------------------------

    def view(self) -> StackView:
        """The stack as it is now.

        Raises:
            StackGoneError: it has ended.
        """
        parts = self._present()
        services = tuple(instance.view() for instance in self._fleet.instances)
        return StackView(
            name=self.directory.name,
            ready=self._is_complete and all(service.state == "ready" for service in services),
            nonce=parts.plan.nonce,
            url=parts.traffic.balancer.url,
            login=parts.credentials.login,
            load_accounts=parts.credentials.load_accounts,
            services=services,
            topology=parts.plan.topology,
        )

    def _present(self) -> StackParts:
        if self._parts is None or self.ended.is_set():
            state = "was stopped" if self.ended.is_set() else "has not started"
            raise StackGoneError(f"the stack {self.directory.name!r} {state}")
        return self._parts

    # --- scale ------------------------------------------------------------------------------------------------

    def scale(self, service: ServiceName, replicas: int) -> StackView:
        """Make it so many instances; returns when each has answered, and removed ones have finished and ended.

        Raises:
            ConfigurationError, ScaleError, StackGoneError: see `base.RunningStack`.
        """
        with self._scaling:
            Scaler(self._fleet, self._bound, self.ended.is_set, self._events).scale(
                self._present(), service, replicas
            )
            self._record()
            self._events.write("scaled", service=service, replicas=replicas)
            return self.view()

    def change(self, setting: str, value: float) -> StackView:
        """See `base.PlayedStack`."""
        with self._scaling:
            database = next((one.admin for one in self._fleet.of("database")), None)
            change_setting(self._present(), setting, value, database, self.disturb)
            self._record()
            self._events.write("changed", setting=setting, value=value)
            return self.view()

    def change_policy(self, policy: str) -> StackView:
        """See `base.PlayedStack`."""
        with self._scaling:
            change_policy(self._present(), policy)
            self._record()
            self._events.write("policy_changed", policy=policy)
            return self.view()

    # --- routes -----------------------------------------------------------------------------------------------

    def change_routes(self, table: RouteTable) -> StackView:
        """Other routes of one's own for every gateway, or for none; returns when each has them.

        Raises:
            RoutesError: a gateway did not take them; those of before are in force.
            StackGoneError: it has ended.
        """
        with self._scaling:
            parts = self._present()
            gateways = {one.name: one.admin for one in self._fleet.of("api_gateway") if one.admin is not None}

            def remember(routes: RouteTable) -> None:
                parts.plan = replace(parts.plan, topology=parts.plan.topology.with_routes(routes))

            change_at_all(gateways, parts.plan.nonce, parts.plan.topology.route_table, table, remember)
            self._record()
            self._events.write("routes_changed", routes=len(table.routes))
            return self.view()

    # --- disturb ----------------------------------------------------------------------------------------------

    def disturb(self, fault: Fault) -> AbstractContextManager[IsNoticed]:
        """A fault done on purpose; see `Disturbances.apply`."""
        self._present()
        rotate = partial(rotate_keys, self, self.directory.signing_key_file)
        able = Disturbances(self._fleet, self._present, self.scale, rotate, self._unready_reason, self._scaling)
        return able.apply(fault)

    def begin_fault(self, fault: Fault) -> None:
        """See `base.PlayedStack`."""
        self._present()
        self._timed_faults.begin(fault)

    def end_fault(self, target: str) -> None:
        """See `base.PlayedStack`."""
        self._present()
        self._timed_faults.end(target)

    # --- stop -------------------------------------------------------------------------------------------------

    def await_end(self) -> None:
        """Return when the stack was stopped, by whomever."""
        self.ended.wait()

    def stop(self) -> None:
        """End everything, the balancer first; returns when processes are gone and ports refuse. Idempotent."""
        with self._stopping:
            if self.ended.is_set():
                return
            endpoints = [endpoint for one in self._fleet.instances for endpoint in one.endpoints]
            try:
                self._stop_in_order()
            finally:
                self._fleet.close()
                self.ended.set()
                _await_refusal(endpoints)
                self._tidy_up()

    def _stop_in_order(self) -> None:
        self._fleet.refuse_restarts()
        self._timed_faults.close(FAULT_END_LIMIT_S)
        try:
            for tier in STOP_ORDER:
                self._fleet.stop([one for one in self._fleet.instances if one.service in tier], STOP_GRACE_S)
        except KeyboardInterrupt:  # asked a second time: at once, then
            self._fleet.kill_all()
            raise

    def _tidy_up(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._claim is not None:
            with self._recording:
                self._claim.release(keep_logs=self._keep_logs)

    # --- what the fleet asks ------------------------------------------------------------------------------------

    def _command(self, instance: Instance) -> Command:
        return service_command(self._present().plan, instance)

    def _unready_reason(self, instance: Instance) -> str:
        if instance.admin is None:
            return "" if answers_ping(self.directory.cache_socket) else "no answer to PING"
        parts = self._parts
        return "not started" if parts is None else parts.traffic.unready_reason(instance)

    def _changed(self, instance: Instance) -> None:
        self._record()
        instances = self._fleet.instances
        ready = sum(1 for one in instances if one.state == "ready")
        self.on_progress(Progress(instance.name, instance.state, ready, len(instances)))

    def _record(self) -> None:
        with self._recording:
            if self._parts is None or self.ended.is_set():
                return
            marks = [one.child.mark for one in self._fleet.instances if one.child is not None]
            supervisor = RecordedProcess.of(mark_of(os.getpid()))
            try:
                write_record(
                    self.directory,
                    StackRecord(view=self.view(), supervisor=supervisor, processes=processes_of(marks)),
                )
            except OSError as error:
                self._events.write("not_recorded", reason=str(error))
                if not self._is_complete:
                    raise


def _await_refusal(endpoints: Collection[Endpoint]) -> None:
    deadline_s = time.monotonic() + PORT_CLOSE_LIMIT_S
    while time.monotonic() < deadline_s and not all(endpoint.refuses for endpoint in endpoints):
        time.sleep(_POLL_S)
