"""One repetition of one scenario, from a system in any state to a record on disk.

Told in steps: prepare, measure, write down. What was measured is written down however the run ends.
"""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from scalelab.contracts.stack_view import StackView
from scalelab.lab.fault_injection import Injector, injecting
from scalelab.lab.load.drivers import run_driver
from scalelab.lab.preparation import PreparationError, fill_cache, flush_cache, wait_until_quiet
from scalelab.lab.probes.recorder import ProbeTarget, probing
from scalelab.lab.probes.rows import PROBES_FILE
from scalelab.lab.record_building import Circumstances, build_record
from scalelab.lab.results.measured_files import read_measured, read_tasks
from scalelab.lab.results.recording import FAULTS_FILE, TimelineRow
from scalelab.lab.results.run_directory import RunDirectory, ScenarioContext
from scalelab.lab.results.run_record import RunRecord
from scalelab.lab.scenario_load import hot_paths, measured_load, warm_up_load
from scalelab.lab.server_counts import acknowledged_outcomes, answered_between, good_answers, task_executions
from scalelab.lab.system import SystemGoneError, SystemUnderTest

TASKS_LIMIT_S = 30.0
"""Longest wait for tasks after the load."""


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
        circumstances.is_start_quiet = True
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
    end = run_driver(warm_up_load(context.scenario, view, directory))
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
    load = measured_load(scenario, view, directory)
    progress.phase("measuring", scenario.load.duration_s)
    target = ProbeTarget(view)
    hands_in_tasks = scenario.load.mix.get("longtask", 0) > 0
    answered_before = good_answers(view)
    executed_before = task_executions(view) if hands_in_tasks else None
    with (
        probing(target, directory / PROBES_FILE),
        injecting(scenario.faults, system, directory / FAULTS_FILE) as injector,
    ):
        end = run_driver(load, _Follower(target, progress, injector))
    circumstances.trouble = end.trouble
    if not scenario.faults:  # a gateway that was started again has lost its count
        circumstances.server_answers = answered_between(answered_before, good_answers(view))
    if hands_in_tasks:
        progress.phase("waiting for the tasks that were handed in", None)
        _wait_for_tasks(view)
        circumstances.task_executions = answered_between(executed_before, task_executions(view))
        circumstances.task_outcomes = acknowledged_outcomes(view, read_tasks(directory))
    circumstances.machine_busy_ratio = target.cost.busy_rounds / target.cost.rounds if target.cost.rounds else None
    if not scenario.faults:
        circumstances.system_faults = system_faults(view, system)
    progress.note(str(target.cost))


def _wait_for_tasks(view: StackView) -> None:
    """What is still under way at the limit is not counted, which may hide a fault, and invents none."""
    with suppress(PreparationError):
        wait_until_quiet(view, TASKS_LIMIT_S)


@dataclass(frozen=True)
class _Follower:
    """Hands on what the load driver tells."""

    target: ProbeTarget
    progress: ScenarioProgress
    injector: Injector

    def started(self, pid: int) -> None:
        self.target.generator_pid = pid

    def began(self, started_at_unix_s: float) -> None:
        self.injector.load_began(time.time() - started_at_unix_s)

    def second(self, row: TimelineRow) -> None:
        self.progress.second(row)


def _write_down(
    context: ScenarioContext, directory: Path, run_directory: RunDirectory, circumstances: Circumstances
) -> RunRecord:
    record = build_record(context, read_measured(directory), circumstances)
    run_directory.write_record(record)
    return record


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
