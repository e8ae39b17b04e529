"""One repetition of one scenario, from a system in any state to a record on disk.

Told in steps: prepare, measure, write down. What was measured is written down however the run ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from scalelab.contracts.http_names import DATA_PATH, PROCESS_PATH
from scalelab.contracts.stack_view import StackView
from scalelab.lab.experiment import RouteName
from scalelab.lab.load.locust_acts import TASK_ROUTE, WRITE_ROUTE
from scalelab.lab.load.locust_driver import LocustLoad, run_locust
from scalelab.lab.load.locust_keys import hot_set
from scalelab.lab.load.locust_options import UserBehaviour
from scalelab.lab.plan import Scenario
from scalelab.lab.preparation import PreparationError, fill_cache, flush_cache, wait_until_quiet
from scalelab.lab.probes.recorder import ProbeTarget, probing
from scalelab.lab.probes.rows import PROBES_FILE
from scalelab.lab.record_building import Circumstances, build_record
from scalelab.lab.results.measured_files import read_measured
from scalelab.lab.results.recording import TimelineRow
from scalelab.lab.results.run_directory import RunDirectory, ScenarioContext
from scalelab.lab.results.run_record import RunRecord
from scalelab.lab.system import SystemGoneError, SystemUnderTest

ANSWER_MARGIN_S = 10.0
"""The client waits so much longer than the balancer, so that it is the balancer that answers."""
_ROUTES: Mapping[RouteName, str] = {
    "data": DATA_PATH,
    "process": PROCESS_PATH,
    "write": WRITE_ROUTE,
    "longtask": TASK_ROUTE,
}
WARM_UP = "warm_up"
WARM_UP_SEED_STEP = 7919
"""Keeps the warm-up's keys apart from the scenario's."""


class ScenarioProgress(Protocol):
    """Is told what happens; returns at once."""

    def phase(self, text: str, expected_s: float | None) -> None:
        """A new step begins, and how long it should take."""

    def second(self, row: TimelineRow) -> None:
        """A second of the measured load is over."""

    def note(self, text: str) -> None:
        """Something a person should know."""

    def finished(self, record: RunRecord) -> None:
        """It is over, and on disk."""


def run_scenario(
    context: ScenarioContext, run_directory: RunDirectory, system: SystemUnderTest, progress: ScenarioProgress
) -> RunRecord:
    """Run it and write everything down.

    Raises:
        KeyboardInterrupt: the run was interrupted; what was measured is on disk as partial.
    """
    directory = run_directory.open_repetition(context)
    circumstances = Circumstances()
    try:
        view = _prepare(context, directory, system, progress)
        _measure(context, directory, system, view, progress, circumstances)
    except PreparationError as error:
        circumstances.trouble = str(error)
    except SystemGoneError as error:
        circumstances.system_faults = (str(error),)
    except BaseException:
        circumstances.is_partial, circumstances.trouble = True, "interrupted"
        progress.finished(_write_down(context, directory, run_directory, circumstances))
        raise
    record = _write_down(context, directory, run_directory, circumstances)
    progress.finished(record)
    return record


def _prepare(
    context: ScenarioContext, directory: Path, system: SystemUnderTest, progress: ScenarioProgress
) -> StackView:
    scenario = context.scenario
    progress.phase(f"scaling to {scenario.title}", None)
    view = system.scale("api_gateway", scenario.gateways)
    progress.phase("waiting until nothing is under way", None)
    wait_until_quiet(view)
    flush_cache(view)
    if scenario.warm_up.duration_s > 0:
        progress.phase("warming up", scenario.warm_up.duration_s)
        _warm_up(context, directory, view)
        progress.phase("waiting until nothing is under way", None)
        wait_until_quiet(view)
        flush_cache(view)
    if scenario.cache == "hit":
        progress.phase("filling the cache", None)
        fill_cache(view, hot_paths(scenario))
    return view


def _warm_up(context: ScenarioContext, directory: Path, view: StackView) -> None:
    scenario = context.scenario
    load = LocustLoad(
        base_url=view.url,
        accounts=view.load_accounts or (view.login,),
        users=scenario.warm_up.users,
        spawn_rate_per_s=scenario.warm_up.users,
        duration_s=scenario.warm_up.duration_s,
        drain_limit_s=scenario.load.drain_limit_s,
        behaviour=behaviour_of_scenario(scenario).model_copy(
            update={"keys": "miss", "draw_seed": scenario.seed + WARM_UP_SEED_STEP, "window_start_s": 0.0}
        ),
        directory=directory / WARM_UP,
        csv_prefix=WARM_UP,
    )
    end = run_locust(load)
    if end.trouble:
        raise PreparationError(f"warm-up: {end.trouble}")


def _measure(
    context: ScenarioContext,
    directory: Path,
    system: SystemUnderTest,
    view: StackView,
    progress: ScenarioProgress,
    circumstances: Circumstances,
) -> None:
    scenario = context.scenario
    load = LocustLoad(
        base_url=view.url,
        accounts=view.load_accounts or (view.login,),
        users=scenario.load.users,
        spawn_rate_per_s=scenario.load.spawn_rate_per_s,
        duration_s=scenario.load.duration_s,
        drain_limit_s=scenario.load.drain_limit_s,
        behaviour=behaviour_of_scenario(scenario),
        directory=directory,
        csv_prefix=scenario.name,
    )
    progress.phase("measuring", scenario.load.duration_s)
    target = ProbeTarget(view)
    with probing(target, directory / PROBES_FILE):
        end = run_locust(load, _Follower(target, progress))
    circumstances.trouble = end.trouble
    circumstances.machine_busy_ratio = target.cost.busy_rounds / target.cost.rounds if target.cost.rounds else None
    circumstances.system_faults = system_faults(view, system)
    progress.note(str(target.cost))


@dataclass(frozen=True)
class _Follower:
    """Hands on what the load driver tells."""

    target: ProbeTarget
    progress: ScenarioProgress

    def started(self, pid: int) -> None:
        self.target.generator_pid = pid

    def second(self, row: TimelineRow) -> None:
        self.progress.second(row)


def _write_down(
    context: ScenarioContext, directory: Path, run_directory: RunDirectory, circumstances: Circumstances
) -> RunRecord:
    record = build_record(context, read_measured(directory), circumstances)
    run_directory.write_record(record)
    return record


def behaviour_of_scenario(scenario: Scenario) -> UserBehaviour:
    """How its users behave."""
    load, gateway = scenario.load, scenario.topology.api_gateway
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
        longest_age_s=gateway.cache_ttl_s * (1 + gateway.cache_ttl_jitter),
        answer_timeout_s=scenario.topology.load_balancer.response_timeout_s + ANSWER_MARGIN_S,
    )


def hot_paths(scenario: Scenario) -> tuple[str, ...]:
    """What is asked for before a hit scenario: each hot key on each route."""
    keys = hot_set(scenario.topology.database.records, scenario.load.hot_set_keys, scenario.seed)
    routes = [route for route in behaviour_of_scenario(scenario).mix if route in {DATA_PATH, PROCESS_PATH}]
    return tuple(f"{route}?key={key}" for route in routes for key in keys)


def system_faults(before: StackView, system: SystemUnderTest) -> tuple[str, ...]:
    """Which parts of the system ended, or were started again, since `before`."""
    try:
        after = {service.instance: service for service in system.view().services}
    except SystemGoneError as error:
        return (str(error),)
    return tuple(
        f"{service.instance} (process {service.pid}) did not live through the load"
        for service in before.services
        if (now := after.get(service.instance)) is None or now.pid != service.pid or now.state == "failed"
    )
