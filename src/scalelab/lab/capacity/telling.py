"""A capacity in words and as a document. Pure; its keys are relied upon: add, never rename."""

from typing import Any

from scalelab.lab.capacity.running import CapacityAnswer

_ENDS = {
    "budget": "The time was up before the interval was as narrow as asked: give more --budget, or less --precision.",
    "generator": "The generator could not do more: this is its limit, not the system's. Use more --processes.",
    "at-least": "The highest rate that was to be tried meets it: raise --most.",
    "at-most": "Not even the lowest rate meets it.",
    "no-answer": "Not one good answer came: check the URL, the token and the server.",
    "interrupted": "Interrupted.",
}


def sentences_of(answer: CapacityAnswer, slo: str) -> tuple[str, ...]:
    """What was found, and what stands in its way."""
    return (_found(answer, slo), *([_ENDS[answer.ended]] if answer.ended in _ENDS else []))


def document_of(answer: CapacityAnswer, slo: str) -> dict[str, Any]:
    """For scripts. Rates are requests a second; null: not known."""
    estimate = answer.estimate
    return {
        "slo": slo,
        "ended": answer.ended,
        "rate_per_s": estimate.per_s if estimate is not None else None,
        "low_per_s": estimate.low_per_s if estimate is not None and answer.ended != "at-most" else None,
        "high_per_s": estimate.high_per_s if estimate is not None and _has_upper_end(answer) else None,
        "elapsed_s": answer.elapsed_s,
        "trials": [
            {"rate_per_s": trial.rate_per_s, "outcome": trial.outcome, "reason": trial.reason}
            for trial in answer.trials
        ],
    }


def _found(answer: CapacityAnswer, slo: str) -> str:
    estimate = answer.estimate
    if estimate is None:
        return f"No rate is known that meets {slo}."
    if not _has_upper_end(answer):
        return f"At least {estimate.per_s:,.1f} requests/s meet {slo}."
    return (
        f"Up to {estimate.per_s:,.1f} requests/s ({estimate.low_per_s:,.1f} to {estimate.high_per_s:,.1f}, 95 %) "
        f"meet {slo}; {len(answer.trials)} trials in {answer.elapsed_s:.0f} s."
    )


def _has_upper_end(answer: CapacityAnswer) -> bool:
    return answer.estimate is not None and answer.estimate.high_per_s > answer.estimate.low_per_s
