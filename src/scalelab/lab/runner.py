"""Runs an experiment: one scenario after the other, each written down before the next begins.

Knows no deployment: a system is given for each scenario's topology. Never overwrites a result.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Protocol

from scalelab.contracts.topology import Topology
from scalelab.lab.analysis.prediction import predict_scenario
from scalelab.lab.next_size import predict_sweeps, prediction_sentences
from scalelab.lab.plan import Plan, Scenario
from scalelab.lab.report.scenario_figures import figures_of_run
from scalelab.lab.results.manifest import Manifest, git_revision, make_manifest, planned_runs, this_host
from scalelab.lab.results.reading import read_run
from scalelab.lab.results.run_directory import RunDirectory, ScenarioContext
from scalelab.lab.results.run_record import Prediction, RunRecord
from scalelab.lab.scenario_load import behaviour_of_scenario
from scalelab.lab.scenario_run import ScenarioProgress, run_scenario
from scalelab.lab.stopping import StoppingRule, reason_to_end
from scalelab.lab.system import SystemUnderTest

SEED_STEP = 1_000_003
"""Between repetitions, so that each draws its own keys and waits."""


class Systems(Protocol):
    """Provides a system for a topology."""

    def system_for(self, topology: Topology) -> SystemUnderTest:
        """A running system with this topology, the number of gateways aside. May start or restart one.

        Raises:
            SystemGoneError: it could not be had.
        """


class RunProgress(ScenarioProgress, Protocol):
    """Is told what happens; returns at once."""

    def began(self, directory: Path, runs: int) -> None:
        """The run has its directory; it has so many scenario repetitions. Told again when there are more."""

    def scenario(self, number: int, scenario: Scenario, repetition: int) -> None:
        """A scenario begins; the first has number 1."""

    def ended(self, reason: str) -> None:
        """An open number of repetitions came to its end."""


def run_experiment(
    plan: Plan,
    systems: Systems,
    results: Path,
    progress: RunProgress,
    *,
    is_quick: bool = False,
    engines: Mapping[str, str] | None = None,
    until: StoppingRule | None = None,
) -> tuple[RunRecord, ...]:
    """Run everything in the plan's order, block by block.

    Args:
        plan: what to run.
        systems: where systems come from.
        results: the run's directory is made in it.
        progress: hears of every step.
        is_quick: for the manifest.
        engines: versions of foreign programs, for the manifest.
        until: repeat blocks until it says so, instead of as often as the plan has it.

    Raises:
        KeyboardInterrupt: interrupted; what was measured is on disk.
        OSError: the results cannot be written.
    """
    systems.system_for(plan.block(1)[0].topology)  # nothing is written before there is something to measure
    started_at = datetime.now(UTC)
    manifest = make_manifest(
        plan,
        started_at,
        is_quick=is_quick,
        engines=engines or {},
        host=this_host(),
        git=git_revision(Path(__file__).parent),
    )
    if until is not None:
        manifest = manifest.model_copy(update={"order": (), "until": str(until)})
    directory = RunDirectory.create(results, manifest, started_at)
    if until is None:
        progress.began(directory.path, len(manifest.order))
        runs = enumerate(plan.order(), start=1)
    else:
        runs = enumerate(_open_order(plan, until, directory, manifest, progress), start=1)
    records: list[RunRecord] = []
    for number, (repetition, scenario) in runs:
        if scenario in plan.verifying:
            _predict(plan, repetition, records, directory, progress)
        records.append(_run_one(plan, number, repetition, scenario, directory, systems, progress))
    return tuple(records)


def _predict(
    plan: Plan, repetition: int, records: Sequence[RunRecord], directory: RunDirectory, progress: RunProgress
) -> None:
    """Once a block, from its sweep alone: nothing that is verified can have been looked at."""
    if directory.has_predictions(repetition):
        return
    sizes = plan.experiment.verify.gateways if plan.experiment.verify is not None else ()
    block = [record for record in records if record.repetition == repetition]
    predictions = predict_sweeps(block, sizes)
    for sentence in prediction_sentences(predictions):
        progress.note(sentence)
    directory.write_predictions(repetition, predictions)


def _run_one(
    plan: Plan,
    number: int,
    repetition: int,
    scenario: Scenario,
    directory: RunDirectory,
    systems: Systems,
    progress: RunProgress,
) -> RunRecord:
    progress.scenario(number, scenario, repetition)
    if number > 1 and plan.experiment.cool_down_s > 0:
        progress.phase("cooling down", plan.experiment.cool_down_s)
        time.sleep(plan.experiment.cool_down_s)
    context = scenario_context(plan, scenario, repetition, datetime.now(UTC))
    return run_scenario(context, directory, systems.system_for(scenario.topology), progress)


def _open_order(
    plan: Plan, until: StoppingRule, directory: RunDirectory, manifest: Manifest, progress: RunProgress
) -> Iterator[tuple[int, Scenario]]:
    """Block after block, each in the manifest before it begins, until the rule ends it."""
    begin_s = time.monotonic()
    for repetition in count(1):
        block = [(repetition, scenario) for scenario in plan.block(repetition)]
        manifest = manifest.model_copy(update={"order": (*manifest.order, *planned_runs(block))})
        directory.write_manifest(manifest)
        progress.began(directory.path, len(manifest.order))
        yield from block
        figures = figures_of_run(read_run(directory.path))
        reason = reason_to_end(until, figures, repetition, time.monotonic() - begin_s)
        if reason:
            directory.write_manifest(manifest.model_copy(update={"ended": reason}))
            progress.ended(reason)
            return


def scenario_context(plan: Plan, scenario: Scenario, repetition: int, started_at: datetime) -> ScenarioContext:
    """What is about to be measured, and what theory expects of it."""
    seeded = scenario.model_copy(update={"seed": scenario.seed + SEED_STEP * (repetition - 1)})
    return ScenarioContext(
        experiment=plan.experiment.name,
        repetition=repetition,
        started_at=started_at.isoformat(timespec="seconds"),
        scenario=seeded,
        prediction=_prediction(seeded),
    )


def _prediction(scenario: Scenario) -> Prediction | None:
    """None for an open load, and for one that does more than read: there is no model of it."""
    load = scenario.load
    if not load.is_closed or any(load.mix.get(route, 0.0) > 0 for route in ("write", "longtask")):
        return None
    mix = behaviour_of_scenario(scenario).mix
    return predict_scenario(scenario.topology, load.users, load.think_time_mean_s, mix, scenario.cache)
