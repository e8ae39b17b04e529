"""The laws themselves: throughput X as a function of size N (users, replicas, processors). Pure.

| law | X(N) | says |
| --- | --- | --- |
| linear | g N | each unit adds the same |
| amdahl | g N / (1 + a (N - 1)) | a share `a` is done one after the other: X stays below g / a |
| usl | g N / (1 + a (N - 1) + b N (N - 1)) | units also wait for one another in pairs: beyond a peak X falls |
| asymptote | min(g N, c) | each unit adds the same until something else is full |

Sources: Amdahl (1967); Gunther, Guerrilla Capacity Planning (2007), chapters 4 and 5.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Name = Literal["linear", "amdahl", "usl", "asymptote"]
Numbers = NDArray[np.float64]
Function = Callable[[Numbers, Any], Numbers]


@dataclass(frozen=True)
class Law:
    """One family of curves."""

    name: Name
    parameters: tuple[str, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    formula: str
    function: Function


def _linear(sizes: Numbers, values: Any) -> Numbers:
    return np.asarray(values[0] * sizes)


def _amdahl(sizes: Numbers, values: Any) -> Numbers:
    gamma, alpha = values
    return np.asarray(gamma * sizes / (1 + alpha * (sizes - 1)))


def _usl(sizes: Numbers, values: Any) -> Numbers:
    gamma, alpha, beta = values
    return np.asarray(gamma * sizes / (1 + alpha * (sizes - 1) + beta * sizes * (sizes - 1)))


def _asymptote(sizes: Numbers, values: Any) -> Numbers:
    gamma, ceiling = values
    return np.asarray(np.minimum(gamma * sizes, ceiling))


_INF = float("inf")
LAWS: dict[Name, Law] = {
    "linear": Law("linear", ("gamma",), (0.0,), (_INF,), "X = gamma N", _linear),
    "amdahl": Law(
        "amdahl", ("gamma", "alpha"), (0.0, 0.0), (_INF, 1.0), "X = gamma N / (1 + alpha (N - 1))", _amdahl
    ),
    "usl": Law(
        "usl",
        ("gamma", "alpha", "beta"),
        (0.0, 0.0, 0.0),
        (_INF, 1.0, _INF),
        "X = gamma N / (1 + alpha (N - 1) + beta N (N - 1))",
        _usl,
    ),
    "asymptote": Law(
        "asymptote", ("gamma", "ceiling"), (0.0, 0.0), (_INF, _INF), "X = min(gamma N, ceiling)", _asymptote
    ),
}


def peak_of(alpha: float, beta: float) -> float | None:
    """The size of the greatest throughput of a USL; None when it never falls."""
    return float(np.sqrt((1 - alpha) / beta)) if beta > 0 and alpha < 1 else None
