"""What a scenario means to its users, and what counts as a death."""

import pytest

from scalelab.contracts.stack_view import Account, ServiceView, StackView
from scalelab.contracts.topology import Topology
from scalelab.lab.load.locust_keys import key_source
from scalelab.lab.scenario_run import behaviour_of_scenario, hot_paths, system_faults
from scalelab.lab.system import SystemGoneError


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


def a_view(**pids):
    account = Account(username="student", password="secret")
    services = tuple(
        ServiceView(name="api_gateway", instance=name, pid=pid, url="", admin_url="", state="ready")
        for name, pid in pids.items()
    )
    return StackView(
        name="s",
        ready=True,
        nonce="n",
        url="",
        login=account,
        load_accounts=(),
        services=services,
        topology=Topology(),
    )


class System:
    def __init__(self, view):
        self._view = view

    def view(self):
        if self._view is None:
            raise SystemGoneError("the stack has ended")
        return self._view


@pytest.mark.parametrize(
    ("after", "faults"),
    [
        (a_view(one=1, two=2), ()),
        (a_view(one=1, two=2, three=3), ()),
        (a_view(one=1, two=7), ("two (process 2) did not live through the load",)),
        (a_view(one=1), ("two (process 2) did not live through the load",)),
        (None, ("the stack has ended",)),
    ],
)
def test_who_ended_or_was_started_again_is_told(after, faults):
    """Another process id is another process."""
    assert system_faults(a_view(one=1, two=2), System(after)) == faults
