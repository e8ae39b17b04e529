"""Tenths of a second, of one generator and of several."""

from scalelab.lab.load.fine_timeline import FineTimeline


def test_each_tenth_counts_what_happened_in_it():
    """Answers by when they arrived, and the slowest of them."""
    fine = FineTimeline()
    for now_s, latency_s in ((0.05, 0.01), (0.09, 0.04), (0.31, 0.2)):
        fine.complete(now_s, latency_s)
        fine.note_cache(now_s, "HIT" if latency_s < 0.1 else "MISS")
    fine.fail(0.31)

    assert dict(fine.hits) == {0: 2, 3: 0}
    assert dict(fine.completed) == {0: 2, 3: 1}
    assert dict(fine.failed) == {3: 1}
    assert dict(fine.slowest_s) == {0: 0.04, 3: 0.2}


def test_generators_add_up_and_cross_a_pipe():
    """Counts are added, the slowest is the slower one."""
    one, other = FineTimeline(), FineTimeline()
    one.complete(0.05, 0.01)
    other.complete(0.06, 0.03)
    other.note_cache(0.06, "STALE")
    other.fail(1.0)

    one.add(FineTimeline.from_json(other.as_json()))

    assert one == FineTimeline.from_json(one.as_json())
    assert (dict(one.completed), dict(one.failed), dict(one.slowest_s)) == ({0: 2}, {10: 1}, {0: 0.03})
    assert dict(one.hits) == {0: 1}


def test_a_record_has_every_tenth():
    """Also those in which nothing happened."""
    fine = FineTimeline()
    fine.complete(0.15, 0.02)
    fine.note_cache(0.15, "HIT")
    fine.fail(0.35)

    record = fine.as_record(0.4)

    assert (record.completed, record.failed, record.hits) == ((0, 1, 0, 0, 0), (0, 0, 0, 1, 0), (0, 1, 0, 0, 0))
    assert (record.step_s, record.slowest_s) == (0.1, (0.0, 0.02, 0.0, 0.0, 0.0))
