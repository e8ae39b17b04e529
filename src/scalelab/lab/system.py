"""What the laboratory asks of the system under test. A deployment fulfils it; the laboratory never imports one."""

from typing import Protocol

from scalelab.contracts.stack_view import ServiceName, StackView


class SystemUnderTest(Protocol):
    """A running stack that can be looked at and scaled."""

    def view(self) -> StackView:
        """The stack as it is now. Idempotent, no side effect.

        Raises:
            SystemGoneError: the stack has ended.
        """

    def scale(self, service: ServiceName, replicas: int) -> StackView:
        """Make it so many instances; returns when each has answered through the balancer. Idempotent.

        Raises:
            SystemGoneError: the stack has ended, or an instance did not come up.
        """


class SystemGoneError(Exception):
    """Raised when the system under test has ended or cannot do what was asked; the message says which part."""
