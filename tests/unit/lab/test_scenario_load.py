"""What a scenario means to its driver and its users."""

from pathlib import Path

import pytest

from scalelab.contracts.stack_view import Account, StackView
from scalelab.contracts.topology import Topology
from scalelab.lab.experiment import Load
from scalelab.lab.load.locust_driver import LocustLoad
from scalelab.lab.load.locust_keys import key_source
from scalelab.lab.load.own_driver import OwnLoad
from scalelab.lab.scenario_load import behaviour_of_scenario, hot_paths, measured_load, warm_up_load

VIEW = StackView(
    name="s",
    ready=True,
    nonce="n",
    url="http://127.0.0.1:1",
    login=Account(username="student", password="secret"),
    load_accounts=(),
    services=(),
    topology=Topology(),
)


def with_load(context, **values):
    return context.scenario.model_copy(update={"load": Load(**values)})


def test_users_behave_as_the_scenario_says(context):
    """Window, mix, keys and patience come from load and topology."""
    behaviour = behaviour_of_scenario(context.scenario)

    assert behaviour.keys == "hit"
    assert behaviour.mix == {"/data": 1.0, "/process": 1.0}
    assert (behaviour.window_start_s, behaviour.load_duration_s) == (3.0, 23.0)
    assert behaviour.answer_timeout_s == 160.0


def test_a_route_without_weight_is_not_asked(context):
    """Nor is its cache filled."""
    load = context.scenario.load.model_copy(update={"mix": {"data": 1.0, "process": 0.0}})
    scenario = context.scenario.model_copy(update={"load": load})

    assert behaviour_of_scenario(scenario).mix == {"/data": 1.0}
    assert len(hot_paths(scenario)) == 20


def test_the_cache_is_filled_with_what_users_ask_for(context):
    """The same hot set in the runner and in the generator, on every route."""
    behaviour = behaviour_of_scenario(context.scenario)
    source = key_source("hit", behaviour.records, behaviour.hot_set_keys, behaviour.draw_seed)

    asked = {f"{route}?key={source.next_key()}" for route in behaviour.mix for _ in range(1000)}

    assert asked == set(hot_paths(context.scenario))
    assert len(hot_paths(context.scenario)) == 40


def test_each_driver_has_its_load(context):
    """Locust its users; our own generator a plan with the same window, mix and patience."""
    opened = with_load(context, driver="open_loop", rate_per_s=200, duration_s=20, arrivals="poisson", settle_s=2)
    closed = with_load(context, driver="closed_loop", users=50, spawn_rate_per_s=25, duration_s=20)

    locust, own_open, own_closed = (
        measured_load(scenario, VIEW, Path("d")) for scenario in (context.scenario, opened, closed)
    )

    assert isinstance(locust, LocustLoad)
    assert isinstance(own_open, OwnLoad)
    assert (own_open.plan.load.rate_per_s, own_open.plan.load.is_poisson) == (200, True)
    assert (own_open.plan.warm_up_s, own_open.plan.duration_s, own_open.plan.timeout_s) == (2.0, 20.0, 160.0)
    assert (own_closed.plan.load.users, own_closed.plan.load.spawn_rate_per_s) == (50, 25)
    assert (own_closed.plan.warm_up_s, own_closed.plan.connections) == (4.0, 50)
    assert [template.proof for template in own_closed.plan.requests] == ["record", "process"]
    assert own_closed.plan.tokens == ()


@pytest.mark.parametrize(("cache", "distribution"), [("miss", "unique"), ("hit", "listed"), (None, "uniform")])
def test_keys_are_those_of_the_scenario(context, cache, distribution):
    """Miss: none twice; hit: the very keys that the cache is filled with."""
    scenario = with_load(context, driver="open_loop", rate_per_s=200, duration_s=20)
    scenario = scenario.model_copy(update={"cache": cache})

    keys = measured_load(scenario, VIEW, Path("d")).plan.keys

    assert keys.distribution == distribution
    if cache == "hit":
        assert {f"{route}?key={key}" for route in ("/data", "/process") for key in keys.listed} == set(
            hot_paths(scenario)
        )


def test_the_warm_up_reads_only(context):
    """Whatever the load does: nothing is written before the measurement."""
    scenario = with_load(context, mix={"write": 1, "data": 1}, users=10, duration_s=20)
    only_writes = with_load(context, mix={"write": 1}, users=10, duration_s=20)

    assert warm_up_load(scenario, VIEW, Path("d")).behaviour.mix == {"/data": 1.0}
    assert warm_up_load(only_writes, VIEW, Path("d")).behaviour.mix == {"/data": 1.0}


def test_an_answer_may_be_as_old_as_the_gateway_may_give_it(context):
    """Time to live, and the time for which it stands in for a service that fails."""
    gateway = {"cache_ttl_s": 5.0, "cache_stale_if_error_s": 60.0}
    topology = Topology.model_validate({"api_gateway": gateway})

    behaviour = behaviour_of_scenario(context.scenario.model_copy(update={"topology": topology}))

    assert behaviour.longest_age_s == 65.0
