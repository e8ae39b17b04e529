"""Response times by percentile, a line for each scenario: what a mean hides. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from scalelab.lab.report import figures as shown
from scalelab.lab.report.chart_style import NamedChart, chart_of, heading, styled
from scalelab.lab.report.scenario_figures import ScenarioFigures
from scalelab.lab.report.table import Table

NAME = "percentiles"
TITLE = "Response time by percentile"
WIDTH_PX, HEIGHT_PX = 600, 300
MOST_LINES = 12
LEAST_POINTS = 2


def percentiles_chart(scenarios: Sequence[ScenarioFigures]) -> NamedChart | None:
    """On a logarithmic axis; None where too few answers support two percentiles, or lines are too many."""
    told = {scenario.title: _known(scenario) for scenario in scenarios}
    told = {title: known for title, known in told.items() if len(known) >= LEAST_POINTS}
    if not 0 < len(told) <= MOST_LINES:
        return None
    rows: list[dict[str, Any]] = [
        {"scenario": title, "percentile": name, "ms": value_s * shown.MS_PER_S}
        for title, known in told.items()
        for name, value_s in known.items()
    ]
    order = list(dict.fromkeys(row["percentile"] for row in rows))
    chart = (
        chart_of(rows)
        .mark_line(point={"size": 60}, strokeWidth=2)
        .encode(
            x=alt.X("percentile:N", sort=order, title=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("ms:Q", title="Response time (ms)", scale=alt.Scale(type="log")),
            color=alt.Color("scenario:N", title=None, sort=list(told)),
        )
    )
    title = heading(TITLE, ["Of good answers. A percentile that too few answers support is not drawn."])
    words = "; ".join(
        f"{title}: {', '.join(f'{name} {shown.milliseconds(value_s)} ms' for name, value_s in known.items())}"
        for title, known in told.items()
    )
    drawn = styled(chart.properties(width=WIDTH_PX, height=HEIGHT_PX, title=title))
    return NamedChart(NAME, drawn, TITLE, f"{TITLE}. {words}", _table(told, order))


def _table(told: Mapping[str, Mapping[str, float]], order: Sequence[str]) -> Table:
    rows = ((title, *(shown.milliseconds(known.get(name)) for name in order)) for title, known in told.items())
    return Table(("Scenario", *(f"{name} (ms)" for name in order)), tuple(rows))


def _known(scenario: ScenarioFigures) -> dict[str, float]:
    return {name: value_s for name, value_s in scenario.percentiles_s.items() if value_s}
