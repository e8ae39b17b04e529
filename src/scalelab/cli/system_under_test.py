"""Shows a deployment's stack to the laboratory: the same calls, the laboratory's own error."""

from scalelab.contracts.stack_view import ServiceName, StackView
from scalelab.deployment.base import RunningStack
from scalelab.deployment.errors import DeploymentError
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
