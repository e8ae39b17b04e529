"""How it was measured, in sentences. Pure."""

from collections.abc import Callable, Iterator, Sequence

from scalelab.lab.report import figures as shown
from scalelab.lab.report.scenario_figures import ScenarioFigures
from scalelab.lab.results.manifest import Manifest

TextOf = Callable[[ScenarioFigures], str]


def method_sentences(manifest: Manifest | None, scenarios: Sequence[ScenarioFigures]) -> tuple[str, ...]:
    """Who asked how long, what the figures are, and on what they were measured."""
    return tuple(_method(manifest, scenarios))


def _method(manifest: Manifest | None, scenarios: Sequence[ScenarioFigures]) -> Iterator[str]:
    for text, titles in _by_text(scenarios, _load_text).items():
        yield f"{'; '.join(titles)}: {text}"
    yield (
        "Requests/s are the good answers that came in the window over its length; response times are those of the "
        "requests sent in it, the ones answered in the drain included."
    )
    yield (
        "N by Little's law is X (R + Z): requests/s times mean response plus mean think time. It should be the "
        "number of users."
    )
    if any(scenario.prediction is not None for scenario in scenarios):
        yield "Predictions were worked out before the run, from the topology and the load alone."
        for text, titles in _by_text(scenarios, _prediction_text).items():
            yield f"Prediction of {'; '.join(titles)}: {text}"
    yield _replication(scenarios)
    if manifest is not None and (manifest.until or manifest.ended):
        yield f"Repeated until {manifest.until}: {manifest.ended or 'interrupted before that was decided'}."
    yield f"A percentile that too few answers support is {shown.ABSENT!r}."
    yield "Generator and system shared one machine, unless the stack ran elsewhere."


def _by_text(scenarios: Sequence[ScenarioFigures], text_of: TextOf) -> dict[str, list[str]]:
    titles: dict[str, list[str]] = {}
    for scenario in scenarios:
        text = text_of(scenario)
        if text:
            titles.setdefault(text, []).append(scenario.title)
    return titles


def _load_text(scenario: ScenarioFigures) -> str:
    record = scenario.first
    window = record.window
    who = f"{shown.load_of(record)} ({record.driver})"
    return (
        f"{who}, load of {shown.seconds(record.load_duration_s)}, measured "
        f"window from {shown.seconds(window.start_s)} to {shown.seconds(window.end_s)}."
    )


def _prediction_text(scenario: ScenarioFigures) -> str:
    return f"{scenario.prediction.formula}." if scenario.prediction is not None else ""


def _replication(scenarios: Sequence[ScenarioFigures]) -> str:
    fewest = min(len(scenario.records) for scenario in scenarios)
    if fewest == 1:
        return (
            "A scenario that was run once has no error bar: do not read anything into a few percent. For 95 % "
            "intervals run it several times: scalelab run EXPERIMENT --repeat 5, or --until 5%."
        )
    return (
        f"At least {fewest} runs of each scenario, in random order within each block. ± is half the 95 % interval "
        "over runs (Student's t); the interval of p99, in brackets, is the wider of a hierarchical bootstrap (runs, "
        "then samples) and Student's t. The unit of replication is the run, never the request."
    )
