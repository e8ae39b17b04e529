"""What must come out of a load against a server whose truth is known. Pure: results in, lines out.

Each judge fails for the classic mistake that it is there for; its test feeds it that mistake.
"""

from scalelab.lab.capacity.search import Estimate
from scalelab.lab.load.result import LoadResult
from scalelab.lab.selftest.lines import Line, between, equal, near, said

SLACK_S = 0.02
"""What a shared machine may add to a latency without anybody being wrong."""
_MS = 1000.0


def books(result: LoadResult) -> Line:
    """Nothing is lost between what was offered and what became of it."""
    answered = result.completed + result.failed + result.timed_out + result.censored
    is_balanced = result.offered == result.sent + result.not_sent and result.sent == answered
    return equal("books balance", "balanced", "balanced" if is_balanced else f"{result.sent} sent, {answered} ended")


def fixed_delay(result: LoadResult, *, delay_s: float, rate_per_s: float) -> tuple[Line, ...]:
    """Every request takes the delay, none takes less; all were sent."""
    figures = result.latency_intended_s
    return (
        books(result),
        equal("completed", result.offered, result.completed),
        _delay("least latency", delay_s, figures.min),
        _delay("median latency", delay_s, figures.p50),
        _delay("mean latency", delay_s, figures.mean),
        near("rate", rate_per_s, result.rate_per_s, within=0.05 * rate_per_s, unit="/s"),
    )


def freeze(result: LoadResult, *, frozen_s: float, duration_s: float, rate_per_s: float) -> tuple[Line, ...]:
    """A server stopped for a while: who was meant to ask meanwhile waited, uniformly from nothing to all of it.

    So the quantile q of the latency from the intended start is F - (1 - q) T. Measured from the actual start (the
    coordinated omission), hardly any request would have waited.
    """
    figures = result.latency_intended_s
    tolerance_s = 0.1 + 0.05 * frozen_s
    return (
        books(result),
        equal("completed", round(rate_per_s * duration_s), result.completed),
        near("median latency", frozen_s - 0.5 * duration_s, figures.p50, within=tolerance_s, unit=" s"),
        near("p90 latency", frozen_s - 0.1 * duration_s, figures.p90, within=tolerance_s, unit=" s"),
        near("greatest latency", frozen_s, figures.max, within=tolerance_s, unit=" s"),
    )


def slow_accept(result: LoadResult, *, accept_s: float, rate_per_s: float, duration_s: float) -> tuple[Line, ...]:
    """Connections are taken one at a time: the last request waits for all before it, and that wait is latency."""
    number = round(rate_per_s * duration_s)
    last_s = number * accept_s - (number - 1) / rate_per_s
    return (
        books(result),
        equal("completed", number, result.completed),
        near("greatest latency", last_s, result.latency_intended_s.max, within=0.15 + 0.1 * last_s, unit=" s"),
    )


