"""Predictions beside what was measured afterwards: table and sentences. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scalelab.lab.next_size import Verified, prediction_sentences, verify
from scalelab.lab.report import figures as shown
from scalelab.lab.results.run_record import RunRecord
from scalelab.lab.results.size_prediction import PredictionsFile

VERIFIED_HEAD = ("Predicted", "Run", "Predicted requests/s", "95 % interval", "Binds", "Measured", "Error", "Verdict")
REQUIRED_HIT_SHARE = 0.9
"""Of the intervals of 95 %: so many must hold their measurement."""


@dataclass(frozen=True)
class VerifiedContent:
    """Empty when nothing was predicted before it was measured."""

    rows: tuple[tuple[str, ...], ...]
    sentences: tuple[str, ...]
    is_missed: bool
    """Whether too many predictions were wrong."""


def verified_content(records: Sequence[RunRecord], predictions: Mapping[int, PredictionsFile]) -> VerifiedContent:
    """Of every repetition that predicted."""
    verified = verify(records, predictions)
    judged = [one for one in verified if one.is_hit is not None]
    hits = sum(1 for one in judged if one.is_hit)
    sentences = [sentence for file in _first_of(predictions) for sentence in prediction_sentences(file)]
    if judged:
        sentences.append(_hits_sentence(judged, hits))
    return VerifiedContent(
        rows=tuple(_row(one) for one in verified),
        sentences=tuple(sentences),
        is_missed=bool(judged) and hits < REQUIRED_HIT_SHARE * len(judged),
    )


def _first_of(predictions: Mapping[int, PredictionsFile]) -> list[PredictionsFile]:
    """The sentences of the first repetition stand for all; those of others differ in digits."""
    return list(predictions.values())[:1]


def _hits_sentence(judged: Sequence[Verified], hits: int) -> str:
    worst = max(abs(error) for one in judged if (error := one.error_ratio) is not None)
    return (
        f"{hits} of {len(judged)} measurements lie in the interval that was predicted before them; the largest error "
        f"of a prediction is {worst:.1%}."
    )


def _row(verified: Verified) -> tuple[str, ...]:
    prediction, error = verified.prediction, verified.error_ratio
    return (
        verified.title,
        str(verified.repetition),
        shown.rate(prediction.throughput_per_s),
        f"{shown.rate(prediction.low_per_s)} to {shown.rate(prediction.high_per_s)}",
        prediction.binding,
        shown.rate(verified.measured_per_s),
        shown.ABSENT if error is None else f"{error:+.1%}",
        {True: "hit", False: "miss", None: "not measured"}[verified.is_hit],
    )
