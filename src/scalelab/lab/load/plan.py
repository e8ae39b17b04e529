"""What a load is: phase x arrivals x requests x stop rule, as one frozen value that travels to the generators."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from scalelab.contracts.model import Contract
from scalelab.lab.load.arrivals import (
    ArrivalError,
    Arrivals,
    Curve,
    EvenArrivals,
    PoissonArrivals,
    ReplayedArrivals,
    constant,
    ramp,
    spike,
    steps,
)
from scalelab.lab.load.keys import KeyPlan
from scalelab.lab.load.requests import RequestTemplate

HIGHEST_RATE_PER_S = 1_000_000


class OpenLoad(Contract):
    """Requests start when the schedule says, whatever the system does."""

    kind: Literal["open"] = "open"
    rate_per_s: Annotated[float, Field(ge=0, le=HIGHEST_RATE_PER_S)] = 0.0
    shape: Literal["constant", "ramp", "steps", "spike", "replay"] = "constant"
    is_poisson: bool = False
    rates_per_s: tuple[float, ...] = ()
    """ramp: the rate at the end; steps: the rates after the first; spike: the peak."""
    spike_start_s: float = 0.0
    spike_length_s: float = 0.0
    offsets_s: tuple[float, ...] = Field(default=(), repr=False)
    """replay: the schedule."""


class ClosedLoad(Contract):
    """Users who each wait for the answer, think, and ask again."""

    kind: Literal["closed"] = "closed"
    users: Annotated[int, Field(ge=1, le=100_000)]
    think_time_min_s: Annotated[float, Field(ge=0)] = 0.0
    think_time_max_s: Annotated[float, Field(ge=0)] = 0.0
    spawn_rate_per_s: Annotated[float, Field(gt=0)] | None = None
    """Users who begin each second, each with a request. None: all are there at once, amid their think times."""

    @model_validator(mode="after")
    def _fits_together(self) -> "ClosedLoad":
        if self.think_time_min_s > self.think_time_max_s:
            raise ValueError(
                f"the shortest think time, {self.think_time_min_s:g} s, is above the longest, "
                f"{self.think_time_max_s:g} s"
            )
        return self

    @property
    def think_time_mean_s(self) -> float:
        """Mean of the uniform think time."""
        return (self.think_time_min_s + self.think_time_max_s) / 2


class LoadPlan(Contract):
    """Everything a generator has to know. Holds secrets: never printed, sent through pipes only."""

    requests: Annotated[tuple[RequestTemplate, ...], Field(min_length=1, max_length=1000)]
    load: Annotated[OpenLoad | ClosedLoad, Field(discriminator="kind")]
    duration_s: Annotated[float, Field(gt=0)]
    """In which requests may start."""
    warm_up_s: Annotated[float, Field(ge=0)] = 0.0
    """At its beginning, left out of latencies and rate; in the books all the same."""
    drain_limit_s: Annotated[float, Field(ge=0)] = 10.0
    """Longest wait, after the duration, for answers under way."""
    timeout_s: Annotated[float, Field(gt=0)] = 10.0
    """Longest time for one request, from its actual start."""
    connections: Annotated[int, Field(ge=1, le=60_000)] = 200
    """At most so many at a time, over all generators."""
    processes: Annotated[int, Field(ge=1, le=64)] = 1
    most_requests: Annotated[int, Field(ge=1)] | None = None
    """Stop after so many, too."""
    noted_fields: tuple[str, ...] = ()
    """Header fields of good answers whose values are counted."""
    has_fine_timeline: bool = False
    """Whether each tenth of a second is counted by itself."""
    keys: KeyPlan = KeyPlan()
    tokens: tuple[str, ...] = Field(default=(), repr=False)
    certificates: str | None = Field(default=None, repr=False)
    """Trusted ones (PEM); None: those of the system."""
    is_certificate_checked: bool = True
    seed: int = 1

    @model_validator(mode="after")
    def _can_be_done(self) -> "LoadPlan":
        if self.warm_up_s >= self.duration_s:
            raise ValueError(
                f"nothing would be measured: the warm-up of {self.warm_up_s:g} s is as long as the duration of "
                f"{self.duration_s:g} s"
            )
        if self.processes > self.connections:
            raise ValueError(f"{self.processes} processes need at least as many connections, not {self.connections}")
        if isinstance(self.load, ClosedLoad) and self.processes > self.load.users:
            raise ValueError(f"{self.processes} processes need at least as many users, not {self.load.users}")
        if isinstance(self.load, OpenLoad):
            arrivals_of(self.load, self.duration_s, self.seed)  # ArrivalError is a ValueError: a fault of this model
        return self

    @property
    def window_s(self) -> float:
        """Length of the measured window."""
        return self.duration_s - self.warm_up_s


def arrivals_of(load: OpenLoad, duration_s: float, seed: int) -> Arrivals:
    """The schedule of an open load.

    Raises:
        ArrivalError: nothing would be sent, or the shape does not fit the duration.
    """
    if load.shape == "replay":
        return ReplayedArrivals(load.offsets_s)
    curve = _curve(load, duration_s)
    return PoissonArrivals(curve, seed) if load.is_poisson else EvenArrivals(curve)


def _curve(load: OpenLoad, duration_s: float) -> Curve:
    if load.shape in {"ramp", "spike"} and len(load.rates_per_s) != 1:
        raise ArrivalError(f"a {load.shape} needs exactly one further rate")
    if load.shape == "ramp":
        return ramp(load.rate_per_s, load.rates_per_s[0], duration_s)
    if load.shape == "steps":
        return steps((load.rate_per_s, *load.rates_per_s), duration_s)
    if load.shape == "spike":
        return spike(load.rate_per_s, load.rates_per_s[0], load.spike_start_s, load.spike_length_s, duration_s)
    return constant(load.rate_per_s, duration_s)
