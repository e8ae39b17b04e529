"""Runs an experiment: one scenario after the other, each written down before the next begins.

Knows no deployment: a system is given for each scenario's topology. Never overwrites a result.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from scalelab.contracts.topology import Topology
from scalelab.lab.analysis.prediction import predict_scenario
from scalelab.lab.plan import Plan, Scenario
from scalelab.lab.results.manifest import git_revision, make_manifest, this_host
from scalelab.lab.results.run_directory import RunDirectory, ScenarioContext
from scalelab.lab.results.run_record import Prediction, RunRecord
from scalelab.lab.scenario_run import ScenarioProgress, behaviour_of_scenario, run_scenario
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
        """The run has its directory; so many scenario repetitions are ahead."""

    def scenario(self, number: int, scenario: Scenario, repetition: int) -> None:
        """A scenario begins; the first has number 1."""


def run_experiment(
    plan: Plan,
    systems: Systems,
    results: Path,
    progress: RunProgress,
    *,
    is_quick: bool = False,
    engines: Mapping[str, str] | None = None,
) -> tuple[RunRecord, ...]:
    """Run everything in the plan's order.

    Args:
        plan: what to run.
        systems: where systems come from.
        results: the run's directory is made in it.
        progress: hears of every step.
        is_quick: for the manifest.
        engines: versions of foreign programs, for the manifest.

    Raises:
        KeyboardInterrupt: interrupted; what was measured is on disk.
        OSError: the results cannot be written.
    """
    order = plan.order()
    systems.system_for(order[0][1].topology)  # nothing is written before there is something to measure
    started_at = datetime.now(UTC)
    manifest = make_manifest(
        plan,
        started_at,
        is_quick=is_quick,
        engines=engines or {},
        host=this_host(),
        git=git_revision(Path(__file__).parent),
    )
    directory = RunDirectory.create(results, manifest, started_at)
    progress.began(directory.path, len(order))
    records = []
    for number, (repetition, scenario) in enumerate(order, start=1):
        progress.scenario(number, scenario, repetition)
        context = scenario_context(plan, scenario, repetition, datetime.now(UTC))
        records.append(run_scenario(context, directory, systems.system_for(scenario.topology), progress))
    return tuple(records)


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
    load = scenario.load
    mix = behaviour_of_scenario(scenario).mix
    return predict_scenario(scenario.topology, load.users, load.think_time_mean_s, mix, scenario.cache)
