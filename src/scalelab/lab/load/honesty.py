"""How far a load can be believed: what is wrong with it, and what to do. Pure: an outcome in, doubts out.

It tells apart a generator that could not keep up, one that ran out of connections, and a system that is slow.
"""

from collections.abc import Iterator

from scalelab.lab.load.machine_doubts import Doubt, limits_of, losses_of, worth_a_word
from scalelab.lab.load.percentiles import percentile_s, samples_needed
from scalelab.lab.load.processes import LoadOutcome
from scalelab.lab.load.result import LoadResult
from scalelab.lab.load.tally import Tally
from scalelab.lab.results.run_record import Caveat

LEAST_SENT_SHARE = 0.99
MOST_FAILURES_SHARE = 0.01
LITTLE_TOLERANCE = 0.1
_SLOWER_WHEN_LOADED = 2.0
"""A system whose latency doubles when all connections are busy is the one that queues."""
_MOST_DRIFT = 0.5
_LEAST_DRIFT = 10
_EDGE_S = 0.2
_LEAST_ROWS = 10


def judged(result: LoadResult, outcome: LoadOutcome) -> LoadResult:
    """The result with its validity and caveats."""
    doubts = list(doubts_of(result, outcome))
    validities = tuple(dict.fromkeys(validity for validity, _ in doubts if validity is not None)) or ("valid",)
    return result.model_copy(
        update={
            "validities": validities,
            "validity": ", ".join(validities),
            "caveats": tuple(caveat for _, caveat in doubts),
        }
    )


def doubts_of(result: LoadResult, outcome: LoadOutcome) -> Iterator[Doubt]:
    """Every doubt, the gravest kinds first."""
    yield from _wrong_answers(result)
    yield from _no_data(result)
    yield from _failures(result)
    yield from _partial(result, outcome)
    yield from _generator_limited(result, outcome.tally)
    yield from _connections(result, outcome)
    yield from _censored(result)
    yield from _little(result, outcome)
    yield from _steadiness(result, outcome)
    yield from _worth_a_word(result)


def _wrong_answers(result: LoadResult) -> Iterator[Doubt]:
    """One is too many: a system that gives wrong answers quickly is not quick."""
    if result.defects:
        number = sum(result.defects.values())
        kinds = ", ".join(f"{kind} ({count})" for kind, count in result.defects.items())
        text = f"{number} of {result.sent} requests had a wrong answer with a good status: {kinds}."
        yield (
            "wrong-answers",
            Caveat(kind="wrong-answers", text=text, advice="Find out why before looking at any other figure."),
        )


def _no_data(result: LoadResult) -> Iterator[Doubt]:
    if not result.completed:
        why = next(iter(result.failure_kinds), "no answer came" if result.sent else "nothing was sent")
        yield (
            "no-data",
            Caveat(
                kind="no-data", text=f"Not one good answer: {why}.", advice="Check the URL, the token and the server."
            ),
        )


def _failures(result: LoadResult) -> Iterator[Doubt]:
    """A fast refusal is no answer: errors never hide behind a handsome latency."""
    failures = result.failed + result.timed_out
    if not failures:
        return
    kind, number = next(iter(result.failure_kinds.items()))
    is_grave = failures > MOST_FAILURES_SHARE * result.sent
    yield (
        "too-many-failures" if is_grave else None,
        Caveat(
            kind="too-many-failures" if is_grave else "some-failures",
            text=f"{failures} of {result.sent} requests failed ({failures / result.sent:.2%}), most of them: "
            f"{kind} ({number}).",
            advice="Latency is that of good answers only: look at the server's log first."
            if is_grave
            else "They are not in the latency of good answers.",
        ),
    )


def _partial(result: LoadResult, outcome: LoadOutcome) -> Iterator[Doubt]:
    if outcome.is_interrupted:
        text = f"Interrupted after {result.elapsed_s:.1f} s of {result.duration_s:g} s."
        yield "partial", Caveat(kind="interrupted", text=text, advice="The figures are of the part that ran.")
    if outcome.lost_generators:
        text = losses_of(outcome.machines)
        advice = (
            "What they counted until a second before is in; the rest of their requests counts as censored. Repeat."
        )
        yield "partial", Caveat(kind="partial", text=text, advice=advice)
    if outcome.are_keys_used_up:
        text = "Every unique key was asked for before the end of the load."
        yield (
            "partial",
            Caveat(kind="keys-used-up", text=text, advice="Give more keys (count) or a shorter duration."),
        )


def _generator_limited(result: LoadResult, tally: Tally) -> Iterator[Doubt]:
    generator = result.generator
    yield from limits_of(generator.machines, percentile_s(tally.latencies("intended", "completed"), 500))
    if generator.faults:
        yield (
            "generator-limited",
            Caveat(
                kind="generator-faults",
                text=f"{generator.faults} requests failed on the generator's side (ports or descriptors used up).",
                advice="They say nothing about the system: raise `ulimit -n`, or use fewer connections.",
            ),
        )


def _connections(result: LoadResult, outcome: LoadOutcome) -> Iterator[Doubt]:
    """Requests that were not sent: whose fault it is."""
    is_cut_short = outcome.is_interrupted or outcome.lost_generators or outcome.are_keys_used_up
    if is_cut_short or result.kind != "open" or result.sent >= LEAST_SENT_SHARE * result.offered:
        return
    share = f"{result.sent} of {result.offered} requests were sent"
    if not result.generator.waited_for_connection:
        advice = "It could not keep up: use more --processes, or a lower rate."
        yield "generator-limited", Caveat(kind="generator-slow", text=f"Only {share}.", advice=advice)
        return
    yield _slots_or_system(result, outcome.tally, share)


