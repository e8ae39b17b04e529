"""The time series as a definition."""

from scalelab.lab.report.timeline_chart import timeline_chart
from scalelab.lab.results.recording import TimelineRow

ROWS = [TimelineRow(second=0, sent=3), TimelineRow(second=1, completed=2, latency_sum_s=1.0, in_flight=1, users=3)]


def test_it_is_named_after_the_scenario_and_the_repetition(record):
    """The first has no number."""
    assert timeline_chart(record(), ROWS).name == "timeline_results_1_gateway_miss"
    assert timeline_chart(record(repetition=2), ROWS).name == "timeline_results_1_gateway_miss_2"


def test_without_a_timeline_there_is_no_chart(record):
    """Not an empty one."""
    assert timeline_chart(record(), []) is None


def test_a_second_without_answers_has_no_mean(record):
    """Empty, never 0."""
    definition = str(timeline_chart(record(), ROWS).chart.to_dict())

    assert "'ms': 500.0" in definition
    assert "'ms': 0" not in definition


def test_what_is_not_valid_says_so_in_the_title(record):
    """With the reason."""
    assert "not valid: partial" in str(timeline_chart(record(validity=("partial",)), ROWS).chart.to_dict()["title"])
