"""What a plan will do and how long that takes, told before anything starts. Pure; the overheads were measured.

Measured on two cores: a stack is up in 5 s, and preparing, probing and writing down take 6 s beside the loads.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scalelab.contracts.topology import Topology
from scalelab.lab.analysis.prediction import predict_scenario
from scalelab.lab.plan import Plan, Scenario
from scalelab.lab.scenario_load import behaviour_of_scenario

START_S = 5.5
STOP_S = 1.0
OVERHEAD_S = 6.0


@dataclass(frozen=True)
class PlannedStep:
    """One run, in the order of the plan."""

    number: int
    repetition: int
    scenario: Scenario
    is_predicted_first: bool
    """Measured only after it was predicted from the runs before it."""
    expected_s: float


def planned_steps(plan: Plan) -> tuple[PlannedStep, ...]:
    """Every run, with its share of the time: the start of a stack belongs to the run that needs another one."""
    return tuple(_steps(plan))


def duration_text(seconds: float) -> str:
    """`45 s`, `6 min`, `1 h 20 min`."""
    if seconds < 90:  # noqa: PLR2004  a minute and a half is still told in seconds
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004  in an hour


def _steps(plan: Plan) -> Iterator[PlannedStep]:
    before: Topology | None = None
    for number, (repetition, scenario) in enumerate(plan.order(), start=1):
        expected_s = run_s(scenario)
        if before is None or not is_same_stack(before, scenario.topology):
            expected_s += START_S if before is None else STOP_S + START_S
        if number > 1:
            expected_s += plan.experiment.cool_down_s
        before = scenario.topology
        yield PlannedStep(number, repetition, scenario, scenario in plan.verifying, expected_s)


def run_s(scenario: Scenario) -> float:
    """Warm-up, load and drain: what is still in a queue at the end of the load is waited for."""
    load = scenario.load
    warm_up_s = scenario.warm_up.duration_s + 3.0 if scenario.warm_up.duration_s > 0 else 0.0
    return OVERHEAD_S + warm_up_s + load.duration_s + min(load.drain_limit_s, _response_s(scenario))


def is_same_stack(running: Topology, wanted: Topology) -> bool:
    """Whether a running stack needs no more than another number of gateways."""
    return _with_one_gateway(running) == _with_one_gateway(wanted)


def _with_one_gateway(topology: Topology) -> Topology:
    return topology.model_copy(update={"api_gateway": topology.api_gateway.model_copy(update={"replicas": 1})})


def total_s(steps: Sequence[PlannedStep]) -> float:
    """Of the whole plan."""
    return sum(step.expected_s for step in steps) + STOP_S


def _response_s(scenario: Scenario) -> float:
    load = scenario.load
    if not load.is_closed:
        return 0.0
    mix = behaviour_of_scenario(scenario).mix
    prediction = predict_scenario(scenario.topology, load.users, load.think_time_mean_s, mix, scenario.cache)
    return prediction.response_mean_s if prediction is not None else 0.0