def _slots_or_system(result: LoadResult, tally: Tally, share: str) -> Doubt:
    """All connections were busy. A system that is no slower then than at first would have served more of them."""
    connections = result.generator.connections
    unloaded_s = _unloaded_s(tally, connections)
    loaded_s = result.latency_actual_s.mean
    asked = (result.rate_asked_per_s or 0.0) * (loaded_s or 0.0)
    if loaded_s is not None and unloaded_s is not None and loaded_s < _SLOWER_WHEN_LOADED * unloaded_s:
        return "generator-limited", Caveat(
            kind="generator-out-of-slots",
            text=f"Only {share}: all {connections} connections were busy, and the system was as fast as when idle.",
            advice=f"The rate needs about rate x latency = {asked:.0f} connections: raise --connections.",
        )
    rose = "nothing was answered" if loaded_s is None else f"{loaded_s * 1000:.1f} ms"
    first = "" if unloaded_s is None else f", {unloaded_s * 1000:.1f} ms at first"
    return "not-steady", Caveat(
        kind="system-slow",
        text=f"Only {share}: the system is slow. With {connections} requests under way the mean latency is "
        f"{rose}{first}.",
        advice="The rate is beyond what the system can do, and its queue grows without end: lower --rate.",
    )


def _unloaded_s(tally: Tally, connections: int) -> float | None:
    first = tally.first_latencies[: max(1, connections // 4)]
    return sum(first) / len(first) if first else None


def _censored(result: LoadResult) -> Iterator[Doubt]:
    if not result.censored:
        return
    age = "" if result.oldest_censored_s is None else f", the oldest for {result.oldest_censored_s:.1f} s"
    yield (
        "censored",
        Caveat(
            kind="censored",
            text=f"{result.censored} requests were without an answer when the drain ended{age}.",
            advice="The means leave them out and are too low: give a longer --drain, or a lower rate.",
        ),
    )


def _little(result: LoadResult, outcome: LoadOutcome) -> Iterator[Doubt]:
    """A closed load: N = X (R + Z) must give the users there were."""
    load = outcome.plan.load
    mean_s = result.latency_intended_s.mean
    if load.kind != "closed" or result.rate_per_s is None or mean_s is None or outcome.is_interrupted:
        return
    if (result.error_share or 0.0) > MOST_FAILURES_SHARE:
        return  # failures keep users busy, too, and are a doubt of their own
    think_s = load.think_time_mean_s
    implied = result.rate_per_s * (mean_s + think_s)
    if abs(implied - load.users) > LITTLE_TOLERANCE * load.users:
        yield (
            "little-violated",
            Caveat(
                kind="little",
                text=f"Little's law gives X (R + Z) = {result.rate_per_s:.1f}/s x ({mean_s:.3f} + {think_s:.3f}) s = "
                f"{implied:.0f} users, not {load.users}.",
                advice=f"The run was too short to be steady: give at least {10 * (mean_s + think_s):.0f} s.",
            ),
        )


def _steadiness(result: LoadResult, outcome: LoadOutcome) -> Iterator[Doubt]:
    """A load that is meant to be the same all the time: do requests pile up?"""
    load = outcome.plan.load
    if load.kind == "open" and load.shape != "constant":
        return
    rows = [
        row for row in outcome.rows if row.start_s >= result.warm_up_s and row.end_s <= result.duration_s + _EDGE_S
    ]
    if len(rows) < _LEAST_ROWS:
        return
    from scalelab.lab.analysis.steady_state import trend_of  # noqa: PLC0415  scipy takes longer to load than a short run

    trend = trend_of([row.in_flight for row in rows])
    if trend is not None and trend.is_significant and abs(trend.drift) > max(_LEAST_DRIFT, trend.mean * _MOST_DRIFT):
        yield (
            "not-steady",
            Caveat(
                kind="not-steady",
                text=f"Requests under way drifted by {trend.drift:+.0f} around {trend.mean:.0f}.",
                advice="A mean depends on when it was taken: lower --rate, or a longer --warm-up and --duration.",
            ),
        )


def _worth_a_word(result: LoadResult) -> Iterator[Doubt]:
    generator = result.generator
    yield from worth_a_word(generator.machines, result.latency_intended_s.p50)
    if result.kind == "open" and generator.waited_for_connection:
        text = f"{generator.waited_for_connection} requests waited for one of {generator.connections} connections."
        yield None, Caveat(kind="waited", text=text, advice="Their wait is in the latency from the intended start.")
    if redirects := sum(number for status, number in result.statuses.items() if status.startswith("3")):
        text = f"{redirects} answers were redirects or not-modified, and count as completed."
        yield None, Caveat(kind="redirects", text=text, advice="They are not followed: give the final URL.")
    yield from _too_few(result)


def _too_few(result: LoadResult) -> Iterator[Doubt]:
    count, needed = result.latency_intended_s.count, samples_needed(990)
    if 0 < count < needed:
        hint = ""
        if result.rate_per_s:
            hint = f" Run for about {needed / result.rate_per_s:.0f} s."
        text = f"{count} answers are too few for p99."
        yield None, Caveat(kind="few-samples", text=text, advice=f"It takes {needed}.{hint}")