def resets(result: LoadResult, *, every: int) -> tuple[Line, ...]:
    """Every so many connections one is reset: a failure of its kind, without a latency."""
    return (
        books(result),
        equal("failed", result.sent // every, result.failed),
        equal("kinds of failures", {"connection reset": result.sent // every}, result.failure_kinds),
        equal("latencies of good answers", result.sent - result.sent // every, result.latency_intended_s.count),
        equal("latencies of failures", 0, result.latency_failed_s.count),
        said("validity", "too-many-failures", result.validities),
    )


def refusals(result: LoadResult, *, refused: int, delay_s: float) -> tuple[Line, ...]:
    """Quick 503s beside slower good answers: kept apart, so that they do not beautify the latency."""
    return (
        books(result),
        equal("503s", {"200": result.completed, "503": refused}, result.statuses),
        equal("latencies of good answers", result.sent - refused, result.latency_intended_s.count),
        _delay("median latency of good answers", delay_s, result.latency_intended_s.p50),
        between("median latency of refusals", 0, _MS * delay_s / 2, _ms(result.latency_failed_s.p50), unit=" ms"),
        said("validity", "too-many-failures", result.validities),
    )


def wrong_bodies(result: LoadResult, *, torn: int) -> tuple[Line, ...]:
    """Bodies that do not fit their digest, under a 200: each is found."""
    return (
        books(result),
        equal("torn answers", {"torn": torn}, result.defects),
        equal("good answers", result.sent - torn, result.completed),
        said("validity", "wrong-answers", result.validities),
    )


def one_at_a_time(result: LoadResult) -> tuple[Line, ...]:
    """One user who never thinks: rate times latency is one."""
    mean_s, rate = result.latency_intended_s.mean, result.rate_per_s
    product = mean_s * rate if mean_s is not None and rate is not None else None
    return (books(result), near("X R", 1.0, product, within=0.03))


def users(result: LoadResult, *, number: int, think_s: float) -> tuple[Line, ...]:
    """Little's law: X (R + Z) is the number of users."""
    mean_s, rate = result.latency_intended_s.mean, result.rate_per_s
    implied = rate * (mean_s + think_s) if mean_s is not None and rate is not None else None
    return (books(result), near("X (R + Z)", number, implied, within=0.05 * number))


def cut(result: LoadResult, *, answer_s: float, drain_s: float, rate_per_s: float) -> tuple[Line, ...]:
    """Answers that take longer than the drain: who was sent too late has none, and is counted."""
    expected = round(rate_per_s * (answer_s - drain_s))
    return (
        books(result),
        near("censored", expected, result.censored, within=0.1 * rate_per_s + 2),
        near("oldest without an answer", answer_s, result.oldest_censored_s, within=0.15, unit=" s"),
        equal("latencies with their lower bounds", result.sent - result.failed, result.latency_at_least_s.count),
        said("validity", "censored", result.validities),
    )


def out_of_reach(result: LoadResult, *, most_per_s: float) -> tuple[Line, ...]:
    """More asked than the connections can carry: what was not sent is counted, and whose fault it is."""
    window_s = result.duration_s
    return (
        books(result),
        between("sent", 0.85 * most_per_s * window_s, 1.1 * most_per_s * window_s + 2, result.sent),
        equal("not sent", result.offered - result.sent, result.not_sent),
        said("validity", "generator-limited", result.validities),
        said("caveats", "generator-out-of-slots", (caveat.kind for caveat in result.caveats)),
    )


def dead_port(result: LoadResult) -> tuple[Line, ...]:
    """Nobody listens: failures without a latency, not answers in no time."""
    return (
        books(result),
        equal("kinds of failures", {"connection refused": result.sent}, result.failure_kinds),
        equal("latencies", 0, result.latency_intended_s.count + result.latency_at_least_s.count),
        said("validity", "no-data", result.validities),
    )


def false_alarms(alarms: int, comparisons: int, *, share: float = 0.05) -> tuple[Line, ...]:
    """The same against the same: a difference is found in at most so many of the comparisons."""
    most = share * comparisons
    told = f"{alarms} of {comparisons} ({alarms / comparisons:.1%})" if comparisons else "none made"
    is_good = comparisons > 0 and alarms <= most
    return (
        Line("differences found where there is none", f"at most {share:.0%}", told, "pass" if is_good else "fail"),
    )


def _delay(what: str, delay_s: float, measured_s: float | None) -> Line:
    """Never less than the server took; not much more."""
    return between(what, _MS * delay_s, _MS * (delay_s + SLACK_S), _ms(measured_s), unit=" ms")


def _ms(value_s: float | None) -> float | None:
    return None if value_s is None else _MS * value_s


def capacity(estimate: Estimate | None, *, limit_per_s: float) -> tuple[Line, ...]:
    """The highest rate that a server of known slots keeps up with, to 5 %."""
    found = estimate.per_s if estimate is not None else None
    return (near("capacity", limit_per_s, found, within=0.05 * limit_per_s, unit="/s"),)
