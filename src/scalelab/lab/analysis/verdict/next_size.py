"""What a number of gateways that nobody has measured will do, from a sweep over others. Pure.

The layered law gets the demands that the sweep measured. Its errors at the measured sizes correct the prediction and
make its interval, together with the spread of the demand of whatever will bind: a resource that did not bind in the
sweep has no part in those errors. Between exponential times and the bound of any distribution the law is open, and
both ends count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy import stats

from scalelab.lab.analysis.laws.layered import POOL, SLOTS, LayeredSystem, layered_point, with_gateways
from scalelab.lab.analysis.verdict.formulas import formula_of
from scalelab.lab.analysis.verdict.measured_system import system_of
from scalelab.lab.results.run_record import RunRecord
from scalelab.lab.results.size_prediction import SizePrediction

LEAST_SIZES = 2
LEAST_ERROR_RATIO = 0.02
"""Half width at least. A law that fits three points to a permille is luck; and demands themselves grow by about a
percent with the load (timers, the scheduler), which a sweep below the bottleneck does not show."""
CONFIDENCE = 0.95


class PredictionError(ValueError):
    """Raised when a sweep supports no prediction; the message says what is missing."""


def predict_sizes(sweep: Mapping[int, Sequence[RunRecord]], sizes: Sequence[int]) -> tuple[SizePrediction, ...]:
    """Predict throughput.

    Args:
        sweep: number of gateways -> its runs, everything else the same.
        sizes: numbers of gateways to predict.

    Raises:
        PredictionError: too few sizes, a run that is not valid, or probes that did not tell.
    """
    systems = _systems(sweep)
    typical = mean_system(systems)
    errors = [
        (record.throughput_per_s or 0.0) / layered_point(with_gateways(typical, size)).throughput_per_s - 1
        for size, records in sweep.items()
        for record in records
    ]
    bias = float(np.mean(errors))
    return tuple(_predicted(typical, size, bias, errors, systems) for size in sizes)


def mean_system(systems: Sequence[LayeredSystem]) -> LayeredSystem:
    """One gateway of it, with the mean demands of all measurements.

    CPU is that of the largest: what a machine does beside the load weighs less on an answer, the more there are.
    """
    single = [with_gateways(system, 1) for system in systems]
    largest = max(systems, key=lambda system: system.gateways)
    return replace(
        with_gateways(largest, 1),
        held_s=_mean([system.held_s for system in single]),
        query_s=_mean([system.query_s for system in single]),
        slot_share=_mean([system.slot_share for system in single]),
    )


def _predicted(
    typical: LayeredSystem, size: int, bias: float, errors: Sequence[float], systems: Sequence[LayeredSystem]
) -> SizePrediction:
    system = with_gateways(typical, size)
    point = layered_point(system)
    own = float(np.hypot(_new_one(errors), _new_one(_demand_deviations(systems, point.binding))))
    spread = max(LEAST_ERROR_RATIO, own)
    limit = next(bound for bound in point.bounds if bound.name == point.binding)
    value = point.throughput_per_s * (1 + bias)
    return SizePrediction(
        gateways=size,
        throughput_per_s=value,
        low_per_s=value * (1 - spread),
        high_per_s=max(value, point.bound_per_s * (1 + bias)) * (1 + spread),
        binding=point.binding,
        limit_per_s=point.bound_per_s,
        formula=formula_of(system, limit),
    )


def _systems(sweep: Mapping[int, Sequence[RunRecord]]) -> list[LayeredSystem]:
    if len(sweep) < LEAST_SIZES:
        raise PredictionError(
            f"a prediction needs a sweep over at least {LEAST_SIZES} numbers of gateways, and there is "
            f"{', '.join(map(str, sweep)) or 'none'}: give the experiment factors.gateways = [1, 2, 3]"
        )
    records = [record for runs in sweep.values() for record in runs]
    doubtful = [record for record in records if record.validity != ("valid",)]
    if doubtful:
        named = ", ".join(
            f"{record.title} (run {record.repetition}) is {', '.join(record.validity)}" for record in doubtful
        )
        raise PredictionError(f"nothing is predicted from runs that are not valid: {named}")
    found = [(record, system_of(record) if record.users else None) for record in records]
    untold = [record.title for record, system in found if system is None]
    if untold:
        raise PredictionError(
            f"the use of slots and pool is not known of {', '.join(untold)}: only a closed load on a stack whose "
            f"probes answered can be predicted from; measure it again with this version"
        )
    return [system for _, system in found if system is not None]


def _demand_deviations(systems: Sequence[LayeredSystem], binding: str) -> list[float]:
    """Of the binding resource's demand in each measurement, from its mean, as ratios; nothing for any other."""
    demands = {
        POOL: [system.query_s for system in systems],
        SLOTS: [system.query_s + system.held_s for system in systems],
    }.get(binding, [])
    return [demand / _mean(demands) - 1 for demand in demands if _mean(demands) > 0]


def _new_one(deviations: Sequence[float]) -> float:
    """Half width of the interval of one further deviation: Student's t, for a new observation."""
    count = len(deviations)
    if count < LEAST_SIZES:
        return 0.0
    quantile = float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1))
    return quantile * float(np.std(deviations, ddof=1)) * float(np.sqrt(1 + 1 / count))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
