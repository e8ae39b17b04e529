"""Shows a deployment's stack to the laboratory: the same calls, the laboratory's own error."""

from collections.abc import Iterator
from contextlib import contextmanager

from scalelab.contracts.faults import Fault, IsNoticed
from scalelab.contracts.stack_view import ServiceName, StackView
from scalelab.deployment.base import RunningStack
from scalelab.deployment.errors import DeploymentError
from scalelab.deployment.local import LocalStack
from scalelab.lab.system import SystemGoneError


class DeployedSystem:
    """A running stack as a `SystemUnderTest`."""

    def __init__(self, stack: RunningStack) -> None:
        self._stack = stack

    def view(self) -> StackView:
        """See `SystemUnderTest`."""
        try:
            return self._stack.view()
        except DeploymentError as error:
            raise SystemGoneError(str(error)) from error

    def scale(self, service: ServiceName, replicas: int) -> StackView:
        """See `SystemUnderTest`."""
        try:
            return self._stack.scale(service, replicas)
        except DeploymentError as error:
            raise SystemGoneError(str(error)) from error

    @contextmanager
    def disturb(self, fault: Fault) -> Iterator[IsNoticed]:
        """See `SystemUnderTest`."""
        if not isinstance(self._stack, LocalStack):
            raise SystemGoneError("faults are done to a stack of processes that the run has started itself")
        try:
            with self._stack.disturb(fault) as is_noticed:
                yield is_noticed
        except (DeploymentError, OSError) as error:
            raise SystemGoneError(f"{fault.what}: {error}") from error
