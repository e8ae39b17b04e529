"""A load as a picture: what was sent and answered each second, and how the latency is distributed."""

from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

from scalelab.lab.load.result import LoadResult

FORMATS = (".png", ".svg")
_WIDTH = 640


def write_graph(file: Path, result: LoadResult) -> None:
    """Draw the result as PNG or SVG, by the file's ending.

    Raises:
        OSError: it cannot be written.
    """
    document = chart_of(result).to_json()
    if file.suffix.lower() == ".svg":
        file.write_text(vl_convert.vegalite_to_svg(document), encoding="utf-8")
    else:
        file.write_bytes(vl_convert.vegalite_to_png(document, scale=2))


def chart_of(result: LoadResult) -> Any:
    """Two charts, one above the other, with the validity as their title."""
    title = alt.TitleParams(
        f"{result.completed} of {result.offered} requests completed; validity: {result.validity}", anchor="start"
    )
    return (
        alt.vconcat(_rates(result), _percentiles(result)).resolve_scale(color="independent").properties(title=title)
    )


def _rates(result: LoadResult) -> Any:
    values = [
        {"second": row.end_s, "requests/s": getattr(row, name) / (row.end_s - row.start_s), "of": name}
        for row in result.timeline
        for name in ("sent", "completed", "failed", "timed_out")
        if row.end_s - row.start_s > _SHORTEST_ROW_S
    ]
    return (
        alt.Chart({"values": values})
        .mark_line(point=True)
        .encode(
            x=alt.X("second:Q", title="time since the start (s)", scale=alt.Scale(zero=True)),
            y=alt.Y("requests/s:Q", title="requests/s"),
            color=alt.Color("of:N", title=None),
        )
        .properties(width=_WIDTH, height=200)
    )


_SHORTEST_ROW_S = 0.1


def _percentiles(result: LoadResult) -> Any:
    bases = {"from the intended start": result.latency_intended_s, "from the actual start": result.latency_actual_s}
    values = [
        {"percentile": name, "latency": value * 1000, "measured": base}
        for base, figures in bases.items()
        for name, value in (
            ("p50", figures.p50),
            ("p90", figures.p90),
            ("p99", figures.p99),
            ("p99.9", figures.p99_9),
            ("max", figures.max),
        )
        if value is not None
    ]
    return (
        alt.Chart({"values": values})
        .mark_bar()
        .encode(
            x=alt.X("percentile:N", sort=["p50", "p90", "p99", "p99.9", "max"], title=None),
            xOffset=alt.XOffset("measured:N"),
            y=alt.Y("latency:Q", title="latency (ms)"),
            color=alt.Color("measured:N", title=None),
        )
        .properties(width=_WIDTH, height=200)
    )
