"""Shows a deployment's stack to the dashboard: the same calls, the laboratory's own error."""

from collections.abc import Mapping
from typing import get_args

from scalelab.contracts.faults import Fault
from scalelab.contracts.live_settings import LiveSetting
from scalelab.contracts.stack_view import ServiceName, StackView
from scalelab.contracts.topology import BalancingPolicy
from scalelab.deployment.attach import AttachedStack
from scalelab.deployment.containers.stack import ContainerStack
from scalelab.deployment.errors import DeploymentError
from scalelab.deployment.local import LocalStack
from scalelab.lab.system import SystemGoneError
from scalelab.lab.watch.acts import ActKind

AnyStack = LocalStack | AttachedStack | ContainerStack
_OF_PROCESSES: tuple[ActKind, ...] = ("kill", "freeze", "drain", "release", "change", "policy")


class PlayableStack:
    """A running stack as a `PlayableSystem`."""

    def __init__(self, stack: AnyStack, refusal: str = "") -> None:
        """`refusal`: why nothing at all is offered."""
        self._stack = stack
        self._refusal = refusal

    def view(self) -> StackView:
        """See `PlayableSystem`."""
        try:
            return self._stack.view()
        except DeploymentError as error:
            raise SystemGoneError(str(error)) from error

    def not_offered(self) -> Mapping[ActKind, str]:
        """See `PlayableSystem`."""
        if self._refusal:
            return dict.fromkeys(get_args(ActKind), self._refusal)
        if isinstance(self._stack, ContainerStack):
            return dict.fromkeys(_OF_PROCESSES, "this is done to processes of this machine, not to containers")
        return {}

    def scale(self, service: ServiceName, replicas: int) -> StackView:
        """See `PlayableSystem`."""
        try:
            return self._stack.scale(service, replicas)
        except DeploymentError as error:
            raise SystemGoneError(str(error)) from error

    def change(self, setting: LiveSetting, value: float) -> StackView:
        """See `PlayableSystem`."""
        assert not isinstance(self._stack, ContainerStack), "not offered"
        try:
            return self._stack.change(setting, value)
        except DeploymentError as error:
            raise SystemGoneError(str(error)) from error

    def change_policy(self, policy: BalancingPolicy) -> StackView:
        """See `PlayableSystem`."""
        assert not isinstance(self._stack, ContainerStack), "not offered"
        try:
            return self._stack.change_policy(policy)
        except DeploymentError as error:
            raise SystemGoneError(str(error)) from error

    def begin_fault(self, fault: Fault) -> None:
        """See `PlayableSystem`."""
        assert not isinstance(self._stack, ContainerStack), "not offered"
        try:
            self._stack.begin_fault(fault)
        except DeploymentError as error:
            raise SystemGoneError(str(error)) from error

    def end_fault(self, target: str) -> None:
        """See `PlayableSystem`."""
        assert not isinstance(self._stack, ContainerStack), "not offered"
        try:
            self._stack.end_fault(target)
        except DeploymentError as error:
            raise SystemGoneError(str(error)) from error
