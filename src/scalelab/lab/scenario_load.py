"""From a scenario to the load that its driver is told to make. Pure."""

from collections.abc import Mapping
from pathlib import Path

from scalelab.contracts.http_names import DATA_PATH, PROCESS_PATH
from scalelab.contracts.stack_view import StackView
from scalelab.lab.correctness.proofs import ProofKind
from scalelab.lab.experiment import RouteName
from scalelab.lab.load.drivers import Load
from scalelab.lab.load.keys import KeyPlan
from scalelab.lab.load.locust_acts import TASK_ROUTE, WRITE_ROUTE
from scalelab.lab.load.locust_driver import LocustLoad
from scalelab.lab.load.locust_keys import hot_set
from scalelab.lab.load.locust_options import UserBehaviour
from scalelab.lab.load.own_driver import OwnLoad
from scalelab.lab.load.plan import ClosedLoad, LoadPlan, OpenLoad
from scalelab.lab.load.requests import RequestTemplate
from scalelab.lab.plan import Scenario

ANSWER_MARGIN_S = 10.0
"""The client waits so much longer than the balancer, so that it is the balancer that answers."""
WARM_UP = "warm_up"
WARM_UP_SEED_STEP = 7919
"""Keeps the warm-up's keys apart from the scenario's."""
_ROUTES: Mapping[RouteName, str] = {
    "data": DATA_PATH,
    "process": PROCESS_PATH,
    "write": WRITE_ROUTE,
    "longtask": TASK_ROUTE,
}
_PROOFS: Mapping[str, ProofKind] = {DATA_PATH: "record", PROCESS_PATH: "process"}


def measured_load(scenario: Scenario, view: StackView, directory: Path) -> Load:
    """The load that is measured."""
    load, accounts = scenario.load, view.accounts_to_ask_as
    if load.driver != "locust":
        plan = _own_plan(scenario, view.url)
        return OwnLoad(view.url, accounts, plan, directory, scenario.name)
    return LocustLoad(
        base_url=view.url,
        accounts=accounts,
        users=load.users,
        spawn_rate_per_s=load.spawn_rate_per_s,
        duration_s=load.duration_s,
        drain_limit_s=load.drain_limit_s,
        behaviour=behaviour_of_scenario(scenario),
        directory=directory,
        csv_prefix=scenario.name,
    )


def warm_up_load(scenario: Scenario, view: StackView, directory: Path) -> LocustLoad:
    """The short load before it, whose requests all miss."""
    reads = {route: weight for route, weight in behaviour_of_scenario(scenario).mix.items() if route in _PROOFS}
    return LocustLoad(
        base_url=view.url,
        accounts=view.accounts_to_ask_as,
        users=scenario.warm_up.users,
        spawn_rate_per_s=scenario.warm_up.users,
        duration_s=scenario.warm_up.duration_s,
        drain_limit_s=scenario.load.drain_limit_s,
        behaviour=behaviour_of_scenario(scenario).model_copy(
            update={
                "keys": "miss",
                "mix": reads or {DATA_PATH: 1.0},
                "draw_seed": scenario.seed + WARM_UP_SEED_STEP,
                "window_start_s": 0.0,
            }
        ),
        directory=directory / WARM_UP,
        csv_prefix=WARM_UP,
    )


def behaviour_of_scenario(scenario: Scenario) -> UserBehaviour:
    """How its users behave."""
    load = scenario.load
    return UserBehaviour(
        think_time_min_s=load.think_time_min_s,
        think_time_max_s=load.think_time_max_s,
        mix={_ROUTES[route]: weight for route, weight in load.mix.items() if weight > 0},
        keys=scenario.cache or "any",
        records=scenario.topology.database.records,
        hot_set_keys=load.hot_set_keys,
        draw_seed=scenario.seed,
        window_start_s=load.window_start_s,
        load_duration_s=load.duration_s,
        longest_age_s=_longest_age_s(scenario),
        has_fine_timeline=bool(scenario.faults),
        answer_timeout_s=_answer_timeout_s(scenario),
    )


def hot_paths(scenario: Scenario) -> tuple[str, ...]:
    """What is asked for before a hit scenario: each hot key on each route."""
    keys = hot_set(scenario.topology.database.records, scenario.load.hot_set_keys, scenario.seed)
    routes = [route for route in behaviour_of_scenario(scenario).mix if route in _PROOFS]
    return tuple(f"{route}?key={key}" for route in routes for key in keys)


def _own_plan(scenario: Scenario, base_url: str) -> LoadPlan:
    load = scenario.load
    mix = behaviour_of_scenario(scenario).mix
    return LoadPlan(
        requests=tuple(
            RequestTemplate(
                name=route,
                url=f"{base_url}{route}?key={{key}}",
                weight=weight,
                proof=_PROOFS[route],
                longest_age_s=_longest_age_s(scenario),
            )
            for route, weight in mix.items()
        ),
        load=_paced(scenario),
        duration_s=load.duration_s,
        warm_up_s=load.window_start_s,
        drain_limit_s=load.drain_limit_s,
        timeout_s=_answer_timeout_s(scenario),
        has_fine_timeline=bool(scenario.faults),
        connections=load.users if load.is_closed else load.connections,
        keys=_keys(scenario),
        seed=scenario.seed,
    )


def _paced(scenario: Scenario) -> OpenLoad | ClosedLoad:
    load = scenario.load
    if load.is_closed:
        return ClosedLoad(
            users=load.users,
            think_time_min_s=load.think_time_min_s,
            think_time_max_s=load.think_time_max_s,
            spawn_rate_per_s=load.spawn_rate_per_s,
        )
    return OpenLoad(
        rate_per_s=load.rate_per_s or 0.0,
        shape=load.shape,
        is_poisson=load.arrivals == "poisson",
        rates_per_s=load.rates_per_s,
        spike_start_s=load.spike_start_s,
        spike_length_s=load.spike_length_s,
    )


def _keys(scenario: Scenario) -> KeyPlan:
    records = scenario.topology.database.records
    if scenario.cache == "miss":
        return KeyPlan(distribution="unique", count=records)
    if scenario.cache == "hit":
        return KeyPlan(distribution="listed", listed=hot_set(records, scenario.load.hot_set_keys, scenario.seed))
    count = scenario.load.key_count or records
    return KeyPlan(distribution=scenario.load.keys, count=count, exponent=scenario.load.zipf_exponent)


def _longest_age_s(scenario: Scenario) -> float:
    """Jitter only ever shortens a time to live; beyond it an answer may stand in for a service that fails."""
    gateway = scenario.topology.api_gateway
    return gateway.cache_ttl_s + gateway.cache_stale_if_error_s


def _answer_timeout_s(scenario: Scenario) -> float:
    return scenario.load.answer_timeout_s or scenario.topology.load_balancer.response_timeout_s + ANSWER_MARGIN_S
