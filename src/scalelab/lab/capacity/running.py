"""Makes the trials, one after the other, until the search has its answer or the time is up."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from scalelab.lab.capacity.objective import judge_trial, trial_window_s
from scalelab.lab.capacity.search import Estimate, Finished, Limits, Trial, estimate_of, next_step
from scalelab.lab.load.criteria import Criterion
from scalelab.lab.load.honesty import judged
from scalelab.lab.load.plan import LoadPlan, OpenLoad
from scalelab.lab.load.processes import LoadOutcome, run_load
from scalelab.lab.load.result import at_least, result_of

WARM_UP_S = 1.0
PAUSE_S = 0.5
_SEED_STEP = 7919

Ended = Literal["precise", "at-most", "at-least", "generator", "budget", "no-answer", "interrupted"]
"""`no-answer`: the first trial had not one good answer; lower rates would have none either."""
RunLoad = Callable[[LoadPlan], LoadOutcome]


@dataclass(frozen=True)
class CapacityAnswer:
    """Everything that was tried, and what it says."""

    ended: Ended
    estimate: Estimate | None
    trials: tuple[Trial, ...]
    elapsed_s: float


@dataclass(frozen=True)
class CapacityQuestion:
    """What is looked for, and how."""

    plan: LoadPlan
    """What to ask for; its load and duration are the trials'."""
    criteria: tuple[Criterion, ...]
    limits: Limits
    trial_s: float
    """Shortest measured time of a trial."""
    budget_s: float
    is_poisson: bool = False


def find_capacity(
    question: CapacityQuestion,
    *,
    prepare: Callable[[], None] = lambda: None,
    told: Callable[[Trial], None] = lambda _trial: None,
    load: RunLoad = run_load,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> CapacityAnswer:
    """Look for it.

    Args:
        question: what, and how.
        prepare: called before each trial: brings the system back to where trials start from.
        told: hears of each trial.
        load: runs one.
        monotonic: the clock of the budget.
        sleep: waits between trials.

    Raises:
        UnresolvedError: a host has no address.
        GeneratorFailedError: a generator did not start.
    """
    began_s, trials = monotonic(), list[Trial]()
    while True:
        step = next_step(trials, question.limits)
        if isinstance(step, Finished):
            return CapacityAnswer(step.end, step.estimate, tuple(trials), monotonic() - began_s)
        window_s = trial_window_s(question.criteria, step.rate_per_s, question.trial_s)
        if trials and monotonic() - began_s + window_s + WARM_UP_S > question.budget_s:
            return CapacityAnswer("budget", estimate_of(trials), tuple(trials), monotonic() - began_s)
        if trials:
            sleep(PAUSE_S)
        prepare()
        outcome = load(_trial_plan(question, step.rate_per_s, window_s, len(trials)))
        if outcome.is_interrupted:
            return CapacityAnswer("interrupted", estimate_of(trials), tuple(trials), monotonic() - began_s)
        trials.append(_judged(question.criteria, step.rate_per_s, outcome))
        told(trials[-1])
        if len(trials) == 1 and not outcome.tally.counts["completed"]:
            return CapacityAnswer("no-answer", None, tuple(trials), monotonic() - began_s)


def _trial_plan(question: CapacityQuestion, rate_per_s: float, window_s: float, number: int) -> LoadPlan:
    return question.plan.model_copy(
        update={
            "load": OpenLoad(rate_per_s=rate_per_s, is_poisson=question.is_poisson),
            "duration_s": WARM_UP_S + window_s,
            "warm_up_s": WARM_UP_S,
            "seed": question.plan.seed + _SEED_STEP * number,
        }
    )


def _judged(criteria: Sequence[Criterion], rate_per_s: float, outcome: LoadOutcome) -> Trial:
    result = judged(result_of(outcome), outcome)
    return judge_trial(criteria, rate_per_s, result, at_least(outcome.tally))
