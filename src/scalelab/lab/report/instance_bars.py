"""Horizontal bars, one for each instance, in a panel for each scenario. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from scalelab.lab.report.chart_style import BLACK, NamedChart, chart_of, heading, styled
from scalelab.lab.report.table import Table

WIDTH_PX, ROW_PX = 460, 20
HEADROOM = 1.2
TICKS = 6


@dataclass(frozen=True)
class Bar:
    """One instance: its value, how that is written, and what it is to be compared with."""

    instance: str
    value: float
    text: str
    reference: float | None = None
    """A tick; None: there is none."""
    reference_text: str = ""
    """How the tick's value is written."""


@dataclass(frozen=True)
class Wording:
    """What a chart is called and says."""

    name: str
    title: str
    subtitle: str
    axis: str
    number_format: str
    """Of the axis, as d3 has it."""
    tick: str = ""
    """What a tick is, where there are any."""


def instance_bars(groups: Mapping[str, Sequence[Bar]], wording: Wording, colour: str, most: int) -> NamedChart | None:
    """All panels on one scale.

    Args:
        groups: scenario's title -> its bars; those without bars are left out.
        wording: see there.
        colour: of the bars.
        most: more bars than this are no longer readable: None.
    """
    groups = {title: bars for title, bars in groups.items() if bars}
    every = [bar for bars in groups.values() for bar in bars]
    if not 0 < len(every) <= most:
        return None
    highest = max(max(bar.value, bar.reference or 0.0) for bar in every)
    scale = alt.Scale(domain=[0, highest * HEADROOM or 1.0], nice=False)
    panels = [_panel(title, bars, wording, colour, scale) for title, bars in groups.items()]
    words = "; ".join(f"{title}: {bar.instance} {bar.text}" for title, bars in groups.items() for bar in bars)
    chart = alt.vconcat(*panels, spacing=12).properties(title=heading(wording.title, [wording.subtitle]))
    return NamedChart(
        wording.name, styled(chart), wording.title, f"{wording.title}. {words}", _table(groups, wording)
    )


def _table(groups: Mapping[str, Sequence[Bar]], wording: Wording) -> Table:
    """With the ticks, where there are any."""
    has_ticks = any(bar.reference is not None for bars in groups.values() for bar in bars)
    return Table(
        ("Scenario", "Part", wording.axis, *([wording.tick] if has_ticks else [])),
        tuple(
            (title, bar.instance, bar.text, *([bar.reference_text] if has_ticks else []))
            for title, bars in groups.items()
            for bar in bars
        ),
    )


def _panel(title: str, bars: Sequence[Bar], wording: Wording, colour: str, scale: Any) -> Any:
    rows = [
        {"instance": bar.instance, "value": bar.value, "text": bar.text, "reference": bar.reference} for bar in bars
    ]
    axis = alt.Axis(format=wording.number_format, tickCount=TICKS)
    y = alt.Y("instance:N", title=None, sort=[bar.instance for bar in bars])
    x = alt.X("value:Q", title=wording.axis, scale=scale, axis=axis)
    base = chart_of(rows).encode(y=y)
    layers = [base.mark_bar(color=colour, size=ROW_PX * 0.6).encode(x=x)]
    if any(bar.reference is not None for bar in bars):
        ticks = base.mark_tick(color=BLACK, thickness=2, size=ROW_PX * 0.9)
        layers.append(ticks.encode(x=alt.X("reference:Q", title=wording.axis, scale=scale)))
    layers.append(base.mark_text(align="left", dx=5, color=BLACK).encode(x=x, text="text:N"))
    return alt.layer(*layers).properties(
        width=WIDTH_PX, height=ROW_PX * len(bars), title=alt.TitleParams(title, anchor="start", fontSize=12)
    )
