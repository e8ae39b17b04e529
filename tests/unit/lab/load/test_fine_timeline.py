"""Tenths of a second, of one generator and of several."""

from scalelab.lab.load.fine_timeline import FineTimeline


def test_each_tenth_counts_what_happened_in_it():
    """Answers by when they arrived, and the slowest of them."""
    fine = FineTimeline()
    for now_s, latency_s in ((0.05, 0.01), (0.09, 0.04), (0.31, 0.2)):
        fine.complete(now_s, latency_s)
    fine.fail(0.31)

    assert dict(fine.completed) == {0: 2, 3: 1}
    assert dict(fine.failed) == {3: 1}
    assert dict(fine.slowest_s) == {0: 0.04, 3: 0.2}


def test_generators_add_up_and_cross_a_pipe():
    """Counts are added, the slowest is the slower one."""
    one, other = FineTimeline(), FineTimeline()
    one.complete(0.05, 0.01)
    other.complete(0.06, 0.03)
    other.fail(1.0)

    one.add(FineTimeline.from_json(other.as_json()))

    assert one == FineTimeline.from_json(one.as_json())
    assert (dict(one.completed), dict(one.failed), dict(one.slowest_s)) == ({0: 2}, {10: 1}, {0: 0.03})
