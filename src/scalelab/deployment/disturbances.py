"""Faults done to a stack of processes on purpose, each undone again, however its time ends.

A fault is a context manager: inside it is in effect; after it every part that it touched has answered again.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import get_args

from scalelab.contracts.faults import Fault, FaultKind, IsNoticed
from scalelab.contracts.handicap import LONGEST_S, Handicap
from scalelab.contracts.stack_view import ServiceName, StackView
from scalelab.deployment.errors import DisturbanceError
from scalelab.deployment.fleet import Fleet
from scalelab.deployment.instance import Instance
from scalelab.deployment.readiness import change_handicap
from scalelab.deployment.stack_parts import StackParts, gateway_endpoints

RECOVERY_LIMIT_S = 30.0
GRACE_S = 12.0
_POLL_S = 0.02


@dataclass(frozen=True)
class Disturbances:
    """What can be done to one stack."""

    fleet: Fleet
    parts: Callable[[], StackParts]
    scale: Callable[[ServiceName, int], StackView]
    rotate_keys: Callable[[], object]
    unready_reason: Callable[[Instance], str]
    scaling: RLock
    """Held while the balancer's members are not those of the fleet."""

    def apply(self, fault: Fault) -> AbstractContextManager[IsNoticed]:
        """The fault, as a context.

        Raises:
            DisturbanceError: on entering, no such target; on leaving, a part did not come back.
        """
        ways: dict[FaultKind, Callable[[Fault], AbstractContextManager[IsNoticed]]] = {
            "kill": self._killed,
            "freeze": self._frozen,
            "gone": self._gone,
            "slow": self._handicapped,
            "fill_pool": self._handicapped,
            "restart": self._restarted,
            "drain": self._drained,
            "scale": self._scaled,
            "rotate_keys": self._rotated,
        }
        if fault.kind not in ways:
            raise DisturbanceError(f"{fault.what}: nothing that is done to a part")
        return ways[fault.kind](fault)

    def _target(self, fault: Fault) -> Instance:
        return self._targets(fault)[0]

    def _targets(self, fault: Fault) -> tuple[Instance, ...]:
        service, dash, number = fault.target.rpartition("-")
        name = service if dash else fault.target
        if name not in get_args(ServiceName):
            raise DisturbanceError(
                f"{fault.target!r} is no part of a stack: there are {', '.join(get_args(ServiceName))}"
            )
        found = [one for one in self.fleet.of(name) if not dash or one.number == int(number)]
        if not found:
            raise DisturbanceError(f"there is no {fault.target} to {fault.kind.replace('_', ' ')}")
        return tuple(found)

    @contextmanager
    def _killed(self, fault: Fault) -> Iterator[IsNoticed]:
        instance = self._target(fault)
        before = instance.child
        if before is None:
            raise DisturbanceError(f"{instance.name} does not run")
        os.kill(before.pid, signal.SIGKILL)
        yield self._notices(instance)
        self._await_back(instance, lambda: instance.child is not before)

    @contextmanager
    def _frozen(self, fault: Fault) -> Iterator[IsNoticed]:
        instance = self._target(fault)
        if instance.child is None:
            raise DisturbanceError(f"{instance.name} does not run")
        group = instance.child.pid
        os.killpg(group, signal.SIGSTOP)
        try:
            yield self._notices(instance)
        finally:
            os.killpg(group, signal.SIGCONT)
        self._await_back(instance)

    @contextmanager
    def _gone(self, fault: Fault) -> Iterator[IsNoticed]:
        instance = self._target(fault)
        self.fleet.hold(instance)
        try:
            yield self._notices(instance)
        finally:
            self.fleet.release(instance, time.monotonic() + RECOVERY_LIMIT_S)
        self._await_back(instance)

    @contextmanager
    def _handicapped(self, fault: Fault) -> Iterator[IsNoticed]:
        instance = self._target(fault)
        handicap = Handicap(
            delay_s=fault.delay_s,
            fills_pool=fault.kind == "fill_pool",
            for_s=min(LONGEST_S, fault.duration_s + RECOVERY_LIMIT_S),
        )
        self._have_suffer(instance, handicap)
        try:
            yield self._notices(instance)
        finally:
            self._have_suffer(instance, None)
        self._await_back(instance)

    def _have_suffer(self, instance: Instance, handicap: Handicap | None) -> None:
        assert instance.admin is not None
        reason = change_handicap(instance.admin, self.parts().traffic.nonce, handicap)
        if reason:
            raise DisturbanceError(f"{instance.name} was not {'slowed' if handicap else 'let go'}: {reason}")

    @contextmanager
    def _rotated(self, _fault: Fault) -> Iterator[IsNoticed]:
        yield lambda: False
        self.rotate_keys()

    @contextmanager
    def _restarted(self, fault: Fault) -> Iterator[IsNoticed]:
        instances = self._targets(fault)
        yield lambda: False
        for instance in instances:
            with self._without_traffic(instance):
                self.fleet.hold(instance, GRACE_S)
                self.fleet.release(instance, time.monotonic() + RECOVERY_LIMIT_S)
            self._await_back(instance)

    @contextmanager
    def _drained(self, fault: Fault) -> Iterator[IsNoticed]:
        instance = self._target(fault)
        if instance.service != "api_gateway" or len(self.fleet.of("api_gateway")) == 1:
            raise DisturbanceError(f"{instance.name} cannot be drained: only one of several gateways can")
        with self._without_traffic(instance):
            yield lambda: True
        self._await_back(instance)

    @contextmanager
    def _scaled(self, fault: Fault) -> Iterator[IsNoticed]:
        assert fault.replicas is not None
        service = self._target(fault).service
        yield lambda: False
        self.scale(service, fault.replicas)

    @contextmanager
    def _without_traffic(self, instance: Instance) -> Iterator[None]:
        """The balancer leaves a gateway alone meanwhile; nothing for other services, and for the only gateway."""
        gateways = self.fleet.of("api_gateway")
        others = [one for one in gateways if one is not instance]
        if instance.service != "api_gateway" or not others:
            yield
            return
        traffic = self.parts().traffic
        with self.scaling:
            traffic.direct_to(gateway_endpoints(others))
            try:
                yield
            finally:
                traffic.direct_to(gateway_endpoints(gateways))

    def _notices(self, instance: Instance) -> IsNoticed:
        if instance.service == "api_gateway":
            return lambda: not self.parts().traffic.is_up(instance.name)
        return lambda: instance.state != "ready"

    def _await_back(self, instance: Instance, is_new: Callable[[], bool] = lambda: True) -> None:
        deadline_s = time.monotonic() + RECOVERY_LIMIT_S
        reason = "not asked yet"
        while time.monotonic() < deadline_s:
            reason = "it was not started again" if not is_new() else self.unready_reason(instance)
            if not reason:
                return
            time.sleep(_POLL_S)
        raise DisturbanceError(f"{instance.name} did not come back within {RECOVERY_LIMIT_S:g} s: {reason}")
