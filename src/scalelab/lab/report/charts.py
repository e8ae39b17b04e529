"""The charts of a report, each one definition for PNG, SVG and HTML. Pure: data in, a chart out.

Bars start at zero and carry their value; the prediction is a tick; what is not valid says so on the chart.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from scalelab.lab.report import figures as shown
from scalelab.lab.report.chart_style import (
    BLACK,
    BLUE,
    ORANGE,
    PALE,
    VERMILLION,
    NamedChart,
    chart_of,
    heading,
    styled,
)
from scalelab.lab.report.comparisons import Comparison, comparisons_of
from scalelab.lab.report.content import ReportContent, response_text, throughput_text
from scalelab.lab.report.scenario_figures import ScenarioFigures
from scalelab.lab.report.table import Table
from scalelab.lab.scenario_names import CACHE, GATEWAYS

CHART_WIDTH_PX, CHART_HEIGHT_PX = 600, 320
WIDE_BARS = 2
"""So many leave room for words beside them."""
NOT_VALID = "not valid:"
PREDICTED = "predicted "
HEADROOM = 1.15
LABEL_ROOM = 0.09
"""Of the axis: the height of a bar's number."""
MOST_BARS = 12
"""More scenarios than this are no longer readable at a glance."""


@dataclass(frozen=True)
class Quantity:
    """What bars show."""

    prefix: str
    name: str
    axis: str
    value_of: Callable[[ScenarioFigures], float | None]
    text_of: Callable[[ScenarioFigures], str]
    ends_of: Callable[[ScenarioFigures], tuple[float, float] | None]
    """Of the interval, in the axis' unit."""
    predicted_of: Callable[[ScenarioFigures], float | None]
    predicted_text_of: Callable[[ScenarioFigures], str]


def _response_ends_ms(scenario: ScenarioFigures) -> tuple[float, float] | None:
    interval = scenario.response_interval_s
    return None if interval is None else (interval.low * shown.MS_PER_S, interval.high * shown.MS_PER_S)


def _throughput_ends(scenario: ScenarioFigures) -> tuple[float, float] | None:
    interval = scenario.throughput_interval_per_s
    return None if interval is None else (interval.low, interval.high)


def _predicted_response_ms(scenario: ScenarioFigures) -> float | None:
    return None if scenario.prediction is None else scenario.prediction.response_mean_s * shown.MS_PER_S


def _predicted_response_text(scenario: ScenarioFigures) -> str:
    return shown.ABSENT if scenario.prediction is None else shown.milliseconds(scenario.prediction.response_mean_s)


RESPONSE = Quantity(
    "rt",
    "Mean response time",
    "Mean response time (ms)",
    lambda scenario: None if scenario.response_mean_s is None else scenario.response_mean_s * shown.MS_PER_S,
    response_text,
    _response_ends_ms,
    _predicted_response_ms,
    _predicted_response_text,
)
THROUGHPUT = Quantity(
    "th",
    "Throughput",
    "Throughput (requests/s)",
    lambda scenario: scenario.throughput_per_s,
    throughput_text,
    _throughput_ends,
    lambda scenario: None if scenario.prediction is None else scenario.prediction.throughput_per_s,
    lambda scenario: shown.rate(scenario.prediction.throughput_per_s if scenario.prediction is not None else None),
)


def bar_charts(content: ReportContent) -> tuple[NamedChart, ...]:
    """Two for each classic comparison; without one, two overviews if there is anything to compare."""
    classic = [pair for pair in _classic_comparisons(content.scenarios) if len(pair[1].scenarios) <= MOST_BARS]
    charts = [
        _comparison_chart(name, comparison, what) for name, comparison in classic for what in (RESPONSE, THROUGHPUT)
    ]
    if not charts and 1 < len(content.scenarios) <= MOST_BARS:
        charts = [
            _bars("all", content.scenarios, what, f"{what.name} of all scenarios") for what in (RESPONSE, THROUGHPUT)
        ]
    return tuple(charts)


def _classic_comparisons(scenarios: Sequence[ScenarioFigures]) -> Iterator[tuple[str, Comparison]]:
    """`1v3_miss`: replicas while everything misses; `3_hit_vs_miss`: the cache with the most replicas."""
    known = [scenario for scenario in scenarios if set(scenario.first.factors) == {GATEWAYS, CACHE}]
    most = max((int(scenario.first.factors[GATEWAYS]) for scenario in known), default=0)
    for comparison in comparisons_of(known):
        factors = comparison.baseline.first.factors
        if comparison.factor == GATEWAYS and factors[CACHE] == "miss":
            counts = "v".join(str(scenario.first.factors[GATEWAYS]) for scenario in comparison.scenarios)
            yield f"{counts}_miss", comparison
        if comparison.factor == CACHE and factors[GATEWAYS] == most:
            yield f"{most}_hit_vs_miss", comparison


def _comparison_chart(name: str, comparison: Comparison, what: Quantity) -> NamedChart:
    factors = comparison.baseline.first.factors
    if comparison.factor == GATEWAYS:
        counts = " and ".join(str(scenario.first.factors[GATEWAYS]) for scenario in comparison.scenarios)
        title = f"{what.name} with {counts} gateways, every request a cache miss"
    else:
        title = f"{what.name} with {factors[GATEWAYS]} gateways, cache hit and cache miss"
    return _bars(name, comparison.scenarios, what, title)


