"""Evidence knows which seconds belong to the window."""

from scalelab.lab.results.run_record import Window


def test_only_whole_seconds_of_the_window_count(evidence):
    """From 12.5 to 15.2 s: the seconds 13 and 14."""
    shown = evidence(window=Window(start_s=12.5, end_s=15.2))

    assert [row.second for row in shown.window_rows] == [13, 14]
