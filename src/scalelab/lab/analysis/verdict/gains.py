"""What one more of something would buy: the layered law with one more of it, against the law as measured. Pure.

The interval holds what the demands' spread makes of it, and both ends of what the law leaves open: exponential times,
and the bound that no distribution beats.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from scalelab.lab.analysis.laws.layered import LayeredSystem, bounds_of, layered_point, with_gateways
from scalelab.lab.analysis.resource_use import CPU_OF_MACHINE
from scalelab.lab.analysis.statistics import Interval, t_interval
from scalelab.lab.analysis.verdict.measured_system import OPEN_LOAD_USERS

GATEWAY = "one more gateway"
SLOT = "one more slot a gateway"
CONNECTION = "one more connection"
CORE = "one more core"
CACHE_POINT = "one point more hits"
_POINT = 0.01

Change = Callable[[LayeredSystem], LayeredSystem]


@dataclass(frozen=True)
class Gain:
    """Good answers a second more than measured."""

    name: str
    interval: Interval

    @property
    def is_nothing(self) -> bool:
        """Whether the interval does not tell it from 0."""
        return self.interval.low <= 0 <= self.interval.high


def gains_of(system: LayeredSystem, parts: Sequence[LayeredSystem], throughput_per_s: float) -> tuple[Gain, ...]:
    """Of everything that there can be one more of.

    Args:
        system: as measured.
        parts: its demands in parts of the measurement.
        throughput_per_s: as measured; the law only says by what share it changes.
    """
    return tuple(Gain(name, _interval(change, system, parts, throughput_per_s)) for name, change in _changes(system))


def _changes(system: LayeredSystem) -> Iterator[tuple[str, Change]]:
    yield GATEWAY, lambda one: with_gateways(one, one.gateways + 1)
    if system.slots:
        yield SLOT, lambda one: replace(one, slots=one.slots + 1)
    if system.pool:
        yield CONNECTION, lambda one: replace(one, pool=one.pool + 1)
    if any(cpu.name == CPU_OF_MACHINE for cpu in system.cpus):
        yield CORE, _with_a_core
    if system.slot_share >= _POINT:
        yield CACHE_POINT, lambda one: replace(one, slot_share=one.slot_share - _POINT)


def _with_a_core(system: LayeredSystem) -> LayeredSystem:
    cpus = tuple(replace(cpu, servers=cpu.servers + 1) if cpu.name == CPU_OF_MACHINE else cpu for cpu in system.cpus)
    return replace(system, cpus=cpus)


def _interval(
    change: Change, system: LayeredSystem, parts: Sequence[LayeredSystem], throughput_per_s: float
) -> Interval:
    changed = change(system)
    by_bound = _lowest(changed) / _lowest(system)
    ratios = [by_bound] if system.users >= OPEN_LOAD_USERS else [_exponential_ratio(changed, system), by_bound]
    by_law = [throughput_per_s * (ratio - 1) for ratio in ratios]
    spread = [throughput_per_s * (_lowest(change(part)) / _lowest(part) - 1) for part in parts]
    around = t_interval(spread)
    half = around.half_width if around is not None else 0.0
    return Interval(by_law[0], min(by_law) - half, max(by_law) + half)


def _exponential_ratio(changed: LayeredSystem, system: LayeredSystem) -> float:
    return layered_point(changed).throughput_per_s / layered_point(system).throughput_per_s


def _lowest(system: LayeredSystem) -> float:
    return min(bound.per_s for bound in bounds_of(system))
