"""What the laboratory asks of the system under test. A deployment fulfils it; the laboratory never imports one."""

from contextlib import AbstractContextManager
from typing import Protocol

from scalelab.contracts.faults import Fault, IsNoticed
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

    def disturb(self, fault: Fault) -> AbstractContextManager[IsNoticed]:
        """A fault, in effect inside the context; after it every part that it touched has answered again.

        Raises:
            SystemGoneError: it cannot be done here, or a part did not come back.
        """


class SystemGoneError(Exception):
    """Raised when the system under test has ended or cannot do what was asked; the message says which part."""
