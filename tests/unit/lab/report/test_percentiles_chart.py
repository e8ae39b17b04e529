"""Response times by percentile."""

from scalelab.lab.report.percentiles_chart import percentiles_chart
from scalelab.lab.report.scenario_figures import figures_of


def test_a_percentile_without_support_is_not_drawn(record):
    """p95 and p99.9 are not there: neither points nor words."""
    chart = percentiles_chart(figures_of([record(1)]))

    assert chart.alt_text == (
        "Response time by percentile. 1 gateway, miss: p50 14,100 ms, p90 15,510 ms, p99 16,920 ms"
    )
    assert "p99.9" not in str(chart.chart.to_dict())


def test_without_answers_there_is_no_chart(nothing):
    """Not an empty one."""
    assert percentiles_chart(figures_of([nothing()])) is None
