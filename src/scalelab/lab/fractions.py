"""Which cells of a two-level grid a fraction keeps, and what it can then no longer tell apart. Pure.

The generators are those of least aberration: main effects are confounded with interactions of as many factors as
possible. Source: Box, Hunter, Hunter, Statistics for Experimenters (2005), table 6.22.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Literal, TypeVar

Fraction = Literal["full", "half", "quarter"]
_GENERATORS: Mapping[tuple[Fraction, int], tuple[str, ...]] = {
    ("half", 3): ("ABC",),
    ("half", 4): ("ABCD",),
    ("half", 5): ("ABCDE",),
    ("half", 6): ("ABCDEF",),
    ("half", 7): ("ABCDEFG",),
    ("quarter", 5): ("ABD", "ACE"),
    ("quarter", 6): ("ABCE", "BCDF"),
    ("quarter", 7): ("ABCDF", "ABDEG"),
}
"""Words whose product of levels (-1 and 1) is 1 in every cell that is kept."""
_LETTERS = "ABCDEFG"
ValueT = TypeVar("ValueT")


def fraction_fault(factors: Mapping[str, Sequence[object]], fraction: Fraction) -> str:
    """Why there is no such fraction of this grid; empty when there is one."""
    if fraction == "full":
        return ""
    uneven = [name for name, values in factors.items() if len(values) != 2]  # noqa: PLR2004  the grid has two levels
    if uneven:
        return f"fraction = {fraction!r} needs two values of each factor, but {', '.join(uneven)} has another number"
    if (fraction, len(factors)) not in _GENERATORS:
        known = ", ".join(str(count) for kind, count in _GENERATORS if kind == fraction)
        return f"fraction = {fraction!r} is for {known} factors, not for {len(factors)}: run the full grid"
    return ""


def keeps(cell: Mapping[str, ValueT], factors: Mapping[str, Sequence[ValueT]], fraction: Fraction) -> bool:
    """Whether a cell of the full grid is one of the fraction's."""
    if fraction == "full":
        return True
    signs = {
        letter: 1 if cell[name] == values[1] else -1
        for letter, (name, values) in zip(_LETTERS, factors.items(), strict=False)
    }
    return all(_product(signs, word) == 1 for word in _GENERATORS[fraction, len(factors)])


def confounded(factors: Sequence[str], fraction: Fraction) -> tuple[str, ...]:
    """Which main effects and interactions of two factors cannot be told apart, in sentences."""
    if fraction == "full" or (fraction, len(factors)) not in _GENERATORS:
        return ()
    words = _defining(_GENERATORS[fraction, len(factors)])
    letters = dict(zip(_LETTERS, factors, strict=False))
    singles = [frozenset(letter) for letter in letters]
    effects = [*singles, *(one | other for one, other in combinations(singles, 2))]
    told = []
    for index, effect in enumerate(effects):
        same = [other for other in effects[index + 1 :] if effect ^ other in words]
        if same:
            names = [_name(one, letters) for one in (effect, *same)]
            told.append(f"{names[0]} cannot be told from {' and '.join(names[1:])}")
    return tuple(told)


def _defining(generators: Sequence[str]) -> frozenset[frozenset[str]]:
    words = [frozenset(word) for word in generators]
    products = [one ^ other for one, other in combinations(words, 2)]
    return frozenset([*words, *products])


def _product(signs: Mapping[str, int], word: str) -> int:
    product = 1
    for letter in word:
        product *= signs[letter]
    return product


def _name(effect: frozenset[str], letters: Mapping[str, str]) -> str:
    return " x ".join(letters[letter].removeprefix("topology.") for letter in sorted(effect))
