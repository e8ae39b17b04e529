"""Sweeps over gateways: what their records predict of other sizes, and whether that came true. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from scalelab.lab.analysis.verdict.next_size import PredictionError, predict_sizes
from scalelab.lab.results.run_record import RunRecord
from scalelab.lab.results.size_prediction import PredictionsFile, SizePrediction, SweepPredictions
from scalelab.lab.scenario_names import GATEWAYS

HARDLY_MORE = 0.02
"""Of the rate: a gain below it is within what runs differ by."""
Others = tuple[tuple[str, str | int | float | bool], ...]


@dataclass(frozen=True)
class Verified:
    """A size that was predicted, and then measured."""

    repetition: int
    title: str
    prediction: SizePrediction
    measured_per_s: float | None
    """None: the run gave no rate, or is not valid."""

    @property
    def is_hit(self) -> bool | None:
        """Whether the measurement lies in the interval; None without one."""
        return None if self.measured_per_s is None else self.prediction.contains(self.measured_per_s)

    @property
    def error_ratio(self) -> float | None:
        """Predicted over measured, less one."""
        if not self.measured_per_s:
            return None
        return self.prediction.throughput_per_s / self.measured_per_s - 1


def predict_sweeps(records: Sequence[RunRecord], sizes: Sequence[int]) -> PredictionsFile:
    """For each set of the other factors: predictions of `sizes` from all other sizes in the records."""
    sweeps, faults = [], []
    for others, sweep in _sweeps(records).items():
        learned = {size: runs for size, runs in sorted(sweep.items()) if size not in sizes}
        try:
            predictions = predict_sizes(learned, sizes)
        except PredictionError as error:
            faults.append(f"{_named(others)}{error}")
            continue
        measured = {size: _rates(runs) for size, runs in learned.items()}
        sweeps.append(SweepPredictions(others=dict(others), measured=measured, predictions=predictions))
    if not sweeps and not faults:
        faults.append("the run has no factor gateways: give the experiment factors.gateways = [1, 2, 3]")
    return PredictionsFile(sweeps=tuple(sweeps), faults=tuple(faults))


def verify(records: Sequence[RunRecord], predictions: Mapping[int, PredictionsFile]) -> tuple[Verified, ...]:
    """Every prediction beside its measurement, if that was made."""
    return tuple(_verified(records, predictions))


def prediction_sentences(predictions: PredictionsFile) -> tuple[str, ...]:
    """What is expected, in words: one sentence a size, with what the last gateway buys; and what could not be."""
    told = [
        f"{_named(tuple(sweep.others.items()))}{sentence}"
        for sweep in predictions.sweeps
        for sentence in _sentences(sweep)
    ]
    return (*told, *(f"Nothing is predicted: {fault}." for fault in predictions.faults))


def _sentences(sweep: SweepPredictions) -> Iterator[str]:
    rates = {size: sum(rates) / len(rates) for size, rates in sweep.measured.items() if rates}
    for prediction in sorted(sweep.predictions, key=lambda one: one.gateways):
        size, rate = prediction.gateways, prediction.throughput_per_s
        before = rates.get(size - 1)
        bought = "" if before is None else f", {_bought(rate - before, rate)} than with {size - 1}"
        rates[size] = rate
        yield (
            f"{size} gateways will do {rate:,.1f}/s ({prediction.low_per_s:,.1f} to {prediction.high_per_s:,.1f})"
            f"{bought}, limited by {_with_article(prediction.binding)}: {prediction.formula}."
        )


def _bought(gain: float, rate: float) -> str:
    return "no more" if abs(gain) < HARDLY_MORE * rate else f"{gain:+,.1f}/s more"


def _with_article(binding: str) -> str:
    return binding if binding.startswith("CPU") else f"the {binding}"


def _verified(records: Sequence[RunRecord], predictions: Mapping[int, PredictionsFile]) -> Iterator[Verified]:
    for repetition, file in predictions.items():
        for sweep in file.sweeps:
            for prediction in sweep.predictions:
                record = _find(records, repetition, sweep.others, prediction.gateways)
                if record is not None:
                    is_valid = record.validity == ("valid",)
                    rate = record.throughput_per_s if is_valid else None
                    yield Verified(repetition, record.title, prediction, rate)


def _find(records: Sequence[RunRecord], repetition: int, others: Mapping[str, object], size: int) -> RunRecord | None:
    wanted = {**others, GATEWAYS: size}
    return next((one for one in records if one.repetition == repetition and one.factors == wanted), None)


def _sweeps(records: Sequence[RunRecord]) -> dict[Others, dict[int, list[RunRecord]]]:
    sweeps: dict[Others, dict[int, list[RunRecord]]] = {}
    for record in records:
        size = record.factors.get(GATEWAYS)
        if isinstance(size, int):
            others = tuple((name, value) for name, value in record.factors.items() if name != GATEWAYS)
            sweeps.setdefault(others, {}).setdefault(size, []).append(record)
    return sweeps


def _rates(records: Sequence[RunRecord]) -> tuple[float, ...]:
    return tuple(rate for record in records if (rate := record.throughput_per_s) is not None)


def _named(others: Others) -> str:
    return f"{', '.join(f'{name} = {value}' for name, value in others)}: " if others else ""
