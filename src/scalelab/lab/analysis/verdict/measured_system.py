"""The layered system that a run measured, from the utilisation law and never from what was configured. Pure."""

from collections.abc import Sequence

from scalelab.lab.analysis.laws.layered import POOL, SLOTS, Cpu, LayeredSystem
from scalelab.lab.analysis.resource_use import CPU_OF, CPU_OF_GATEWAY, CPU_OF_MACHINE
from scalelab.lab.results.run_record import ResourceUse, RunRecord

LEAST_SLOT_SHARE = 0.02
"""Below it, what the few misses took of slots and pool says nothing of one miss."""
OPEN_LOAD_USERS = 1_000_000
"""Whoever sends an open load does not wait for answers: users are no limit, and only bounds are asked for."""
LEAST_BUSY = 0.2
"""A process below it makes nobody wait: its time is only part of the answer's."""


def system_of(record: RunRecord, part: int | None = None) -> LayeredSystem | None:
    """The system and its demands.

    What an answer takes beside them is left out: it cannot be told from waiting that nobody counts, and with it the
    users' limit would by Little's law always be the rate that was measured.

    Args:
        record: its probes told what slots and pool did. Of an open load, what it could do with users enough.
        part: of the window; None takes all of it.

    Returns:
        None when that was not measured.
    """
    uses = {use.name: use for use in record.resources}
    slots, pool = uses.get(SLOTS), uses.get(POOL)
    if slots is None or pool is None or record.throughput_per_s is None:
        return None
    share = slot_share(record)
    per_miss = 1 / share if share else 0.0
    query_s = _demand_s(pool, part) * per_miss
    hold_s = (_demand_s(slots, part) - _wait_s(pool, part)) * per_miss
    cpus = tuple(_cpu(use, part) for use in record.resources if use.name.startswith(CPU_OF))
    return LayeredSystem(
        users=record.users or OPEN_LOAD_USERS,
        think_s=record.think_time_mean_s,
        gateways=slots.units,
        slots=int(slots.places),
        held_s=max(0.0, hold_s - query_s),
        pool=int(pool.units * pool.places),
        query_s=query_s,
        slot_share=share,
        cpus=cpus,
    )


def parts_of(records: Sequence[RunRecord]) -> tuple[LayeredSystem, ...]:
    """Systems whose spread tells how sure the demands are: one a run from three runs on, else one a part of a run."""
    if len(records) >= 3:  # noqa: PLR2004  fewer runs have hardly an interval
        found = [system_of(record) for record in records]
    else:
        found = [
            system_of(record, part)
            for record in records
            for part in range(min((len(use.demand_parts_s) for use in record.resources), default=0))
        ]
    return tuple(system for system in found if system is not None)


def slot_share(record: RunRecord) -> float:
    """Share of requests that take a slot; 0 when there are too few to learn from."""
    share = 1.0 - (record.cache.hit_ratio or 0.0)
    return share if share >= LEAST_SLOT_SHARE else 0.0


def _cpu(use: ResourceUse, part: int | None) -> Cpu:
    return Cpu(
        name=use.name,
        service_s=_demand_s(use, part),
        servers=use.units * use.places,
        grows=use.name == CPU_OF_GATEWAY,
        is_waited_for=use.name != CPU_OF_MACHINE and (use.utilization or 0.0) >= LEAST_BUSY,
    )


def _demand_s(use: ResourceUse, part: int | None) -> float:
    return (use.demand_s or 0.0) if part is None else use.demand_parts_s[part]


def _wait_s(use: ResourceUse, part: int | None) -> float:
    return (use.wait_s or 0.0) if part is None or not use.wait_parts_s else use.wait_parts_s[part]
