"""Main effects and interactions of a factorial experiment, with intervals from its repetitions. Pure.

Every cell counts alike. Each block (one run of every cell, in random order) has a level of its own, which is taken
out before the scatter is judged: a machine that is slower in the second hour is no scatter of the cells.

Source: Montgomery, Design and Analysis of Experiments, chapters 4 and 6; fractions: Box, Hunter, Hunter, chapter 12.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from scipy import stats

from scalelab.lab.analysis.statistics import Interval

CONFIDENCE = 0.95
TWO_LEVELS = 2
Level = bool | int | float | str
Cell = tuple[tuple[str, Level], ...]
"""(factor, level) of every factor."""
Weights = dict[Cell, float]


@dataclass(frozen=True)
class Observation:
    """One run of one cell."""

    cell: Cell
    block: int
    value: float


@dataclass(frozen=True)
class Effect:
    """What a change does to the mean of all cells. Without repetitions the interval is None."""

    name: str
    """`gateways: 1 to 3`, or `gateways x cache`."""
    value: float
    interval: Interval | None
    factors: tuple[str, ...]

    @property
    def is_clear(self) -> bool | None:
        """Whether the interval excludes 0; None without one."""
        return None if self.interval is None else not self.interval.low <= 0 <= self.interval.high


class EffectsError(ValueError):
    """Raised when the observations support no effects; the message says what is missing."""


def effects_of(observations: Sequence[Observation]) -> tuple[Effect, ...]:
    """Main effects between neighbouring levels, then interactions of two factors from first to last level.

    An interaction is half the difference between what one factor does at the other's last and at its first level.

    Args:
        observations: every cell in every block.

    Raises:
        EffectsError: fewer than two factors vary, or cells are missing in a block.
    """
    cells, blocks = _layout(observations)
    levels = _levels(cells)
    means = {cell: _mean([one.value for one in observations if one.cell == cell]) for cell in cells}
    scatter = _scatter(observations, means, len(blocks))
    contrasts = [*_main_contrasts(cells, levels), *_interaction_contrasts(cells, levels)]
    return tuple(
        Effect(
            name=name,
            value=sum(weights[cell] * means[cell] for cell in cells),
            interval=_interval(weights, means, len(blocks), scatter),
            factors=factors,
        )
        for name, factors, weights in contrasts
    )


def level_means(observations: Sequence[Observation]) -> dict[str, dict[Level, float]]:
    """Factor -> level -> mean over all other factors and blocks."""
    cells, _ = _layout(observations)
    return {
        factor: {
            level: _mean([one.value for one in observations if (factor, level) in one.cell])
            for level in factor_levels
        }
        for factor, factor_levels in _levels(cells).items()
    }


def _main_contrasts(
    cells: Sequence[Cell], levels: Mapping[str, Sequence[Level]]
) -> Iterator[tuple[str, tuple[str, ...], Weights]]:
    for factor, values in levels.items():
        for low, high in pairwise(values):
            weights = dict.fromkeys(cells, 0.0)
            _add(weights, [cell for cell in cells if (factor, high) in cell], 1.0)
            _add(weights, [cell for cell in cells if (factor, low) in cell], -1.0)
            yield f"{_short(factor)}: {low} to {high}", (factor,), weights


def _interaction_contrasts(
    cells: Sequence[Cell], levels: Mapping[str, Sequence[Level]]
) -> Iterator[tuple[str, tuple[str, ...], Weights]]:
    """Left out where a fraction does not hold all four corners."""
    for first, second in combinations(levels, 2):
        weights = dict.fromkeys(cells, 0.0)
        corners = [
            ([cell for cell in cells if (first, one) in cell and (second, other) in cell], sign)
            for one, other, sign in (
                (levels[first][-1], levels[second][-1], 0.5),
                (levels[first][0], levels[second][-1], -0.5),
                (levels[first][-1], levels[second][0], -0.5),
                (levels[first][0], levels[second][0], 0.5),
            )
        ]
        if all(corner for corner, _ in corners):
            for corner, sign in corners:
                _add(weights, corner, sign)
            yield f"{_short(first)} x {_short(second)}", (first, second), weights


def _add(weights: Weights, cells: Sequence[Cell], sign: float) -> None:
    for cell in weights:
        if cell in cells:
            weights[cell] += sign / len(cells)


def _layout(observations: Sequence[Observation]) -> tuple[list[Cell], list[int]]:
    cells = list(dict.fromkeys(one.cell for one in observations))
    blocks = sorted({one.block for one in observations})
    if len(_levels(cells)) < TWO_LEVELS:
        raise EffectsError("effects need two factors or more with two levels or more each")
    if len({(one.cell, one.block) for one in observations}) < len(cells) * len(blocks):
        raise EffectsError("a cell is missing in a block, so the effects would compare unlike runs")
    return cells, blocks


def _levels(cells: Sequence[Cell]) -> dict[str, list[Level]]:
    """Of the factors that vary."""
    levels: dict[str, list[Level]] = {}
    for cell in cells:
        for factor, level in cell:
            known = levels.setdefault(factor, [])
            if level not in known:
                known.append(level)
    return {factor: values for factor, values in levels.items() if len(values) >= TWO_LEVELS}


def _scatter(observations: Sequence[Observation], means: Mapping[Cell, float], blocks: int) -> tuple[float, int]:
    """Standard deviation of one run around cell and block, and its degrees of freedom."""
    if blocks < TWO_LEVELS:
        return 0.0, 0
    whole = _mean([one.value for one in observations])
    by_block = {
        block: _mean([one.value for one in observations if one.block == block]) - whole
        for block in {one.block for one in observations}
    }
    residuals = [one.value - means[one.cell] - by_block[one.block] for one in observations]
    freedom = (len(means) - 1) * (blocks - 1)
    return float(np.sqrt(sum(residual**2 for residual in residuals) / freedom)), freedom


def _interval(
    weights: Mapping[Cell, float], means: Mapping[Cell, float], blocks: int, scatter: tuple[float, int]
) -> Interval | None:
    deviation, freedom = scatter
    if freedom < 1:
        return None
    value = sum(weight * means[cell] for cell, weight in weights.items())
    error = deviation * float(np.sqrt(sum(weight**2 for weight in weights.values()) / blocks))
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    return Interval(value, value - half, value + half)


def _short(factor: str) -> str:
    return factor.removeprefix("topology.")


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
