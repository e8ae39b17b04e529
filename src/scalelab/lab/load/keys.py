"""Which key each request asks for: uniform, Zipf, unique, or a hot set. Pure: the same seed gives the same keys.

Keys are 1..count. Several generators share a key space by number: none of their unique keys meet.
"""

from collections.abc import Callable, Iterator
from itertools import count as count_from
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from scalelab.contracts.model import Contract

_DRAWS = 1024
MOST_KEYS = 10_000_000
Draw = Callable[[int], "np.ndarray[tuple[int], np.dtype[np.int64]]"]
Distribution = Literal["uniform", "zipf", "unique", "hot_set", "listed"]


class KeyPlan(Contract):
    """A distribution over the keys 1..count."""

    distribution: Distribution = "uniform"
    count: int = Field(default=1000, ge=1, le=MOST_KEYS)
    """How many keys there are. Unique keys end there."""
    exponent: float = Field(default=1.0, gt=0)
    """Zipf: the key of rank r is asked with a chance in proportion to 1 / r ** exponent; key 1 has rank 1."""
    hot_keys: int = Field(default=20, ge=1)
    """Hot set: the keys 1..hot_keys."""
    hot_share: float = Field(default=0.9, ge=0, le=1)
    """Hot set: the share of the requests that ask for one of them."""

    listed: tuple[int, ...] = ()
    """Listed: these keys, with equal chances."""

    @model_validator(mode="after")
    def _fits_together(self) -> "KeyPlan":
        if self.distribution == "listed" and not self.listed:
            raise ValueError("a listed distribution needs keys")
        if self.distribution == "hot_set" and self.hot_keys > self.count:
            raise ValueError(f"hot_keys = {self.hot_keys} is more than count = {self.count}")
        return self


def key_iterator(plan: KeyPlan, seed: int, part: int = 0, parts: int = 1) -> Iterator[int]:
    """Keys, one after the other. Only unique ones end.

    Args:
        plan: the distribution.
        seed: of the draws.
        part: number of this generator, from 0.
        parts: how many generators share the keys.
    """
    if plan.distribution == "unique":
        return iter(range(1 + part, plan.count + 1, parts))
    return _drawn(_draw_of(plan, np.random.default_rng((seed, part))))


def _draw_of(plan: KeyPlan, draws: np.random.Generator) -> Draw:
    if plan.distribution == "zipf":
        weights = 1.0 / np.arange(1, plan.count + 1) ** plan.exponent
        limits = np.cumsum(weights)
        return lambda number: 1 + np.searchsorted(limits, draws.random(number) * limits[-1], side="right")
    if plan.distribution == "hot_set":
        return lambda number: np.where(
            draws.random(number) < plan.hot_share,
            draws.integers(1, plan.hot_keys, number, endpoint=True),
            _cold_keys(plan, draws, number),
        )
    if plan.distribution == "listed":
        return lambda number: draws.choice(np.asarray(plan.listed, dtype=np.int64), number)
    return lambda number: draws.integers(1, plan.count, number, endpoint=True)


def _cold_keys(
    plan: KeyPlan, draws: np.random.Generator, number: int
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    first = plan.hot_keys + 1 if plan.hot_keys < plan.count else 1
    return draws.integers(first, plan.count, number, endpoint=True)


def _drawn(draw: Draw) -> Iterator[int]:
    for _ in count_from():
        yield from draw(_DRAWS).tolist()
