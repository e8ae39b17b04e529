"""Measurements with the law through them and the band in which a new one is expected."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import vl_convert

from scalelab.lab.analysis.laws.fitting import band
from scalelab.lab.laws.telling import FittedSeries
from scalelab.lab.report.chart_style import BLUE, chart_of, styled

FORMATS = (".png", ".svg")
_POINTS = 120
_BEYOND = 1.25
"""How far the curve goes beyond the largest size measured."""


def write_drawing(file: Path, fitted: Sequence[FittedSeries]) -> None:
    """PNG or SVG, by the file's ending; one chart for each series, below one another.

    Raises:
        OSError: it cannot be written.
    """
    document = styled(alt.vconcat(*map(_chart, fitted))).to_json()
    if file.suffix.lower() == ".svg":
        file.write_text(vl_convert.vegalite_to_svg(document), encoding="utf-8")
    else:
        file.write_bytes(vl_convert.vegalite_to_png(document, scale=2))


def law_layers(fitted: FittedSeries, across_title: str, upwards_title: str) -> Any:
    """Points, the best law through them, and its band, on axes that begin at zero."""
    best, series = fitted.best, fitted.series
    sizes = np.linspace(min(*series.sizes, 1.0), _BEYOND * max(series.sizes), _POINTS).tolist()
    ends = band(best, sizes) or tuple((best.at(size), best.at(size)) for size in sizes)
    curve = [
        {"N": size, "X": best.at(size), "low": max(0.0, low), "high": high}
        for size, (low, high) in zip(sizes, ends, strict=True)
    ]
    points = [{"N": size, "X": rate} for size, rate in zip(series.sizes, series.rates, strict=True)]
    across = alt.X("N:Q", title=across_title, scale=alt.Scale(zero=True))
    upwards = alt.Y("X:Q", title=upwards_title, scale=alt.Scale(zero=True))
    low = alt.Y("low:Q", title=upwards_title)
    return alt.layer(
        chart_of(curve).mark_area(opacity=0.2, color=BLUE).encode(x=across, y=low, y2="high:Q"),
        chart_of(curve).mark_line(color=BLUE).encode(x=across, y=upwards),
        chart_of(points).mark_point(filled=True, size=60, color="#222222").encode(x=across, y=upwards),
    )


def law_words(fitted: FittedSeries) -> str:
    """Which law is drawn, and what its band means."""
    law = fitted.best.law
    return f"{law.name}: {law.formula}. Band: where a new measurement is expected with 95 %."


def _chart(fitted: FittedSeries) -> Any:
    title = alt.TitleParams(
        fitted.series.name or "Throughput by size",
        subtitle=law_words(fitted),
        anchor="start",
    )
    return law_layers(fitted, "N", "throughput X").properties(width=640, height=320, title=title)
