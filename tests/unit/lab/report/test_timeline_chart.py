"""The time series as a definition."""

from scalelab.lab.report.timeline_chart import timeline_chart
from scalelab.lab.results.recording import TimelineRow
from scalelab.lab.results.run_record import FaultOutcome

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


def test_faults_are_shaded_and_named(record):
    """In each panel, and with words in the first; one that was over at once is wide enough to be seen."""
    fault = FaultOutcome(what="kill api_gateway-2", began_s=1.0, ended_s=1.1)

    definition = timeline_chart(record(faults=(fault,)), ROWS).chart.to_dict()

    marks = [layer["mark"]["type"] for panel in definition["vconcat"] for layer in panel["layer"]]
    assert marks.count("rect") == 6
    assert "kill api_gateway-2" in str(definition)
    assert "'end': 1.3" in str(definition)


def test_ramp_window_and_drain_are_told_apart(record):
    """The ramp is white, the window blue, and what came after it sand; without a drain there is none."""
    late = [*ROWS, TimelineRow(second=61, completed=1, latency_sum_s=2.0)]

    definition = str(timeline_chart(record(), late).chart.to_dict())
    without = str(timeline_chart(record(), ROWS).chart.to_dict())

    assert "{'start': 12.0, 'end': 60.0, 'colour': '#e3edf5'}" in definition
    assert "{'start': 60.0, 'end': 62.0, 'colour': '#f3f0e6'}" in definition
    assert "#f3f0e6" not in without
