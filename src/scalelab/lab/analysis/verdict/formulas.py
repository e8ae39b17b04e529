"""How a limit comes about, as a line with its numbers. Pure."""

from scalelab.lab.analysis.laws.layered import POOL, SLOTS, USERS, Bound, LayeredSystem


def formula_of(system: LayeredSystem, bound: Bound) -> str:
    """How the limit comes about, with the measured numbers."""
    hold_s, share = system.held_s + system.query_s, system.slot_share
    of_miss = "" if share in {0.0, 1.0} else f" of a miss, {share:.1%} of all"
    rate = f"{bound.per_s:,.1f}/s"
    if bound.name == SLOTS:
        gateways = "1 gateway" if system.gateways == 1 else f"{system.gateways} gateways"
        return f"{gateways} x {system.slots} slots / {_time(hold_s)}{of_miss} = {rate}"
    if bound.name == POOL:
        return f"{system.pool} connections / {_time(system.query_s)}{of_miss} = {rate}"
    if bound.name == USERS:
        least_s = system.users / bound.per_s - system.think_s
        return f"{system.users} users / ({_time(system.think_s)} of thinking + {_time(least_s)}) = {rate}"
    cpu = next(cpu for cpu in system.cpus if cpu.name == bound.name)
    cores = "1 core" if cpu.servers == 1 else f"{cpu.servers:g} cores"
    return f"{cores} / {_time(cpu.service_s)} of CPU = {rate}"


def _time(value_s: float) -> str:
    return f"{value_s * 1000:.3g} ms" if value_s < 1 else f"{value_s:.4g} s"
