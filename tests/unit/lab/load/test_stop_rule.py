"""When a load stops."""

from scalelab.lab.load.stop_rule import StopRule


def test_time_and_number_end_the_sending():
    """Whichever comes first."""
    rule = StopRule(10.0, 2.0, most_requests=5)

    assert rule.may_send(9.9, 4)
    assert not rule.may_send(10.0, 4)
    assert not rule.may_send(1.0, 5)


def test_the_drain_counts_from_the_end_of_sending():
    """Not from the planned end."""
    rule = StopRule(10.0, 2.0)

    assert not rule.must_cut(5.9, 4.0)
    assert rule.must_cut(6.0, 4.0)
