"""HAProxy and three gateways, answered from memory, both cores shared with the generator; and what a stack costs."""

from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import wrk
from benchmarks.comparison import Figure, Goal, Row, Section
from benchmarks.own_load import run_load
from benchmarks.processes import resident_mib
from benchmarks.stack import RunningStack, running_stack
from benchmarks.works.hit import TOKENS
from benchmarks.works.plan import Pace

GATEWAYS = 3
KEYS = 20
GOAL_PER_S = 10_000
HALF_OF_THE_GOAL = GOAL_PER_S // 2
_STOP = 3
"""Seconds of the latency measurement beyond the other ones."""


def measure_whole_stack(folder: Path, pace: Pace) -> list[Section]:
    """Two sections: the hits, and time and memory."""
    settings = ["api_gateway.cache_ttl_s=3600"]
    with running_stack(folder, gateways=GATEWAYS, settings=settings) as stack:
        resting_mib = resident_mib(stack.pids)
        hits = _hits(stack, folder, pace)
        loaded_mib = resident_mib(stack.pids)
    footprint = Section(
        f"`scalelab up --gateways {GATEWAYS}`",
        (
            Row("until ready", Figure.of([stack.ready_after_s]), "s", Goal(8, "below")),
            Row("resident memory of the whole stack, at rest", Figure.of([resting_mib]), "MiB", Goal(900, "below")),
            Row("the same after the load", Figure.of([loaded_mib]), "MiB"),
        ),
        ("Memory is the sum over all processes, pages that they share counted for each.",),
    )
    return [hits, footprint]


def _hits(stack: RunningStack, folder: Path, pace: Pace) -> Section:
    tokens = stack.sign(folder / "stack-tokens", TOKENS)

    def saturate(duration_s: int) -> float:
        return wrk.measure(stack.url, tokens, duration_s, stack.pids, keys=str(KEYS), is_pinned=False).rate_per_s

    saturate(3 * pace.warm_up_s)
    rates = [saturate(pace.duration_s) for _ in range(pace.rounds)]
    _at_rate(
        stack, tokens.file, HALF_OF_THE_GOAL, pace
    )  # its heads are others than wrk's: each takes the long way once
    return Section(
        f"Whole stack: HAProxy and {GATEWAYS} gateways, hit, both cores shared with the generator",
        (
            Row("saturated by wrk", Figure.of(rates), "requests/s", Goal(GOAL_PER_S)),
            _p99(stack, tokens.file, HALF_OF_THE_GOAL, pace, Goal(20, "below"), "half of the goal"),
            _p99(stack, tokens.file, round(median(rates) / 2), pace, None, "half of what was measured"),
        ),
        (f"{wrk.CONNECTIONS} connections, {TOKENS} tokens (EdDSA), {KEYS} keys; 1 % of access lines, as shipped.",),
    )


def _p99(stack: RunningStack, tokens: Path, rate: int, pace: Pace, goal: Goal | None, which: str) -> Row:
    answers = [_at_rate(stack, tokens, rate, pace) for _ in range(pace.rounds)]
    verdicts = sorted({str(answer["validity"]) for answer in answers})
    return Row(
        f"p99 at {rate:,} requests/s, {which}",
        Figure.of([1000 * float(answer["latency_intended_s"]["p99"]) for answer in answers]),
        "ms",
        goal,
        remark=f"open loop, from the intended start; validity: {', '.join(verdicts)}",
    )


def _at_rate(stack: RunningStack, tokens: Path, rate: int, pace: Pace) -> dict[str, Any]:
    duration_s = pace.duration_s + _STOP
    options = ["--rate", str(rate), "--duration", f"{duration_s}", "--warm-up", "1", "--token-file", str(tokens)]
    keys = ["--keys", f"uniform:{KEYS}", "--connections", str(wrk.CONNECTIONS)]
    return run_load(f"{stack.url}/data?key={{key}}", [*options, *keys], is_pinned=False)
