"""Effects of a factorial experiment as a reader finds them. Pure; nothing is claimed while a cell is not valid."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scalelab.lab.analysis.effects import (
    Effect,
    EffectsError,
    Level,
    Observation,
    effects_of,
    level_means,
)
from scalelab.lab.fractions import confounded
from scalelab.lab.report import figures as shown
from scalelab.lab.report.scenario_figures import ScenarioFigures
from scalelab.lab.results.manifest import Manifest
from scalelab.lab.results.run_record import RunRecord

EFFECTS_HEAD = ("Change", "Requests/s", "95 % interval", "Mean response (ms)", "95 % interval (ms)", "Clear")
MEANING = (
    "An effect is the change of the mean over all other factors; an interaction is half the difference between what "
    "one factor does at the other's last and at its first level."
)


@dataclass(frozen=True)
class EffectsContent:
    """Empty when fewer than two factors vary."""

    rows: tuple[tuple[str, ...], ...]
    sentences: tuple[str, ...]
    throughput_by_level: dict[str, dict[Level, float]]
    """Factor -> level -> mean requests/s, for the plot."""


NO_EFFECTS = EffectsContent((), (), {})


def effects_content(scenarios: Sequence[ScenarioFigures], manifest: Manifest | None) -> EffectsContent:
    """Of a grid whose every cell is valid in every repetition."""
    records = [record for scenario in scenarios for record in scenario.records]
    doubtful = [scenario.title for scenario in scenarios if not scenario.is_valid]
    try:
        throughput = _observations(records, lambda record: record.throughput_per_s)
        by_throughput = effects_of(throughput)
    except EffectsError:
        return NO_EFFECTS
    if doubtful:
        return EffectsContent((), (f"No effects are claimed: {'; '.join(doubtful)} is not valid.",), {})
    times = _response_effects(records)
    rows = tuple(_row(rate, times.get(rate.name)) for rate in by_throughput)
    return EffectsContent(rows, tuple(_sentences(records, manifest)), level_means(throughput))


def _response_effects(records: Sequence[RunRecord]) -> dict[str, Effect]:
    """None where nothing was answered in a run: it has no mean, and one over the others is another mean."""
    response = _observations(records, lambda record: record.latency.mean_s)
    return {effect.name: effect for effect in effects_of(response)} if len(response) == len(records) else {}


def _observations(records: Sequence[RunRecord], value_of: Callable[[RunRecord], float | None]) -> list[Observation]:
    return [
        Observation(tuple(record.factors.items()), record.repetition, value)
        for record in records
        if (value := value_of(record)) is not None
    ]


def _row(rate: Effect, time: Effect | None) -> tuple[str, ...]:
    verdicts = {True: "yes", False: "no", None: shown.ABSENT}
    return (
        rate.name,
        f"{rate.value:+,.1f}",
        shown.ABSENT if rate.interval is None else f"{rate.interval.low:+,.1f} to {rate.interval.high:+,.1f}",
        shown.ABSENT if time is None else _milliseconds(time.value),
        shown.ABSENT
        if time is None or time.interval is None
        else f"{_milliseconds(time.interval.low)} to {_milliseconds(time.interval.high)}",
        verdicts[rate.is_clear],
    )


def _milliseconds(value_s: float) -> str:
    return f"{'-' if value_s < 0 else '+'}{shown.milliseconds(abs(value_s))}"


def _sentences(records: Sequence[RunRecord], manifest: Manifest | None) -> list[str]:
    told = [MEANING]
    if max(record.repetition for record in records) == 1:
        told.append("Run once, an effect has no interval: repeat the experiment with --repeat 3.")
    if manifest is not None:
        document = manifest.experiment_as_run
        fraction = document.get("fraction", "full")
        told += [
            f"In this {fraction} of the grid {text}."
            for text in confounded(list(document.get("factors", {})), fraction)
        ]
    return told
