"""An experiment as data: versioned TOML, validated as a whole before anything starts. Never runs anything."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from scalelab.contracts.faults import Fault
from scalelab.contracts.model import Contract
from scalelab.contracts.topology import PositiveSeconds, Seconds, Topology
from scalelab.lab.fractions import Fraction
from scalelab.lab.objectives import parse_objectives

Scalar = bool | int | float | str
PositiveInt = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0)]
RouteName = Literal["data", "process", "write", "longtask"]


def _equal_mix() -> dict[RouteName, float]:
    return {"data": 1.0, "process": 1.0}


class Load(Contract):
    """Who asks for what, and for how long."""

    driver: Literal["locust", "closed_loop", "open_loop"] = "locust"
    """Who makes the load. `locust` and `closed_loop`: users who wait for answers; `open_loop`: requests at
    `rate_per_s`, whatever the system does. The latter two are our own generator: latency counts from the intended
    start."""
    rate_per_s: Annotated[float, Field(gt=0)] | None = None
    """Open loop: requests a second, whatever the system does; of several rates the first."""
    arrivals: Literal["constant", "poisson"] = "constant"
    """Open loop: evenly spaced, or by chance."""
    shape: Literal["constant", "ramp", "steps", "spike"] = "constant"
    """Open loop: how the rate goes on, with `rates_per_s`."""
    rates_per_s: tuple[Annotated[float, Field(gt=0)], ...] = ()
    """Open loop. ramp: the rate at the end; steps: the rates after the first; spike: the peak."""
    spike_start_s: Seconds = 0.0
    """Open loop: when the spike begins."""
    spike_length_s: Seconds = 0.0
    """Open loop: how long it lasts."""
    connections: PositiveInt = 1000
    """Open loop: at most so many at a time; a request that finds none waits, and its wait is latency."""
    users: PositiveInt = 1000
    """Each asks, waits for the answer, thinks, and asks again."""
    spawn_rate_per_s: Annotated[float, Field(gt=0)] = 100
    """Users who begin each second, until all are there."""
    duration_s: PositiveSeconds = 60.0
    """From the first user to the last request sent; the ramp is part of it."""
    settle_s: Seconds = 2.0
    """Between the end of the ramp and the measured window."""
    drain_limit_s: PositiveSeconds = 30.0
    """Longest wait for requests in flight at the end."""
    think_time_min_s: Seconds = 1.0
    """Shortest pause of a user between an answer and the next request."""
    think_time_max_s: Seconds = 2.0
    """Longest; in between all values are equally likely."""
    mix: dict[RouteName, Weight] = Field(default_factory=_equal_mix)
    """What users do, and how often: `data` and `process` read, `write` is `PUT /data`, `longtask` hands a task in."""
    hot_set_keys: PositiveInt = 20
    """Keys that a hit scenario asks for."""
    keys: Literal["uniform", "zipf"] = "uniform"
    """Where neither hits nor misses are asked for: how often each key is. Zipf: with 1 / rank to the power of
    `zipf_exponent`; our own drivers only."""
    zipf_exponent: Annotated[float, Field(gt=0, le=5)] = 1.0
    key_count: Annotated[int, Field(ge=0)] = 0
    """So many keys are asked for; 0 = all records. Our own drivers only."""
    answer_timeout_s: Seconds = 0.0
    """Longest that a user waits for an answer, which then counts as timed out; 0 = longer than the balancer does."""

    expects_failures: bool = False
    """Whether refusals and timeouts are part of the question, as under overload: the rate of good answers is then
    what is measured, and many failures do not spoil it."""

    @property
    def is_closed(self) -> bool:
        """Whether there are users who wait for answers."""
        return self.driver != "open_loop"

    @property
    def ramp_s(self) -> float:
        """Until every user is there: the first batch comes at once. An open load has none."""
        return max(0.0, self.users / self.spawn_rate_per_s) if self.is_closed else 0.0

    @property
    def window_start_s(self) -> float:
        """Start of the measured window."""
        return self.ramp_s + self.settle_s

    @property
    def think_time_mean_s(self) -> float:
        """Mean of the uniform think time."""
        return (self.think_time_min_s + self.think_time_max_s) / 2

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        faults = (self._window_fault(), self._think_fault(), self._mix_fault(), self._driver_fault())
        if any(faults):
            raise ValueError("; ".join(filter(None, faults)))
        return self

    def _window_fault(self) -> str:
        if self.window_start_s < self.duration_s:
            return ""
        return (
            f"nothing would be measured: users / spawn_rate_per_s + settle_s = {self.users} / "
            f"{self.spawn_rate_per_s:g} + {self.settle_s:g} = {self.window_start_s:g} s, but duration_s = "
            f"{self.duration_s:g}: lengthen the load or shorten the ramp"
        )

    def _think_fault(self) -> str:
        if self.think_time_min_s <= self.think_time_max_s:
            return ""
        return f"think_time_min_s = {self.think_time_min_s:g} is above think_time_max_s = {self.think_time_max_s:g}"

    def _mix_fault(self) -> str:
        return "" if sum(self.mix.values()) > 0 else "mix: at least one route needs a weight above 0"

    def _driver_fault(self) -> str:
        """What does not fit the driver; named, so that a setting is never ignored in silence."""
        own = {"rate_per_s", "arrivals", "shape", "rates_per_s", "spike_start_s", "spike_length_s", "connections"}
        users = {"users", "spawn_rate_per_s", "think_time_min_s", "think_time_max_s"}
        strange = sorted(name for name in (own if self.is_closed else users) if self._is_set(name))
        skewed = [name for name in ("keys", "zipf_exponent", "key_count") if self._is_set(name)]
        acts = [route for route in ("write", "longtask") if self.mix.get(route, 0) > 0 and self.driver != "locust"]
        faults = {
            'driver = "open_loop" needs rate_per_s': not self.is_closed and self.rate_per_s is None,
            f'{", ".join(strange)}: not for driver = "{self.driver}"': bool(strange),
            f'{", ".join(skewed)}: needs driver = "closed_loop" or "open_loop"': bool(skewed)
            and self.driver == "locust",
            f'mix: {", ".join(acts)} needs driver = "locust", whose users remember what they did': bool(acts),
        }
        return "; ".join(text for text, is_so in faults.items() if is_so)

    def _is_set(self, name: str) -> bool:
        return bool(getattr(self, name) != type(self).model_fields[name].default)


class WarmUp(Contract):
    """A short load before each scenario, whose requests all miss; 0 seconds leave it out."""

    users: PositiveInt = 10
    """All at once."""
    duration_s: Seconds = 10.0
    """0 leaves the warm-up out."""


class Verify(Contract):
    """What `--verify` measures after the sweep, when it has been predicted from it."""

    gateways: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
    """Numbers of gateways, none of which is in `factors.gateways`."""


class Quick(Contract):
    """What `--quick` changes; what is not given stays."""

    users: PositiveInt | None = None
    """In place of load.users."""
    rate_per_s: Annotated[float, Field(gt=0)] | None = None
    """In place of load.rate_per_s."""
    duration_s: PositiveSeconds | None = None
    """In place of load.duration_s."""
    warm_up_duration_s: Seconds | None = None
    """In place of warm_up.duration_s."""


class Experiment(Contract):
    """A question to a system, and how it is put."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    schema_version: Literal[1] = Field(alias="schema")
    """Version of this format."""
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=64)]
    """Also the beginning of the results' directory."""
    question: str = ""
    """What the experiment is to answer; it stands in the report."""
    expectation: str = ""
    """What should come out, and why."""
    seed: int = 1
    """Of keys, routes, waits and the order of runs."""
    repeat: Annotated[int, Field(ge=1, le=100)] = 1
    """Runs of each scenario. From two on, each block holds every scenario once, in an order drawn from the seed."""
    cool_down_s: Seconds = 0.0
    """Pause before every run but the first, beside the wait until nothing is under way."""
    topology: Topology = Topology()
    load: Load = Load()
    warm_up: WarmUp = WarmUp()
    factors: dict[str, Annotated[tuple[Scalar, ...], Field(min_length=1)]] = Field(default_factory=dict)
    """What is varied: `gateways`, `cache` (miss, hit), `route` (one of the mix), or a path such as
    `topology.cache.engine` or `load.users`."""
    fraction: Fraction = "full"
    """Which part of the factors' grid is run: `half` or `quarter` of a grid of two values each. Main effects stay, at
    the price of interactions that cannot be told apart; the report says which."""
    slo: dict[str, str] = Field(default_factory=dict)
    """What every scenario must keep: `p99 = "< 200 ms"`, `errors = "< 0.1 %"`, `rate = "> 60 /s"`."""
    faults: tuple[Fault, ...] = ()
    """Done to the system in every scenario, while the load runs."""
    quick: Quick = Quick()
    verify: Verify | None = None

    @field_validator("slo")
    @classmethod
    def _objectives_can_be_read(cls, slo: dict[str, str]) -> dict[str, str]:
        parse_objectives(slo)
        return slo


def quick_document(
    document: Mapping[str, Any], quick: Quick, chosen: Collection[str] = frozenset()
) -> dict[str, Any]:
    """The experiment's document as `--quick` runs it; fields that somebody `chosen` by hand stay as they are."""
    load, warm_up = dict(document.get("load", {})), dict(document.get("warm_up", {}))
    changes = {
        "load.users": quick.users,
        "load.rate_per_s": quick.rate_per_s,
        "load.duration_s": quick.duration_s,
        "warm_up.duration_s": quick.warm_up_duration_s,
    }
    tables = {"load": load, "warm_up": warm_up}
    for path, value in changes.items():
        table, _, key = path.partition(".")
        if value is not None and path not in chosen:
            tables[table][key] = value
    return {**document, **tables}
