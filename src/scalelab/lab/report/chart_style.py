"""How every chart looks: colours, fonts, and how data goes in. Pure.

Colours are those of Okabe and Ito, which colour-blind readers can tell apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from scalelab.lab.report.table import Table

BLUE, VERMILLION, ORANGE, BLACK = "#0072B2", "#D55E00", "#E69F00", "#222222"
PALE = {BLUE: "#A6CEE3", ORANGE: "#F7DCA0"}
"""For what is not valid."""
SUBTITLE_COLOUR = "#444444"
TITLE_LIMIT_PX = 640


@dataclass(frozen=True)
class NamedChart:
    """A chart and the name of its files; `alt_text` says in words what it shows, `table` in figures."""

    name: str
    chart: Any
    title: str
    alt_text: str
    table: Table
    """Every figure that is drawn, with the digits of the drawing."""


def chart_of(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    """A chart with these rows inside, so that its definition needs nothing else."""
    make_data: Any = alt.Data  # untyped in the library
    return alt.Chart(make_data(values=list(rows)))


def heading(title: str, subtitle: Sequence[str]) -> alt.TitleParams:
    """A title with what one must know to read the chart, from the left."""
    return alt.TitleParams(title, subtitle=list(subtitle), anchor="start", subtitleColor=SUBTITLE_COLOUR)


def styled(chart: Any) -> Any:
    """The finished chart."""
    return (
        chart.configure(background="white", padding=16)  # replaces the whole configuration, so it comes first
        .configure_view(stroke=None)
        .configure_axis(
            labelFontSize=12,
            titleFontSize=13,
            titleFontWeight="normal",
            gridColor="#e6e6e6",
            labelColor=BLACK,
            titleColor=BLACK,
        )
        .configure_axisX(grid=False)
        .configure_legend(labelFontSize=12)
        .configure_title(fontSize=16, subtitleFontSize=12, limit=TITLE_LIMIT_PX, offset=14)
    )