def _bars(name: str, scenarios: Sequence[ScenarioFigures], what: Quantity, title: str) -> NamedChart:
    rows = [_row(scenario, what) for scenario in scenarios]
    highest = max((max(row["top"], row["predicted"] or 0.0) for row in rows), default=0.0)
    for row in rows:
        row["label_at"] = _label_place(row["top"], row["predicted"] or 0.0, highest)
    chart = _layers(rows, what, highest).properties(
        width=CHART_WIDTH_PX,
        height=CHART_HEIGHT_PX,
        title=heading(title, _subtitle(scenarios)),
    )
    words = "; ".join(f"{' '.join(row['scenario'].split())}: {row['text']}" for row in rows)
    return NamedChart(
        f"{what.prefix}_{name}", styled(chart), title, f"{title}. {what.axis}: {words}", _table(rows, what)
    )


def _table(rows: Sequence[Mapping[str, Any]], what: Quantity) -> Table:
    return Table(
        ("Scenario", what.axis, "Predicted"),
        tuple(
            (
                " ".join(row["scenario"].split()),
                row["text"],
                row["predicted_text"].removeprefix(PREDICTED) if row["predicted"] else shown.ABSENT,
            )
            for row in rows
        ),
    )


def _row(scenario: ScenarioFigures, what: Quantity) -> dict[str, Any]:
    colour = BLUE if scenario.first.factors.get(CACHE) == "hit" else ORANGE
    value, ends = what.value_of(scenario) or 0.0, what.ends_of(scenario)
    low, high = ends if ends is not None else (value, value)
    doubt = "" if scenario.is_valid else f"\n{NOT_VALID}\n" + "\n".join(scenario.validity)
    return {
        "scenario": scenario.title + doubt,
        "value": value,
        "low": max(0.0, low),
        "high": high,
        "top": max(value, high),
        "has_interval": ends is not None,
        "text": what.text_of(scenario),
        "predicted": what.predicted_of(scenario),
        "predicted_text": f"{PREDICTED}{what.predicted_text_of(scenario)}",
        "colour": colour if scenario.is_valid else PALE[colour],
    }


def _label_place(value: float, predicted: float, highest: float) -> float:
    """Where the bar's number stands: on the bar, or on the prediction's tick if that is where the number would be."""
    return predicted if 0 < predicted - value < LABEL_ROOM * highest else value


def _layers(rows: list[dict[str, Any]], what: Quantity, highest: float) -> Any:
    has_room = len(rows) <= WIDE_BARS
    bar_px = 84 if has_room else 0.45 * CHART_WIDTH_PX / len(rows)
    scale = alt.Scale(domain=[0, highest * HEADROOM or 1.0], nice=False)
    x = alt.X(
        "scenario:N", sort=[row["scenario"] for row in rows], title=None, axis=_scenario_axis(has_room=has_room)
    )
    y = alt.Y("value:Q", title=what.axis, scale=scale, axis=alt.Axis(tickCount=6))
    base = chart_of(rows).encode(x=x)
    bars = base.mark_bar(size=bar_px).encode(y=y, color=alt.Color("colour:N", scale=None))
    values = base.mark_text(dy=-11, fontSize=15 if has_room else 12, fontWeight="bold", color=BLACK).encode(
        y=alt.Y("label_at:Q", title=what.axis, scale=scale), text="text:N"
    )
    predicted = base.transform_filter("datum.predicted > 0").encode(
        y=alt.Y("predicted:Q", title=what.axis, scale=scale)
    )
    intervals = base.transform_filter("datum.has_interval").mark_errorbar(
        color=BLACK, thickness=2, ticks={"color": BLACK, "thickness": 2, "size": bar_px * 0.3}
    )
    intervals = intervals.encode(y=alt.Y("low:Q", title=what.axis, scale=scale), y2="high:Q")
    layers = [bars, intervals, predicted.mark_tick(color=BLACK, thickness=3, size=bar_px * 1.3, opacity=1.0), values]
    if has_room:
        beside = predicted.mark_text(align="left", dx=bar_px * 0.65 + 4, fontSize=11, color=BLACK)
        layers.append(beside.encode(text="predicted_text:N"))
    return alt.layer(*layers)


def _scenario_axis(*, has_room: bool) -> Any:
    """Titles below the bars; what is not valid says so there, line by line."""
    is_doubtful = f"indexof(datum.value, '{NOT_VALID}') >= 0"
    return alt.Axis(
        labelAngle=0,
        labelFontSize=13 if has_room else 11,
        labelLimit=220,
        labelPadding=6,
        ticks=False,
        labelExpr="split(datum.label, '\\n')",
        labelColor={"condition": {"test": is_doubtful, "value": VERMILLION}, "value": BLACK},
    )


def _subtitle(scenarios: Sequence[ScenarioFigures]) -> list[str]:
    record = scenarios[0].first
    load = shown.load_of(record)
    several = [scenario for scenario in scenarios if scenario.throughput_interval_per_s is not None]
    whisker = [f"Thin bar: 95 % interval over {len(several[0].records)} runs."] if several else []
    has_prediction = any(scenario.prediction is not None for scenario in scenarios)
    return [f"{load}. Black tick: prediction." if has_prediction else f"{load}.", *whisker]
