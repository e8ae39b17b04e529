"""The effect plot: the mean throughput at each level of each factor, over all others. Pure: data in, a chart out."""

from typing import Any

import altair as alt

from scalelab.lab.report import figures as shown
from scalelab.lab.report.chart_style import BLUE, NamedChart, chart_of, heading, styled
from scalelab.lab.report.effects_content import EffectsContent
from scalelab.lab.report.table import Table
from scalelab.lab.scenario_names import short_factor

PANEL_WIDTH_PX, PANEL_HEIGHT_PX = 190, 240


def effects_chart(content: EffectsContent) -> NamedChart | None:
    """A panel for each factor; None without effects."""
    if not content.throughput_by_level:
        return None
    rows: list[dict[str, Any]] = [
        {
            "factor": short_factor(factor),
            "level": str(level),
            "rate": rate,
            "text": shown.rate(rate),
        }
        for factor, levels in content.throughput_by_level.items()
        for level, rate in levels.items()
    ]
    highest = max(row["rate"] for row in rows)
    order = [row["level"] for row in rows]
    y = alt.Y("rate:Q", title="Mean throughput (requests/s)", scale=alt.Scale(domain=[0, highest * 1.15]))
    base = chart_of(rows).encode(x=alt.X("level:N", sort=order, title=None, axis=alt.Axis(labelAngle=0)))
    panel = alt.layer(
        base.mark_line(color=BLUE, strokeWidth=2).encode(y=y),
        base.mark_point(color=BLUE, filled=True, size=80).encode(y=y),
        base.mark_text(dy=-14, fontSize=12).encode(y=y, text="text:N"),
    ).properties(width=PANEL_WIDTH_PX, height=PANEL_HEIGHT_PX)
    chart = panel.facet(
        column=alt.Column("factor:N", title=None, sort=list(dict.fromkeys(row["factor"] for row in rows)))
    ).resolve_scale(x="independent")
    title = "What each factor does, averaged over all others"
    chart = chart.properties(title=heading(title, ["Steeper is more."]))
    words = "; ".join(f"{row['factor']} {row['level']}: {row['text']}" for row in rows)
    table = Table(
        ("Factor", "Level", "Mean throughput (requests/s)"),
        tuple((row["factor"], row["level"], row["text"]) for row in rows),
    )
    return NamedChart("effects", styled(chart), title, f"{title}. Requests/s: {words}", table)
