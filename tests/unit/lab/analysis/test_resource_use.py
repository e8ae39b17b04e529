"""Demands from probes, by the utilisation law: exact where counters are, silent where they are not."""

import pytest

from scalelab.contracts.topology import Topology
from scalelab.lab.analysis.resource_use import resource_uses
from scalelab.lab.probes.rows import ProbeRow
from scalelab.lab.results.run_record import Window

TOPOLOGY = Topology.model_validate({"api_gateway": {"upstream_slots": 8}, "database": {"pool_size": 24}})
START_UNIX_S = 1_800_000_000.0
WINDOW = Window(start_s=5.0, end_s=25.0)


def probes(seconds=30, gateways=2, **changes):
    """Each gateway answers 50 a second and holds 6 slots; the pool holds 10 connections; CPU 0.2 of a core each."""
    rows = []
    for second in range(seconds):
        at = START_UNIX_S + second + 0.3
        for number in range(gateways):
            told = {
                "answers": 50.0 * (second + 0.3),
                "slots_busy_s": 6.0 * (second + 0.3),
                "slot_wait_s": 30.0 * (second + 0.3),
                "slots_in_use": 5.0 + second % 3,
                "cpu_s": 7.0 + 0.2 * (second + 0.3),
            }
            told.update({name: change(second) for name, change in changes.items()})
            rows.append(ProbeRow(unix_s=at, instance=f"api_gateway-{number}", service="api_gateway", **told))
        rows.append(
            ProbeRow(
                unix_s=at,
                instance="database-1",
                service="database",
                pool_busy_s=10.0 * (second + 0.3),
                pool_wait_s=0.0,
                cpu_s=0.1 * (second + 0.3),
            )
        )
        rows.append(ProbeRow(unix_s=at, instance="machine", service="machine", cpu_share=0.4, cores=2))
    return rows


def uses(rows, window=WINDOW):
    return {use.name: use for use in resource_uses(rows, window, START_UNIX_S, TOPOLOGY)}


def test_demands_are_busy_time_over_answers():
    """12 slots busy and 100 answers a second: 120 ms each; 10 connections: 100 ms; CPU 4 ms of two gateways."""
    found = uses(probes())

    assert found["upstream slots"].demand_s == pytest.approx(0.12)
    assert found["upstream slots"].busy_mean == pytest.approx(12.0)
    assert found["upstream slots"].sampled_mean == pytest.approx(12.0, abs=0.2)
    assert found["upstream slots"].utilization == pytest.approx(12 / 16)
    assert found["upstream slots"].wait_s == pytest.approx(0.6)
    assert found["upstream slots"].waiting_mean == pytest.approx(60.0)
    assert found["database pool"].demand_parts_s == pytest.approx([0.1] * 5)
    assert found["CPU of api_gateway"].demand_s == pytest.approx(0.004)
    assert found["CPU of api_gateway"].units == 2
    assert found["CPU of the machine"].utilization == pytest.approx(0.4)


@pytest.mark.parametrize(("limit_cores", "cores"), [(0.0, 1.0), (0.25, 0.25), (2.0, 1.0)])
def test_a_quota_is_all_that_a_gateway_has(limit_cores, cores):
    """Beyond one core it means nothing: one thread works. Other services have none."""
    document = {"api_gateway": {"upstream_slots": 8, "cpu_limit_cores": limit_cores}, "database": {"pool_size": 24}}

    found = {
        use.name: use for use in resource_uses(probes(), WINDOW, START_UNIX_S, Topology.model_validate(document))
    }

    assert found["CPU of api_gateway"].places == cores
    assert found["CPU of api_gateway"].utilization == pytest.approx(0.4 / (2 * cores))
    assert {use.places for name, use in found.items() if name in {"CPU of database", "CPU of load_balancer"}} <= {1.0}


def test_a_part_that_differs_shows():
    """Twice the hold in the last part of the window."""
    rows = probes(slots_busy_s=lambda second: 6.0 * (second + 0.3) + 6.0 * max(0.0, second + 0.3 - 21.0))

    parts = uses(rows)["upstream slots"].demand_parts_s

    assert parts == pytest.approx([0.12, 0.12, 0.12, 0.12, 0.24], abs=0.007)


def test_probes_that_end_a_little_early_are_carried_on():
    """The last row is half a second before the end of the window: its part is scaled, not cut."""
    rows = probes(seconds=25)

    assert uses(rows)["upstream slots"].busy_mean == pytest.approx(12.0)


def test_what_nobody_counted_is_left_out():
    """A gateway without the counters of its slots: no slots, but its CPU."""
    found = uses(probes(slots_busy_s=lambda _: None, slot_wait_s=lambda _: None))

    assert "upstream slots" not in found
    assert "CPU of api_gateway" in found


@pytest.mark.parametrize(
    "changes",
    [
        {"answers": lambda _: None},
        {"answers": lambda second: 50.0 * (second % 15)},
        {"answers": lambda _: 3.0},
    ],
)
def test_without_answers_there_is_no_demand(changes):
    """Not told, begun anew in the window, or none given: nothing can be divided by them."""
    assert resource_uses(probes(**changes), WINDOW, START_UNIX_S, TOPOLOGY) == ()


def test_a_window_without_probes_has_no_uses():
    """They ended long before it."""
    assert resource_uses(probes(seconds=4), WINDOW, START_UNIX_S, TOPOLOGY) == ()
