"""What a viewer with the token can do to a running system, as data; and what such a system must be able to."""

from collections.abc import Mapping
from typing import Annotated, Literal, Protocol

from pydantic import Field, TypeAdapter

from scalelab.contracts.faults import Fault
from scalelab.contracts.live_settings import LiveSetting
from scalelab.contracts.model import Contract
from scalelab.contracts.stack_view import ServiceName, StackView
from scalelab.contracts.topology import BalancingPolicy

LONGEST_DISTURBANCE_S = 120.0
LONGEST_LOAD_S = 3600.0
HIGHEST_LOAD_PER_S = 50_000.0
_Instance = Annotated[str, Field(pattern=r"^[a-z_]+-[1-9]\d*$")]
_Duration = Annotated[float, Field(gt=0, le=LONGEST_DISTURBANCE_S)]


class Scale(Contract):
    """More or fewer instances."""

    kind: Literal["scale"]
    service: Literal["api_gateway", "worker"]
    replicas: Annotated[int, Field(ge=1, le=64)]

    def __str__(self) -> str:
        return f"scale {self.service} to {self.replicas}"


class Kill(Contract):
    """End one process at once; the stack starts it again."""

    kind: Literal["kill"]
    target: _Instance

    def __str__(self) -> str:
        return f"kill {self.target}"


class Hold(Contract):
    """freeze: the process stands still. drain: the balancer sends a gateway nothing. Undone after the duration."""

    kind: Literal["freeze", "drain"]
    target: _Instance
    duration_s: _Duration

    def __str__(self) -> str:
        return f"{self.kind} {self.target} for {self.duration_s:g} s"


class Release(Contract):
    """Undo a freeze or a drain before its time."""

    kind: Literal["release"]
    target: _Instance

    def __str__(self) -> str:
        return f"release {self.target}"


class Flush(Contract):
    """Empty the response cache."""

    kind: Literal["flush"]

    def __str__(self) -> str:
        return "flush the cache"


class Change(Contract):
    """Another value for a setting; what starts later has it, too."""

    kind: Literal["change"]
    setting: LiveSetting
    value: Annotated[float, Field(ge=0, le=1_000_000)]

    def __str__(self) -> str:
        return f"{self.setting} = {self.value:g}"


class ChangePolicy(Contract):
    """Another way for the balancer to choose; what starts later has it, too."""

    kind: Literal["policy"]
    policy: BalancingPolicy

    def __str__(self) -> str:
        return f"policy {self.policy}"


class StartLoad(Contract):
    """Reads of records at a rate, whatever the system does; takes the place of a load that is under way."""

    kind: Literal["start_load"]
    rate_per_s: Annotated[float, Field(gt=0, le=HIGHEST_LOAD_PER_S)]
    duration_s: Annotated[float, Field(gt=0, le=LONGEST_LOAD_S)]
    keys: Annotated[int, Field(ge=1, le=10_000_000)] = 1000
    """Records that are asked for, some more often than others (Zipf)."""

    def __str__(self) -> str:
        return f"load of {self.rate_per_s:g} requests/s for {self.duration_s:g} s"


class StopLoad(Contract):
    """End the load that is under way."""

    kind: Literal["stop_load"]

    def __str__(self) -> str:
        return "stop the load"


Act = Annotated[
    Scale | Kill | Hold | Release | Flush | Change | ChangePolicy | StartLoad | StopLoad, Field(discriminator="kind")
]
ActKind = Literal[
    "scale", "kill", "freeze", "drain", "release", "flush", "change", "policy", "start_load", "stop_load"
]
ACTS: TypeAdapter[Act] = TypeAdapter(Act)


class ActFailedError(Exception):
    """Raised when an act cannot be done or did not work; the message says why, in a line."""


class PlayableSystem(Protocol):
    """A running system that can be looked at and, as far as it says, be played with. Safe for several threads."""

    def view(self) -> StackView:
        """As it is now.

        Raises:
            SystemGoneError: it has ended.
        """

    def not_offered(self) -> Mapping[ActKind, str]:
        """What cannot be done here, each with the reason."""

    def scale(self, service: ServiceName, replicas: int) -> StackView:
        """See `SystemUnderTest`."""

    def change(self, setting: LiveSetting, value: float) -> StackView:
        """Returns when everything that runs has it.

        Raises:
            SystemGoneError: it cannot be done.
        """

    def change_policy(self, policy: BalancingPolicy) -> StackView:
        """Returns when every new connection is balanced so; no request fails for it.

        Raises:
            SystemGoneError: it cannot be done.
        """

    def begin_fault(self, fault: Fault) -> None:
        """Returns when it is in effect; it is undone after its duration, whatever becomes of the caller.

        Raises:
            SystemGoneError: it cannot be done.
        """

    def end_fault(self, target: str) -> None:
        """Undo what is in effect on an instance; returns when that has begun.

        Raises:
            SystemGoneError: nothing is in effect there.
        """
