"""`scalelab capacity URL --slo "p99 < 200 ms"`: the highest rate that keeps it, with an interval."""

import json
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from scalelab.cli.capacity_target import CapacityTarget, stack_target
from scalelab.cli.consoles import is_quiet
from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.load_options import DEFAULT_CONNECTIONS, LoadOptions, plan_of
from scalelab.cli.load_texts import TOKEN_VARIABLE
from scalelab.cli.load_workers import WorkersOption, WorkersSecretOption, processes_of, workers_of
from scalelab.lab.capacity.objective import ObjectiveTextError, parse_objective, trial_window_s
from scalelab.lab.capacity.running import WARM_UP_S, CapacityAnswer, CapacityQuestion, find_capacity
from scalelab.lab.capacity.search import Limits, Trial
from scalelab.lab.capacity.telling import document_of, sentences_of
from scalelab.lab.load.connector import UnresolvedError
from scalelab.lab.load.criteria import Criterion
from scalelab.lab.load.processes import GeneratorFailedError, WorkerFailedError, run_load
from scalelab.lab.load.workers.addresses import Workers
from scalelab.lab.plan_time import duration_text
from scalelab.lab.preparation import PreparationError
from scalelab.lab.stopping import StoppingRuleError, parse_budget_s

LEAST_PER_S = 0.5
_WORDS = {"meets": "meets it", "fails": "fails", "generator": "cannot be made"}


def capacity(  # noqa: PLR0917  one parameter for each option, as Typer has it
    urls: Annotated[list[str] | None, typer.Argument(metavar="URL", help="http or https; several are a mix.")] = None,
    slo: Annotated[
        str, typer.Option("--slo", metavar="TEXT", help="What must hold: 'p99 < 200 ms, errors < 0.1 %'.")
    ] = "p99 < 200 ms, errors < 0.1 %",
    on_running: Annotated[
        str | None,
        typer.Option("--on-running", metavar="NAME", help="A running stack instead of a URL.", show_default=False),
    ] = None,
    cache: Annotated[
        str, typer.Option("--cache", metavar="miss|hit", help="Of a stack: every request misses, or all hit.")
    ] = "miss",
    start: Annotated[float, typer.Option("--start", help="First rate, requests/s.")] = 10.0,
    most: Annotated[float, typer.Option("--most", help="Highest rate to try.")] = 50_000.0,
    precision: Annotated[float, typer.Option("--precision", help="Half the interval, in percent.")] = 2.5,
    trial: Annotated[float, typer.Option("--trial", help="Seconds that one trial measures, at least.")] = 6.0,
    budget: Annotated[str, typer.Option("--budget", metavar="10m", help="Longest time for all.")] = "10m",
    at_least: Annotated[
        float | None,
        typer.Option("--at-least", help="Exit 4 when the capacity is surely lower.", show_default=False),
    ] = None,
    poisson: Annotated[bool, typer.Option("--poisson", help="Arrivals by chance instead of evenly spaced.")] = False,
    requests: Annotated[Path | None, typer.Option("--requests", metavar="FILE", help="A mix, as TOML.")] = None,
    header: Annotated[list[str] | None, typer.Option("--header", help="'Name: value'. Repeatable.")] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help=f"Bearer tokens, one a line; or {TOKEN_VARIABLE}.")
    ] = None,
    keys: Annotated[str | None, typer.Option("--keys", help="For {key}: uniform:N, unique:N, zipf:N:EXP.")] = None,
    connections: Annotated[int, typer.Option("--connections", min=1, help="At most so many.")] = DEFAULT_CONNECTIONS,
    processes: Annotated[int, typer.Option("--processes", min=1, help="Generator processes of each machine.")] = 1,
    workers: WorkersOption = None,
    workers_secret_file: WorkersSecretOption = None,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds for one request.")] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="Of arrivals, keys and choices.")] = 1,
) -> int:
    """Find the highest rate that meets an SLO: double until it fails, then bisect with repeated trials."""
    criteria = _criteria(slo)
    _check(start, most, precision, trial)
    if (on_running is None) == (not urls and requests is None):
        raise CommandError("say what to ask: a URL, --requests FILE, or --on-running NAME", ExitCode.USAGE)
    machines = workers_of(workers, workers_secret_file)
    options = LoadOptions(
        urls=tuple(urls or ()),
        rate_per_s=start,
        headers=tuple(header or ()),
        token_file=token_file,
        request_file=requests,
        keys=keys,
        connections=connections,
        processes=processes_of(machines, processes),
        timeout_s=timeout,
        seed=seed,
    )
    target = (
        CapacityTarget(plan_of(options)) if on_running is None else stack_target(on_running, _cache(cache), options)
    )
    question = CapacityQuestion(
        plan=target.plan,
        criteria=criteria,
        limits=Limits(start, most, min(LEAST_PER_S, start), precision / 100),
        trial_s=trial,
        budget_s=_budget_s(budget),
        is_poisson=poisson,
    )
    _demand_time_for_one(question)
    answer = _find(question, target.prepare, machines, is_silent=as_json or is_quiet(os.environ))
    if as_json:
        print(json.dumps(document_of(answer, slo), indent=2))
    else:
        print("\n".join(sentences_of(answer, slo)))
    return exit_code_of(answer, at_least)


