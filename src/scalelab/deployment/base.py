"""What every deployment offers, whatever it starts a topology on. Holds no behaviour."""

from typing import Protocol

from scalelab.contracts.faults import Fault
from scalelab.contracts.routes import RouteTable
from scalelab.contracts.stack_view import ServiceName, StackView
from scalelab.contracts.topology import Topology


class RunningStack(Protocol):
    """A stack that runs. Safe for use from several threads."""

    def view(self) -> StackView:
        """The stack as it is now. Idempotent, no side effect.

        Raises:
            StackGoneError: it has ended.
        """

    def scale(self, service: ServiceName, replicas: int) -> StackView:
        """Make it so many instances; returns when each has answered through the balancer. Idempotent.

        Raises:
            ConfigurationError: a service that cannot be scaled, or an impossible number.
            ScaleError: an instance did not come up; the stack runs on as it was.
            StackGoneError: it has ended.
        """

    def stop(self) -> None:
        """End it; returns when every process is gone and every port refuses. Idempotent."""


class RoutedStack(RunningStack, Protocol):
    """One whose routes can be changed while it runs."""

    def change_routes(self, table: RouteTable) -> StackView:
        """Other routes of one's own for every gateway, or for none; returns when each has them.

        Raises:
            RoutesError: a gateway did not take them; those of before are in force.
            StackGoneError: it has ended.
        """


class PlayedStack(RoutedStack, Protocol):
    """One to which faults can be done that outlive whoever asked for them, and whose settings can be changed."""

    def change(self, setting: str, value: float) -> StackView:
        """Another value for one of `LIVE_SETTINGS`; returns when everything that runs has it. Idempotent.

        Raises:
            ConfigurationError: a setting that cannot be changed, or an impossible value.
            DisturbanceError: an instance did not take it; those that start later have the value of before.
            StackGoneError: it has ended.
        """

    def change_policy(self, policy: str) -> StackView:
        """Another balancing policy, without a failed request; returns when every new connection has it. Idempotent.

        Raises:
            ConfigurationError: there is no such policy, or the balancer's engine has not got it.
            DisturbanceError: the balancer did not take it; the one of before is in force.
            StackGoneError: it has ended.
        """

    def begin_fault(self, fault: Fault) -> None:
        """Returns when it is in effect; it is undone after its duration, and when the stack stops.

        Raises:
            DisturbanceError: it cannot be done, or something is in effect on its target.
            StackGoneError: the stack has ended.
        """

    def end_fault(self, target: str) -> None:
        """Undo what is in effect on an instance before its time; returns when that has begun.

        Raises:
            DisturbanceError: nothing is in effect there.
            StackGoneError: the stack has ended.
        """


class Deployment(Protocol):
    """Starts stacks and finds running ones."""

    def start(self, topology: Topology, name: str) -> RunningStack:
        """Start a stack; returns when it is ready.

        Raises:
            AlreadyRunningError: there is one of this name.
            UnfitMachineError: the machine lacks something.
            StartError: a service did not come up; nothing is left.
        """

    def attach(self, name: str) -> RunningStack:
        """A running stack.

        Raises:
            NoSuchStackError: there is none of this name.
        """
