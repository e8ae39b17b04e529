"""A fault that is done to a running stack on purpose: as data, from an experiment to the deployment that does it."""

from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from scalelab.contracts.model import Contract

FaultKind = Literal["kill", "freeze", "gone", "restart", "drain", "scale", "expire_cache"]
IsNoticed = Callable[[], bool]
"""Whether the stack itself knows of a fault by now: the balancer of a gateway, the supervisor of anything else."""
LASTING: frozenset[FaultKind] = frozenset({"freeze", "gone", "drain"})
"""They last for `duration_s` and are then rolled back; the others are done at once."""
WITHOUT_TARGET: frozenset[FaultKind] = frozenset({"expire_cache"})


class Fault(Contract):
    """One of them."""

    kind: FaultKind
    """kill: SIGKILL; the deployment starts it again. freeze: SIGSTOP, then SIGCONT. gone: ended, its ports close,
    then started again. restart: ended in peace and started again, each instance of a service in turn. drain: the
    balancer sends it nothing. scale: another number of instances, which stays. expire_cache: the whole response
    cache."""
    target: Annotated[str, Field(pattern=r"^([a-z_]+(-[1-9]\d*)?)?$")] = ""
    """An instance (`api_gateway-2`), or a service (`cache`): its first instance, or all of them for restart."""
    at_s: Annotated[float, Field(ge=0)]
    """From the start of the load."""
    duration_s: Annotated[float, Field(ge=0)] = 0.0
    """Of freeze, gone and drain."""
    replicas: Annotated[int, Field(ge=1, le=64)] | None = None
    """Of scale."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.kind in WITHOUT_TARGET) != (not self.target):
            raise ValueError(f"{self.kind} takes {'no' if self.kind in WITHOUT_TARGET else 'a'} target")
        if (self.kind in LASTING) != (self.duration_s > 0):
            raise ValueError(f"{self.kind} takes {'a' if self.kind in LASTING else 'no'} duration_s")
        if (self.kind == "scale") != (self.replicas is not None):
            raise ValueError(f"{self.kind} takes {'a number of' if self.kind == 'scale' else 'no'} replicas")
        return self

    @property
    def what(self) -> str:
        """For people: `freeze api_gateway-2 for 5 s`."""
        amount = f" to {self.replicas}" if self.replicas is not None else ""
        length = f" for {self.duration_s:g} s" if self.duration_s else ""
        return f"{self.kind.replace('_', ' ')}{' ' if self.target else ''}{self.target}{amount}{length}"


class FaultTrace(Contract):
    """What became of one fault. Unix times."""

    fault: Fault
    began_unix_s: float
    ended_unix_s: float
    """When it was rolled back, and the roll-back had been seen to work."""
    noticed_unix_s: float | None = None
    """When the balancer (for a gateway) or the supervisor first knew of it; None: never, or nobody could tell."""
    trouble: str = ""
    """Why it was not done, or not rolled back."""
