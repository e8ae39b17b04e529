"""The seconds of a run as a table."""

from scalelab.lab.report.timeline_chart import timeline_chart
from scalelab.lab.report.timeline_table import HEAD, MOST_ROWS, timeline_table
from scalelab.lab.results.recording import TimelineRow
from scalelab.lab.results.run_record import FaultOutcome

ROWS = [
    TimelineRow(second=0, sent=3, users=1),
    TimelineRow(second=1, completed=2, failed=1, timed_out=1, latency_sum_s=1.0, in_flight=1, users=3),
]


def test_a_row_for_each_second(record):
    """With the phase that it lies in; no answer, no mean."""
    table = timeline_table(record(), ROWS)

    assert table.head == HEAD
    assert table.rows == (("0", "ramp", "0", "0", "-", "1", "0"), ("1", "ramp", "2", "2", "500", "3", "1"))


def test_faults_stand_in_the_seconds_that_they_took(record):
    """Beside the phase."""
    fault = FaultOutcome(what="kill api_gateway-2", began_s=1.2, ended_s=1.9)

    table = timeline_table(record(faults=(fault,)), ROWS)

    assert [row[1] for row in table.rows] == ["ramp", "ramp, kill api_gateway-2"]


def test_an_hour_is_told_in_steps(record):
    """Mean rates of each, and the counts at its end."""
    hour = [TimelineRow(second=second, completed=10, latency_sum_s=1.0, users=second) for second in range(3600)]

    table = timeline_table(record(), hour)

    assert len(table.rows) == MOST_ROWS
    assert table.rows[1] == ("30 to 59", "window", "10.0", "0.0", "100", "59", "0")
    assert table.rows[-1][:2] == ("3570 to 3599", "drain")


def test_it_stands_behind_its_graph(record):
    """Under the graph's name."""
    chart = timeline_chart(record(), ROWS)

    assert chart.table == timeline_table(record(), ROWS)
    assert chart.title == "Second by second: 1 gateway, miss"
