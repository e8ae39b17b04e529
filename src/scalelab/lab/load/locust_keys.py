"""Which record a request asks for. Pure: the same seed gives the same keys."""

import random
from collections.abc import Iterator
from itertools import islice
from typing import Literal, Protocol

KeyChoice = Literal["miss", "hit", "any"]
"""miss: no key twice; hit: keys of the hot set; any: any key, as it comes."""


class KeySource(Protocol):
    """Gives keys, one after the other."""

    def next_key(self) -> int | None:
        """The next key; None when there is none left."""


def shuffled_keys(records: int, seed: int) -> Iterator[int]:
    """1..records in a random order; memory grows with what was taken, not with `records`."""
    draws = random.Random(seed)  # noqa: S311  a sequence that can be had again
    moved: dict[int, int] = {}
    for last in range(records, 0, -1):
        place = draws.randint(1, last)
        key = moved.get(place, place)
        moved[place] = moved.pop(last, last)
        yield key


def hot_set(records: int, count: int, seed: int) -> tuple[int, ...]:
    """The keys of the hot set; fewer than `count` when there are fewer records."""
    keys = shuffled_keys(records, seed)
    return tuple(key for key, _ in zip(keys, range(count), strict=False))


class UnaskedKeys:
    """No key twice."""

    def __init__(self, records: int, seed: int, part: int = 0, parts: int = 1) -> None:
        self._keys = islice(shuffled_keys(records, seed), part, None, parts)

    def next_key(self) -> int | None:
        """The next key; None after the last."""
        return next(self._keys, None)


class KeysOf:
    """Any of the given keys, with equal chances."""

    def __init__(self, keys: range | tuple[int, ...], seed: int) -> None:
        self._keys = keys
        self._draws = random.Random(seed)  # noqa: S311  a sequence that can be had again

    def next_key(self) -> int:
        """Never runs out."""
        return self._draws.choice(self._keys)


def key_source(
    choice: KeyChoice, records: int, hot_set_keys: int, seed: int, part: int = 0, parts: int = 1
) -> KeySource:
    """The source for a scenario, or for one of several processes that share it: no key twice also among them."""
    if choice == "miss":
        return UnaskedKeys(records, seed, part, parts)
    if choice == "hit":
        return KeysOf(hot_set(records, hot_set_keys, seed), seed + part)
    return KeysOf(range(1, records + 1), seed + part)
