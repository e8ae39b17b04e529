"""From the probes to what one answer takes of each resource, by the utilisation law: D = U / X. Pure.

Counters are read off at the edges of equal parts of the window, between the two probes around each edge. What a
process did not tell is left out, never taken for 0.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from scalelab.contracts.topology import Topology
from scalelab.lab.analysis.laws.layered import POOL, SLOTS
from scalelab.lab.probes.rows import GENERATOR, MACHINE, ProbeRow
from scalelab.lab.results.run_record import ResourceUse, Window

CPU_OF = "CPU of "
CPU_OF_GATEWAY = f"{CPU_OF}api_gateway"
CPU_OF_MACHINE = f"{CPU_OF}the machine"
PARTS = 5
LEAST_ROWS = 3
Counter = Literal["answers", "cpu_s", "slots_busy_s", "slot_wait_s", "pool_busy_s", "pool_wait_s"]
Gauge = Literal["slots_in_use", "pool_in_use"]
Numbers = NDArray[np.float64]
Instances = Mapping[str, Sequence[ProbeRow]]


def resource_uses(
    probes: Sequence[ProbeRow], window: Window, started_at_unix_s: float, topology: Topology
) -> tuple[ResourceUse, ...]:
    """What the load took of each resource over the window.

    Args:
        probes: of all processes; may begin before the window and end after it.
        window: seconds from the start of the load.
        started_at_unix_s: that start.
        topology: how many places there are.

    Returns:
        Nothing when the gateways did not tell how much they answered.
    """
    edges = started_at_unix_s + np.linspace(window.start_s, window.end_s, PARTS + 1)
    gateways = _instances(probes, "api_gateway")
    answers = _increase(gateways, "answers", edges)
    if answers is None or bool(np.any(answers <= 0)):
        return ()
    return tuple(_uses(probes, gateways, answers, edges, topology))


def _uses(
    probes: Sequence[ProbeRow], gateways: Instances, answers: Numbers, edges: Numbers, topology: Topology
) -> Iterator[ResourceUse]:
    slots, pool = topology.api_gateway.upstream_slots, topology.database.pool_size
    queues: tuple[tuple[str, Instances, int, Counter, Counter, Gauge], ...] = (
        (SLOTS, gateways, slots, "slots_busy_s", "slot_wait_s", "slots_in_use"),
        (POOL, _instances(probes, "database"), pool, "pool_busy_s", "pool_wait_s", "pool_in_use"),
    )
    for name, instances, places, busy, wait, in_use in queues:
        busy_s, wait_s = _increase(instances, busy, edges), _increase(instances, wait, edges)
        if busy_s is not None and wait_s is not None:
            use = _use(name, len(instances), places, busy_s, wait_s, answers, edges)
            yield use.model_copy(update={"sampled_mean": _sampled(instances, in_use, edges)})
    for service in dict.fromkeys(row.service for row in probes if row.service not in (GENERATOR, MACHINE)):
        instances = _instances(probes, service)
        cpu_s = _increase(instances, "cpu_s", edges)
        if cpu_s is not None:
            cores = _cores(service, topology)
            yield _use(f"{CPU_OF}{service}", len(instances), cores, cpu_s, None, answers, edges)
    yield from _machine(probes, answers, edges)


def _cores(service: str, topology: Topology) -> float:
    """Of one process: one, since none has more than one thread that works; or its quota, if that is less."""
    limit_cores = topology.api_gateway.cpu_limit_cores if service == "api_gateway" else 0.0
    return min(1.0, limit_cores or 1.0)


def _use(
    name: str, units: int, places: float, busy_s: Numbers, wait_s: Numbers | None, answers: Numbers, edges: Numbers
) -> ResourceUse:
    length_s = float(edges[-1] - edges[0])
    return ResourceUse(
        name=name,
        units=units,
        places=places,
        busy_mean=float(busy_s.sum()) / length_s,
        waiting_mean=float(wait_s.sum()) / length_s if wait_s is not None else None,
        demand_parts_s=tuple(map(float, busy_s / answers)),
        wait_parts_s=tuple(map(float, wait_s / answers)) if wait_s is not None else (),
    )


def _sampled(instances: Instances, gauge: Gauge, edges: Numbers) -> float | None:
    """Mean of what was looked at in the window, of all instances together."""
    means: list[float] = []
    for rows in instances.values():
        seen: list[float] = [
            value
            for row in rows
            if edges[0] <= row.unix_s <= edges[-1] and (value := getattr(row, gauge)) is not None
        ]
        if not seen:
            return None
        means.append(sum(seen) / len(seen))
    return sum(means)


def _machine(probes: Sequence[ProbeRow], answers: Numbers, edges: Numbers) -> Iterator[ResourceUse]:
    """The share of each row is that of the time since the row before."""
    rows = [row for row in probes if row.service == MACHINE and row.cpu_share is not None and row.cores]
    cores = max((row.cores or 0 for row in rows), default=0)
    parts = [
        [(row.cpu_share or 0.0) * cores for row in rows if start < row.unix_s <= end]
        for start, end in pairwise(edges)
    ]
    if cores and all(parts):
        busy_s = np.array([sum(part) / len(part) for part in parts]) * np.diff(edges)
        yield _use(CPU_OF_MACHINE, 1, cores, busy_s, None, answers, edges)


def _instances(probes: Sequence[ProbeRow], service: str) -> Instances:
    instances: dict[str, list[ProbeRow]] = {}
    for row in probes:
        if row.service == service:
            instances.setdefault(row.instance, []).append(row)
    return instances


def _increase(instances: Instances, counter: Counter, edges: Numbers) -> Numbers | None:
    """Of a counter of all instances, in each part; None when one does not tell, or began anew."""
    increases = [_increase_of_one(rows, counter, edges) for rows in instances.values()]
    known = [increase for increase in increases if increase is not None]
    return np.asarray(np.sum(known, axis=0)) if known and len(known) == len(increases) else None


def _increase_of_one(rows: Sequence[ProbeRow], counter: Counter, edges: Numbers) -> Numbers | None:
    told = [(row.unix_s, value) for row in rows if (value := getattr(row, counter)) is not None]
    if len(told) < LEAST_ROWS:
        return None
    times, values = (np.array(column, dtype=float) for column in zip(*told, strict=True))
    if bool(np.any(np.diff(values) < 0)) or times[0] > edges[1] or times[-1] < edges[-2]:
        return None
    inside = np.interp(edges, times, values)
    missing_s = max(0.0, times[0] - edges[0]), max(0.0, edges[-1] - times[-1])
    increase: Numbers = np.diff(inside)
    first_s, last_s = edges[1] - edges[0], edges[-1] - edges[-2]
    increase[0] *= first_s / (first_s - missing_s[0])
    increase[-1] *= last_s / (last_s - missing_s[1])
    return increase
