"""Key distributions: seeded, within bounds, shared without meeting."""

from collections import Counter
from itertools import islice

import pytest
from pydantic import ValidationError

from scalelab.lab.load.keys import KeyPlan, key_iterator


def taken(plan, number, seed=1, part=0, parts=1):
    return list(islice(key_iterator(plan, seed, part, parts), number))


@pytest.mark.parametrize("distribution", ["uniform", "zipf", "hot_set"])
def test_keys_are_seeded_and_within_bounds(distribution):
    """The same seed gives the same keys, another one others; generators differ."""
    plan = KeyPlan(distribution=distribution, count=100)

    keys = taken(plan, 5000)

    assert keys == taken(plan, 5000) != taken(plan, 5000, seed=2)
    assert keys != taken(plan, 5000, part=1, parts=2)
    assert min(keys) == 1
    assert max(keys) <= 100


def test_uniform_keys_are_even():
    """No key is far from its share."""
    counts = Counter(taken(KeyPlan(count=10), 20_000))

    assert set(counts) == set(range(1, 11))
    assert max(counts.values()) < 1.1 * min(counts.values()) + 200


def test_zipf_keys_follow_their_ranks():
    """With exponent 1, key 1 is asked twice as often as key 2 and ten times as often as key 10."""
    counts = Counter(taken(KeyPlan(distribution="zipf", count=1000), 200_000))

    assert counts[1] / counts[2] == pytest.approx(2, rel=0.08)
    assert counts[1] / counts[10] == pytest.approx(10, rel=0.15)


def test_a_hot_set_has_its_share():
    """90 % of the requests ask for 20 of 1000 keys."""
    keys = taken(KeyPlan(distribution="hot_set", count=1000, hot_keys=20, hot_share=0.9), 20_000)

    assert sum(key <= 20 for key in keys) / 20_000 == pytest.approx(0.9, abs=0.01)


def test_unique_keys_are_dealt_out():
    """Three generators share ten keys: none twice, all once, then no more."""
    plan = KeyPlan(distribution="unique", count=10)

    dealt = [taken(plan, 100, part=part, parts=3) for part in range(3)]

    assert dealt == [[1, 4, 7, 10], [2, 5, 8], [3, 6, 9]]


def test_a_hot_set_larger_than_the_keys_is_refused():
    """The message names both numbers."""
    with pytest.raises(ValidationError, match="hot_keys = 30 is more than count = 10"):
        KeyPlan(distribution="hot_set", count=10, hot_keys=30)
