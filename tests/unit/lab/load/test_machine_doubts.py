"""One machine that could not keep up spoils the whole."""

import pytest

from scalelab.lab.load.machine_doubts import limits_of, losses_of, worth_a_word
from scalelab.lab.load.machines import MachineResult

GOOD = MachineResult(
    name="a:1",
    processes=2,
    losses=(),
    sent=1000,
    cpu_share=0.2,
    machine_cpu_share=0.3,
    lag_p99_s=0.0002,
    lag_max_s=0.001,
    clock_uncertainty_s=0.0003,
)


def with_one(**values):
    """Nine machines that did well, and one that did not."""
    return [GOOD] * 9 + [GOOD.model_copy(update={"name": "b:1", **values})]


@pytest.mark.parametrize(
    ("values", "kind"), [({"cpu_share": 0.97}, "generator-cpu"), ({"lag_p99_s": 0.04}, "generator-lag")]
)
def test_one_of_ten_at_its_limit_makes_the_load_generator_limited(values, kind):
    """And is named, once."""
    ((validity, caveat),) = limits_of(with_one(**values), 0.05)

    assert (validity, caveat.kind) == ("generator-limited", kind)
    assert " on b:1 " in caveat.text


def test_machines_that_kept_up_are_not_mentioned():
    """Nothing to say."""
    assert list(limits_of([GOOD] * 3, 0.05)) == []
    assert list(worth_a_word([GOOD] * 3, 0.05)) == []


@pytest.mark.parametrize(
    ("values", "kind", "words"),
    [
        ({"machine_cpu_share": 0.95}, "machine-busy", "b:1 was 95% busy"),
        ({"lag_p99_s": 0.006}, "lag", "lag p99 on b:1 is 6.0 ms"),
        ({"clock_uncertainty_s": 0.02}, "clocks", "b:1 began up to 20 ms before or after the others"),
    ],
)
def test_what_blurs_the_figures_is_told(values, kind, words):
    """The result stands."""
    ((validity, caveat),) = worth_a_word(with_one(**values), 0.05)

    assert (validity, caveat.kind) == (None, kind)
    assert words in caveat.text


def test_who_was_lost_is_told_with_the_reason():
    """And out of how many."""
    assert losses_of(with_one(losses=("the connection to it was lost",))) == (
        "1 of 20 generator processes ended without a report (b:1: the connection to it was lost)."
    )
