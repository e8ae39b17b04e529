"""Effects against a textbook, and intervals that know of blocks."""

from random import Random

import pytest

from scalelab.lab.analysis.effects import EffectsError, Observation, effects_of, level_means


def observations(table):
    """(levels of each factor) -> values, one a block."""
    return [
        Observation(tuple(cell.items()), block, value)
        for cell, values in table
        for block, value in enumerate(values, start=1)
    ]


def a_cell(concentration, catalyst):
    return {"concentration": concentration, "catalyst": catalyst}


MONTGOMERY = observations(
    [
        (a_cell(15, 1), (28, 25, 27)),
        (a_cell(25, 1), (36, 32, 32)),
        (a_cell(15, 2), (18, 19, 23)),
        (a_cell(25, 2), (31, 30, 29)),
    ]
)
"""Yield of a chemical process: Montgomery, Design and Analysis of Experiments, section 6.2."""


def test_the_textbooks_effects():
    """A = 8.33, B = -5.00, AB = 1.67."""
    found = {effect.name: effect.value for effect in effects_of(MONTGOMERY)}

    assert found == pytest.approx(
        {"concentration: 15 to 25": 8.3333, "catalyst: 1 to 2": -5.0, "concentration x catalyst": 1.6667}, abs=1e-4
    )


def test_an_interval_says_which_effects_are_clear():
    """The interaction of the textbook is not significant."""
    clear = {effect.name: effect.is_clear for effect in effects_of(MONTGOMERY)}

    assert list(clear.values()) == [True, True, False]


def test_a_slow_block_is_no_scatter():
    """Everything 50 lower in the second block: the intervals stay as they were."""
    slow = [Observation(one.cell, one.block, one.value - (50 if one.block == 2 else 0)) for one in MONTGOMERY]

    plain, shifted = effects_of(MONTGOMERY), effects_of(slow)

    widths = [[effect.interval.half_width for effect in effects] for effects in (plain, shifted)]
    assert widths[0] == pytest.approx(widths[1])


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """400 experiments of 2 x 2 cells in 3 blocks: 95 % hold the true effect, within what 400 draws allow."""
    draws, held = Random(5), 0
    for _ in range(400):
        shifts = [draws.gauss(0, 20) for _ in range(3)]
        table = [
            (a_cell(one, other), [100 + 6 * one + 3 * other + shift + draws.gauss(0, 4) for shift in shifts])
            for one in (0, 1)
            for other in (0, 1)
        ]
        effect = effects_of(observations(table))[0]
        held += effect.interval.low <= 6.0 <= effect.interval.high

    assert 365 <= held <= 395


def test_several_levels_have_an_effect_between_neighbours():
    """1, 2, 3 gateways: the second step is told apart from the first."""
    table = [
        ({"gateways": size, "cache": cache}, [rate])
        for cache, rates in (("miss", (64, 128, 150)), ("hit", (600, 600, 600)))
        for size, rate in zip((1, 2, 3), rates, strict=True)
    ]

    effects = effects_of(observations(table))

    assert [(effect.name, effect.value) for effect in effects] == [
        ("gateways: 1 to 2", 32.0),
        ("gateways: 2 to 3", 11.0),
        ("cache: miss to hit", pytest.approx(600 - 114)),
        ("gateways x cache", pytest.approx(-43.0)),
    ]
    assert all(effect.interval is None for effect in effects)
    assert level_means(observations(table))["gateways"] == {1: 332.0, 2: 364.0, 3: 375.0}


@pytest.mark.parametrize(
    ("kept", "words"),
    [(slice(0, 6), "two factors or more"), (slice(0, 11), "a cell is missing in a block")],
)
def test_what_supports_no_effects_is_refused(kept, words):
    """One factor that varies, or a run that is not there."""
    with pytest.raises(EffectsError, match=words):
        effects_of(MONTGOMERY[kept])
