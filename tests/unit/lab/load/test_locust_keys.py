"""Keys: no key twice for a miss, few for a hit, the same again for the same seed."""

from hypothesis import given
from hypothesis import strategies as st

from scalelab.lab.load.locust_keys import hot_set, key_source, shuffled_keys


@given(st.integers(1, 500), st.integers())
def test_a_shuffle_has_every_key_once(records, seed):
    """Nothing is lost and nothing comes twice."""
    assert sorted(shuffled_keys(records, seed)) == list(range(1, records + 1))


def test_a_shuffle_can_be_had_again_and_differs_by_seed():
    """A sequence belongs to its seed."""
    once, again, other = (list(shuffled_keys(1000, seed)) for seed in (1, 1, 2))

    assert once == again
    assert once != other


def test_ten_million_keys_cost_nothing_before_they_are_taken():
    """The first keys of ten million come at once."""
    keys = shuffled_keys(10_000_000, 1)

    assert len({next(keys) for _ in range(100)}) == 100


def test_unasked_keys_run_out():
    """A miss load that has asked for everything gets None."""
    source = key_source("miss", 3, 20, 1)

    assert sorted(filter(None, (source.next_key() for _ in range(3)))) == [1, 2, 3]
    assert source.next_key() is None


def test_a_hit_load_asks_for_the_hot_set_only():
    """All of the hot set, and nothing else."""
    source = key_source("hit", 100_000, 20, 7)

    assert {source.next_key() for _ in range(2000)} == set(hot_set(100_000, 20, 7))


def test_a_hot_set_is_no_larger_than_the_records():
    """Three records make a hot set of three."""
    assert sorted(hot_set(3, 20, 1)) == [1, 2, 3]


def test_any_key_may_come():
    """Without a cache factor keys are drawn from all records."""
    source = key_source("any", 5, 20, 1)

    assert {source.next_key() for _ in range(200)} == {1, 2, 3, 4, 5}


@given(st.integers(1, 200), st.integers(1, 6))
def test_several_processes_ask_for_no_key_twice(records, parts):
    """And together for all."""
    sources = [key_source("miss", records, 20, 1, part, parts) for part in range(parts)]

    asked = [key for source in sources for key in iter(source.next_key, None)]

    assert sorted(asked) == list(range(1, records + 1))


def test_several_processes_draw_from_one_hot_set_each_in_its_own_way():
    """The same keys are hot for all."""
    first, second = ([key_source("hit", 1000, 5, 1, part, 2).next_key() for _ in range(1)] for part in (0, 1))
    whole = hot_set(1000, 5, 1)

    assert {*first, *second} <= set(whole)
