"""Makes a service of a running stack larger or smaller: who comes answers first, who leaves has finished first."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from scalelab.contracts.stack_view import ServiceName
from scalelab.deployment.errors import DeploymentError, ScaleError
from scalelab.deployment.events import EventLog
from scalelab.deployment.fleet import Fleet
from scalelab.deployment.instance import Instance
from scalelab.deployment.scaling import members, scale_step, scaled_topology
from scalelab.deployment.stack_parts import StackParts, gateway_endpoints

START_LIMIT_S = 60.0
STOP_GRACE_S = 12.0
"""A service finishes its requests within 10 s (`graceful_timeout_s`); then it is killed."""


@dataclass(frozen=True)
class Scaler:
    """Of one stack. One change at a time: whoever calls holds its lock."""

    fleet: Fleet
    bound: Callable[[ServiceName, int], Instance]
    """An instance with this number, its ports taken, which does not run yet."""
    has_ended: Callable[[], bool]
    """Whether the stack was stopped meanwhile."""
    events: EventLog

    def scale(self, parts: StackParts, service: ServiceName, replicas: int) -> None:
        """Make it so many instances; the plan in `parts` says so afterwards.

        Raises:
            ConfigurationError: not a service that scales, or not to so many.
            ScaleError: a new instance did not come up; the stack runs on as it was.
        """
        topology = scaled_topology(parts.plan.topology, service, replicas)
        step = scale_step((one.number for one in self.fleet.of(service)), replicas)
        leaving = [one for one in self.fleet.of(service) if one.number in step.removed]
        try:
            self._add(service, step.added)
            if service == "api_gateway":
                self._direct_traffic(parts, [one for one in self.fleet.of(service) if one not in leaving])
        except (DeploymentError, OSError) as error:
            self._take_back(parts, service, step.added)
            raise ScaleError(f"{service} was not scaled: {error}") from error
        self.fleet.stop(leaving, STOP_GRACE_S)
        parts.plan = replace(parts.plan, topology=topology)

    def _add(self, service: ServiceName, numbers: Collection[int]) -> None:
        for number in numbers:
            self.fleet.add(self.bound(service, number))
        added = [one for one in self.fleet.of(service) if one.number in numbers]
        for instance in added:
            self.fleet.launch(instance)
        self.fleet.await_ready(added, time.monotonic() + START_LIMIT_S)

    def _direct_traffic(self, parts: StackParts, staying: Collection[Instance]) -> None:
        self._plan_members(parts, staying)
        parts.traffic.direct_to(gateway_endpoints(staying))
        parts.traffic.await_round_trips([one.name for one in staying], time.monotonic() + START_LIMIT_S)

    def _take_back(self, parts: StackParts, service: ServiceName, numbers: Collection[int]) -> None:
        added = [one for one in self.fleet.of(service) if one.number in numbers]
        if service == "api_gateway" and not self.has_ended():
            before = [one for one in self.fleet.of(service) if one not in added]
            self._plan_members(parts, before)
            try:
                parts.traffic.direct_to(gateway_endpoints(before))
            except ScaleError as error:
                self.events.write("members_not_restored", reason=str(error))
        self.fleet.stop(added, STOP_GRACE_S)

    def _plan_members(self, parts: StackParts, gateways: Collection[Instance]) -> None:
        """For a balancer that starts again."""
        weights = parts.plan.topology.load_balancer.weights
        parts.plan = replace(parts.plan, members=members(gateway_endpoints(gateways), weights))
