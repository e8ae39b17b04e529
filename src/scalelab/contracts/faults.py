"""A fault that is done to a running stack on purpose: as data, from an experiment to the deployment that does it."""

from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from scalelab.contracts.model import Contract

FaultKind = Literal[
    "kill", "freeze", "gone", "slow", "fill_pool", "restart", "drain", "scale", "rotate_keys", "expire_cache"
]
IsNoticed = Callable[[], bool]
"""Whether the stack itself knows of a fault by now: the balancer of a gateway, the supervisor of anything else."""
LASTING: frozenset[FaultKind] = frozenset({"freeze", "gone", "slow", "fill_pool", "drain"})
"""They last for `duration_s` and are then rolled back; the others are done at once."""
WITHOUT_TARGET: frozenset[FaultKind] = frozenset({"rotate_keys", "expire_cache"})
SERVICES_OF: dict[FaultKind, tuple[str, ...]] = {
    "slow": ("database", "microservice"),
    "fill_pool": ("database",),
    "scale": ("api_gateway", "worker"),
}
"""Those that only some services can be made to suffer."""


class Fault(Contract):
    """One of them."""

    kind: FaultKind
    """kill: SIGKILL; the deployment starts it again. freeze: SIGSTOP, then SIGCONT. gone: ended, its ports close,
    then started again. slow: everything takes `delay_s` longer. fill_pool: every place of the pool is taken. restart:
    ended in peace and started again, each instance of a service in turn. drain: the balancer sends it nothing. scale:
    another number of instances, which stays. rotate_keys: a new signing key. expire_cache: the whole response
    cache."""
    target: Annotated[str, Field(pattern=r"^([a-z_]+(-[1-9]\d*)?)?$")] = ""
    """An instance (`api_gateway-2`), or a service (`cache`): its first instance, or all of them for restart."""
    at_s: Annotated[float, Field(ge=0)]
    """From the start of the load."""
    duration_s: Annotated[float, Field(ge=0)] = 0.0
    """Of freeze, gone, slow, fill_pool and drain."""
    delay_s: Annotated[float, Field(ge=0, le=60)] = 0.0
    """Of slow."""
    replicas: Annotated[int, Field(ge=1, le=64)] | None = None
    """Of scale."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.kind in WITHOUT_TARGET) != (not self.target):
            raise ValueError(f"{self.kind} takes {'no' if self.kind in WITHOUT_TARGET else 'a'} target")
        if (self.kind in LASTING) != (self.duration_s > 0):
            raise ValueError(f"{self.kind} takes {'a' if self.kind in LASTING else 'no'} duration_s")
        services, service = SERVICES_OF.get(self.kind), self.target.rpartition("-")[0] or self.target
        if services is not None and service not in services:
            raise ValueError(f"{self.kind} takes as target {' or '.join(services)}, not {self.target!r}")
        if (self.kind == "slow") != (self.delay_s > 0):
            raise ValueError(f"{self.kind} takes {'a' if self.kind == 'slow' else 'no'} delay_s")
        if (self.kind == "scale") != (self.replicas is not None):
            raise ValueError(f"{self.kind} takes {'a number of' if self.kind == 'scale' else 'no'} replicas")
        return self

    @property
    def what(self) -> str:
        """For people: `freeze api_gateway-2 for 5 s`."""
        amount = f" to {self.replicas}" if self.replicas is not None else ""
        delay = f" by {self.delay_s:g} s" if self.delay_s else ""
        length = f" for {self.duration_s:g} s" if self.duration_s else ""
        return f"{self.kind.replace('_', ' ')}{' ' if self.target else ''}{self.target}{amount}{delay}{length}"


class FaultTrace(Contract):
    """What became of one fault. Unix times."""

    fault: Fault
    began_unix_s: float
    """When it was in effect."""
    ended_unix_s: float
    """When it was rolled back, and the roll-back had been seen to work."""
    noticed_unix_s: float | None = None
    """When the balancer (for a gateway) or the supervisor first knew of it; None: never, or nobody could tell."""
    trouble: str = ""
    """Why it was not done, or not rolled back."""
