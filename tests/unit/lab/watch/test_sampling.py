import pytest

from scalelab.contracts.stack_view import ServiceView
from scalelab.lab.watch.readings import Figures
from scalelab.lab.watch.sampling import Look, Reading, Use, sample_of


def look(name, *values, number=1, state="ready", members=None, durations=({}, {}), uses=(), at=(10.0, 12.0)):
    """One instance with its readings; `values` are those of the older one and of the newer one."""
    admin_url = "" if name == "cache" else "http://127.0.0.1:1"
    service = ServiceView(name=name, instance=f"{name}-{number}", pid=7, url="", admin_url=admin_url, state=state)
    readings = tuple(
        Reading(at_s, Figures(figures, spread, members))
        for at_s, figures, spread in zip(at, values, durations, strict=False)
    )
    return Look(service, readings, tuple(uses))


def sampled(*looks, now_s=12.1):
    sample = sample_of(1000.0, now_s, looks)
    return sample.totals, {node.instance: node for node in sample.nodes}


def test_rates_are_growth_over_the_readings_own_time():
    """Two seconds between two answers, whatever the clock says now."""
    totals, nodes = sampled(
        look("load_balancer", {"answers": 100.0, "errors": 1.0}, {"answers": 160.0, "errors": 5.0})
    )

    assert nodes["load_balancer-1"].requests_per_s == 30.0
    assert (totals.answers_per_s, totals.errors_per_s) == (28.0, 2.0)


def test_a_counter_that_began_anew_has_grown_since():
    """As HAProxy's does when another process takes over: no dip to nothing, no step below it."""
    totals, _ = sampled(look("load_balancer", {"answers": 100.0, "errors": 3.0}, {"answers": 60.0, "errors": 0.0}))

    assert (totals.answers_per_s, totals.errors_per_s) == (30.0, 0.0)


def test_a_first_look_has_gauges_but_no_rates():
    """Null, not 0."""
    totals, nodes = sampled(look("api_gateway", {"answers": 100.0, "in_flight": 3.0, "slot_queue": 2.0}))

    assert nodes["api_gateway-1"].requests_per_s is None
    assert nodes["api_gateway-1"].in_flight == 3.0
    assert totals.slot_queue == 2.0
    assert totals.answers_per_s is None


def test_a_counter_that_was_never_told_has_not_grown():
    """A service that nobody asked yet exposes no counter: its rate is 0, and that was measured."""
    _, nodes = sampled(look("microservice", {"in_flight": 0.0}, {"in_flight": 0.0}))

    assert nodes["microservice-1"].requests_per_s == 0.0


def test_an_old_answer_says_nothing_of_now():
    """A service that has stopped to answer has no figures, and its state says so."""
    _, nodes = sampled(look("database", {"answers": 1.0}, {"answers": 9.0}), now_s=15.0)

    assert nodes["database-1"].state == "silent"
    assert nodes["database-1"].requests_per_s is None
    assert nodes["database-1"].in_flight is None


def test_hit_ratio_and_percentiles_are_of_all_gateways_together():
    """Ratios are of the sums, never means of ratios; without look-ups there is no ratio."""
    first = look(
        "api_gateway", {"hits": 0.0, "misses": 0.0}, {"hits": 90.0, "misses": 10.0},
        durations=({0.01: 0.0}, {0.01: 1.0, 0.1: 1.0}),
    )  # fmt: skip
    second = look(
        "api_gateway", {"hits": 5.0}, {"hits": 5.0, "misses": 100.0}, number=2,
        durations=({0.01: 4.0, 0.1: 4.0}, {0.01: 4.0, 0.1: 103.0}),
    )  # fmt: skip

    totals, _ = sampled(first, second)
    idle, _ = sampled(look("api_gateway", {}, {}))

    assert totals.hit_ratio == pytest.approx(0.45)
    assert totals.p50_s > 0.01
    assert (idle.hit_ratio, idle.p50_s) == (None, None)


def test_the_cache_has_the_look_ups_that_reached_it():
    """Hits from a gateway's own memory did not."""
    gateway = look("api_gateway", {}, {"hits": 100.0, "misses": 20.0, "from_memory": 80.0})

    _, nodes = sampled(look("cache"), gateway)

    assert nodes["cache-1"].requests_per_s == 20.0
    assert nodes["cache-1"].state == "ready"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"api_gateway-1": True}, "ready"),
        ({"api_gateway-1": False}, "no traffic"),
        ({"api_gateway-2": True}, "no traffic"),
        ({"g1": True}, "ready"),
        (None, "ready"),
    ],
)
def test_a_gateway_that_the_balancer_leaves_alone_is_told(members, expected):
    """Drained, or found unhealthy; where the balancer has names of its own, nothing is claimed."""
    balancer = look("load_balancer", {}, {}, members=members)

    _, nodes = sampled(balancer, look("api_gateway", {}, {}))

    assert nodes["api_gateway-1"].state == expected


def test_a_stopped_process_is_frozen_whatever_the_stack_believes():
    """And its CPU is measured: it used none."""
    uses = [Use(10.0, 5.0, 100, is_stopped=False), Use(12.0, 5.0, 100, is_stopped=True)]

    _, nodes = sampled(look("api_gateway", {}, {}, uses=uses), now_s=20.0)

    assert nodes["api_gateway-1"].state == "frozen"
    assert nodes["api_gateway-1"].cpu_cores == 0.0


def test_a_process_that_cannot_be_looked_at_has_no_cpu():
    """Of a container there is no process of ours."""
    totals, nodes = sampled(look("api_gateway", {}, {}))

    assert nodes["api_gateway-1"].cpu_cores is None
    assert totals.cpu_cores is None
