"""Jain's fairness index."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.lab.analysis.fairness import jain_index


@pytest.mark.parametrize(
    ("amounts", "index"),
    [([5, 5, 5], 1.0), ([9, 0, 0], 1 / 3), ([1], 1.0), ([1, 2, 3], 36 / (3 * 14)), ([], None), ([0, 0], None)],
)
def test_known_values(amounts, index):
    """1 for equal shares, 1/n when one takes all, None when there is nothing."""
    assert jain_index(amounts) == (None if index is None else pytest.approx(index))


@given(st.lists(st.integers(0, 10**12), min_size=1).filter(any))
def test_it_lies_between_one_nth_and_one(amounts):
    """Whatever the amounts."""
    assert 1 / len(amounts) - 1e-9 <= jain_index(amounts) <= 1 + 1e-9


@given(st.lists(st.floats(0.001, 1e300), min_size=1), st.floats(0.001, 1000))
def test_only_shares_matter(amounts, factor):
    """The unit changes nothing; very large amounts do not overflow."""
    assert jain_index([amount * factor for amount in amounts]) == pytest.approx(jain_index(amounts))