def exit_code_of(answer: CapacityAnswer, at_least_per_s: float | None) -> ExitCode:
    """Interrupted; surely lower than asked; an answer that is none, or cannot decide; done."""
    estimate = answer.estimate
    if answer.ended == "interrupted":
        return ExitCode.INTERRUPTED
    if at_least_per_s is not None:
        if answer.ended == "at-most" or (
            estimate is not None and answer.ended in {"precise", "budget"} and estimate.high_per_s < at_least_per_s
        ):
            return ExitCode.CRITERION_FAILED
        is_sure = estimate is not None and estimate.low_per_s >= at_least_per_s
        return ExitCode.DONE if is_sure else ExitCode.NOT_VALID
    return ExitCode.DONE if answer.ended == "precise" else ExitCode.NOT_VALID


def trial_line(trial: Trial, left_s: float) -> str:
    """What came of a trial, and what is left of the budget: the search may end sooner."""
    left = f"; at most {duration_text(left_s)} left" if left_s > 0 else ""
    return f"{trial.rate_per_s:>10,.1f}/s  {_WORDS[trial.outcome]}: {trial.reason}{left}"


def _find(
    question: CapacityQuestion, prepare: Callable[[], None], workers: Workers | None, *, is_silent: bool
) -> CapacityAnswer:
    ends_s = time.monotonic() + question.budget_s

    def told(trial: Trial) -> None:
        if not is_silent:
            print(trial_line(trial, ends_s - time.monotonic()), flush=True)

    try:
        return find_capacity(question, prepare=prepare, told=told, load=partial(run_load, workers=workers))
    except (UnresolvedError, WorkerFailedError) as error:
        raise CommandError(str(error), ExitCode.USAGE) from error
    except (GeneratorFailedError, PreparationError) as error:
        raise CommandError(str(error), ExitCode.UNEXPECTED) from error


def _criteria(slo: str) -> tuple[Criterion, ...]:
    try:
        return parse_objective(slo)
    except ObjectiveTextError as error:
        raise CommandError(f"--slo {error}", ExitCode.USAGE) from error


def _budget_s(text: str) -> float:
    try:
        return parse_budget_s(text)
    except StoppingRuleError as error:
        raise CommandError(str(error), ExitCode.USAGE) from error


def _cache(text: str) -> Literal["miss", "hit"]:
    if text == "miss":
        return "miss"
    if text == "hit":
        return "hit"
    raise CommandError(f"--cache {text!r} is neither 'miss' nor 'hit'", ExitCode.USAGE)


def _demand_time_for_one(question: CapacityQuestion) -> None:
    """The first trial is at the lowest rate of the ascent, and so the longest of it."""
    start_per_s = question.limits.start_per_s
    needed_s = WARM_UP_S + trial_window_s(question.criteria, start_per_s, question.trial_s)
    if needed_s > question.budget_s:
        raise CommandError(
            f"--budget {question.budget_s:g}s is too short: at --start {start_per_s:g} requests/s the first trial "
            f"takes {needed_s:.0f} s, until its percentiles can be told; raise one of them",
            ExitCode.USAGE,
        )


def _check(start: float, most: float, precision: float, trial: float) -> None:
    faults = {
        f"--start {start:g} must be above 0 requests/s": start <= 0,
        f"--most {most:g} must be at least --start {start:g}": most < start,
        f"--precision {precision:g} must be from 0.5 to 50 percent": not 0.5 <= precision <= 50,  # noqa: PLR2004
        f"--trial {trial:g} must be at least 1 s": trial < 1,
    }
    if wrong := [fault for fault, is_so in faults.items() if is_so]:
        raise CommandError("; ".join(wrong), ExitCode.USAGE)
