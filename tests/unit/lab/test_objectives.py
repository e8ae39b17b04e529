"""`[slo]` as text."""

import pytest

from scalelab.lab.objectives import ObjectiveError, parse_objectives


def test_a_bound_belongs_to_its_figure():
    """A point in a name is an underscore in TOML's bare keys."""
    first, second = parse_objectives({"p99_9": "< 200 ms", "errors": "<= 0.1 %"})

    assert (first.metric, first.comparator, first.limit) == ("p99.9", "<", 0.2)
    assert (second.metric, second.limit) == ("errors", 0.001)


def test_every_fault_is_told():
    """Both in one message."""
    with pytest.raises(ObjectiveError, match=r"no metric 'p42'.*mean is given in"):
        parse_objectives({"p42": "< 1 s", "mean": "< 1 /s"})
