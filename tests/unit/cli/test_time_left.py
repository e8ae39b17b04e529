"""What is left of work in steps."""

from scalelab.cli.time_left import TimeLeft


def test_it_is_what_is_to_come_and_the_rest_of_the_step_in_hand():
    """A step that takes longer than expected does not make it negative."""
    now_s = [0.0]
    left = TimeLeft([10.0, 20.0, 30.0], lambda: now_s[0])

    told = [left.text()]
    now_s[0] = 4.0
    told.append(left.text())
    left.begin(2)
    now_s[0] = 100.0
    told.append(left.text())

    assert told == ["; about 60 s left", "; about 56 s left", "; about 30 s left"]


def test_without_steps_nothing_is_told():
    """An open number of them."""
    assert TimeLeft([], lambda: 0.0).text() == ""
