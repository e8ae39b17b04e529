"""A fraction keeps the right cells, and says what it can no longer tell apart."""

from itertools import product

import pytest

from scalelab.lab.fractions import confounded, fraction_fault, keeps


def grid(count):
    return {f"f{number}": (0, 1) for number in range(1, count + 1)}


def cells(count, fraction):
    factors = grid(count)
    every = (dict(zip(factors, values, strict=True)) for values in product(*factors.values()))
    return [cell for cell in every if keeps(cell, factors, fraction)]


@pytest.mark.parametrize(
    ("count", "fraction", "size"),
    [(3, "full", 8), (3, "half", 4), (5, "half", 16), (5, "quarter", 8), (6, "quarter", 16), (7, "quarter", 32)],
)
def test_so_many_cells_are_kept_and_every_factor_is_balanced(count, fraction, size):
    """Half of the cells at each level of each factor, else a main effect would be another's."""
    kept = cells(count, fraction)

    assert len(kept) == size
    assert all(sum(cell[name] for cell in kept) == size / 2 for name in grid(count))


@pytest.mark.parametrize(("count", "fraction"), [(3, "half"), (4, "half"), (5, "quarter"), (7, "quarter")])
def test_every_pair_of_factors_is_orthogonal(count, fraction):
    """Each of the four combinations of two factors as often as the others."""
    kept = cells(count, fraction)

    for one, other in ((a, b) for a in grid(count) for b in grid(count) if a < b):
        counts = [sum((cell[one], cell[other]) == pair for cell in kept) for pair in product((0, 1), repeat=2)]
        assert len(set(counts)) == 1


def test_half_of_three_confounds_each_with_the_interaction_of_the_others():
    """Resolution III, said in words."""
    assert confounded(["topology.a", "b", "c"], "half") == (
        "a cannot be told from b x c",
        "b cannot be told from a x c",
        "c cannot be told from a x b",
    )


def test_half_of_five_keeps_everything_apart():
    """Resolution V: main effects and interactions of two are clear of one another."""
    assert confounded(["a", "b", "c", "d", "e"], "half") == ()
    assert confounded(["a", "b", "c"], "full") == ()


@pytest.mark.parametrize(
    ("factors", "fraction", "words"),
    [
        ({"a": (1, 2, 3), "b": (1, 2), "c": (1, 2)}, "half", "needs two values of each factor, but a has"),
        ({"a": (1, 2), "b": (1, 2)}, "half", "is for 3, 4, 5, 6, 7 factors, not for 2: run the full grid"),
        ({"a": (1, 2)}, "full", ""),
        (grid(5), "quarter", ""),
    ],
)
def test_a_fraction_that_there_is_none_of_is_refused(factors, fraction, words):
    """With what can be done."""
    assert words in fraction_fault(factors, fraction)
    assert bool(fraction_fault(factors, fraction)) == bool(words)
