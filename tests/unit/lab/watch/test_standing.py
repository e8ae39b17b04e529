"""What binds just now, in a sentence that claims no more than was seen."""

import pytest

from scalelab.lab.watch.sampling import NodeSample, Sample, Totals
from scalelab.lab.watch.standing import NOT_YET, SPAN_SAMPLES, standing_verdict


def sample(rate=60.0, slots=(2, 8), pool=(1, 64), queue=0.0, cores=0.2):
    def node(service, gauges):
        return NodeSample(f"{service}-1", service, "ready", 1, rate, 1.0, 0.1, 1, gauges)

    nodes = (
        node("api_gateway", {"slots_in_use": slots[0], "slots_limit": slots[1], "slot_queue": queue}),
        node("database", {"pool_in_use": pool[0], "pool_size": pool[1], "pool_queue": queue}),
    )
    return Sample(0.0, Totals(rate, 0.0, None, None, None, None, None, None, None, cores), nodes)


def told(**seen):
    return standing_verdict([sample(**seen)] * SPAN_SAMPLES, 2)


def test_what_is_full_binds():
    """With how many wait for it."""
    assert told(slots=(8, 8), queue=12.0) == (
        "The upstream slots bind: busy 100% of the time, and 12 requests wait for them. "
        "60.0 answers/s over the last ten seconds."
    )
    assert told(pool=(62, 64)).startswith("The database connections bind: busy 97% of the time. ")
    assert told(cores=1.9).startswith("The machine's cores bind: busy 95%")


def test_where_nothing_is_full_nothing_binds_that_is_counted():
    """The users may; that is not claimed."""
    assert told(slots=(4, 8)) == (
        "Nothing that is counted binds: 60.0 answers/s over the last ten seconds, and the busiest are the upstream "
        "slots, 50% of the time. More of them would hardly raise this rate."
    )


def test_slots_without_a_bound_cannot_be_full():
    """A limit of 0 is none."""
    assert "the upstream slots" not in told(slots=(500, 0)).lower()


@pytest.mark.parametrize("samples", [[], [sample()] * 9, [sample(rate=0.0)] * 10, [sample(rate=None)] * 10])
def test_without_ten_seconds_of_load_there_is_no_verdict(samples):
    """A stack that nobody asks is not judged."""
    assert standing_verdict(samples, 2) == NOT_YET


def test_only_the_last_ten_seconds_count():
    """What was full before is not full now."""
    samples = [sample(slots=(8, 8))] * 50 + [sample(slots=(1, 8))] * SPAN_SAMPLES

    assert standing_verdict(samples, 2).startswith("Nothing that is counted binds")
