"""The rules that doubt a result, steadiness aside. Each is a small pure function: evidence in, a finding or None out.

A finding without a validity value is a caveat that leaves the result valid. Texts carry the numbers, and advice.
"""

from dataclasses import dataclass

from scalelab.lab.analysis.evidence import Evidence
from scalelab.lab.analysis.little import implied_response_s
from scalelab.lab.analysis.prediction import is_near_knee
from scalelab.lab.results.run_record import Caveat, Prediction, Validity

LEAST_SENT_RATIO = 0.99
GENERATOR_CPU_LIMIT = 0.9
"""Of one core: the load drivers are single threads."""
GENERATOR_LAG_LIMIT_S = 0.1
LEAST_HIT_RATIO = 0.99
MOST_STRAY_HITS_RATIO = 0.01
MOST_FAILURES_RATIO = 0.01
MACHINE_BUSY_LIMIT = 0.1
"""Of the seconds."""
HIGH_AGREEMENT = 0.05
COUNT_SLACK_RATIO = 0.001
"""Of the answers: the edges of two counts that are not taken at the same instant."""
LEAST_JAIN_INDEX = 0.95


@dataclass(frozen=True)
class Finding:
    """What a rule found."""

    validity: Validity | None
    caveat: Caveat


def wrong_answers(evidence: Evidence) -> Finding | None:
    """An answer with a good status that was not right: one is too many."""
    if not evidence.defects:
        return None
    number = sum(evidence.defects.values())
    kinds = ", ".join(f"{kind} ({count})" for kind, count in sorted(evidence.defects.items()))
    return finding_of(
        "wrong-answers",
        f"{number} of {evidence.books.sent} requests had a wrong answer with a good status: {kinds}.",
        "Find out why before looking at any other figure; the examples stand in recording.json, and how often tasks "
        "were executed in run.json.",
    )


def no_data(evidence: Evidence) -> Finding | None:
    """Nothing was answered as wanted in the window; where failures are the question, that can be the answer."""
    books = evidence.books
    is_the_answer = evidence.expects_failures and books.completed > 0 and books.failed + books.timed_out > 0
    if evidence.completed_in_window > 0 or is_the_answer:
        return None
    length_s = evidence.window.end_s - evidence.window.start_s
    why = f" {evidence.trouble.rstrip('.')}." if evidence.trouble else ""
    return finding_of(
        "no-data",
        f"No good answer in the window of {length_s:.1f} s: {books.sent} requests were sent in the whole load, "
        f"{books.completed} completed, {books.failed} failed, {books.timed_out} timed out, {books.censored} were "
        f"without an answer.{why}",
        "See the failures file and the services' logs; scalelab doctor checks the machine.",
    )


def partial(evidence: Evidence) -> Finding | None:
    """The load ended before its time."""
    if not evidence.is_partial:
        return None
    why = f": {evidence.trouble.rstrip('.')}" if evidence.trouble else ""
    return finding_of(
        "partial",
        f"The load ended after {evidence.window.end_s:.1f} s of {evidence.load_duration_s:g} s{why}.",
        "Run the scenario again; take these figures as a glimpse only.",
    )


def sut_died(evidence: Evidence) -> Finding | None:
    """A part of the system ended under load."""
    if not evidence.system_faults:
        return None
    return finding_of(
        "sut-died",
        f"The system changed under load: {'; '.join(evidence.system_faults)}.",
        "Read that service's log; nothing here describes the system that was meant.",
    )


def censored(evidence: Evidence) -> Finding | None:
    """Some requests never had an answer, and they are the slowest: the mean is too low."""
    books = evidence.books
    if books.censored == 0:
        return None
    share = books.censored / books.sent if books.sent else 0.0
    waited = f" within {evidence.drain_limit_s:g} s after the load" if evidence.drain_limit_s is not None else ""
    at_end = books.censored + books.completed_in_drain
    oldest = f", the oldest {evidence.oldest_censored_s:.1f} s old" if evidence.oldest_censored_s is not None else ""
    implied = _implied_mean(evidence)
    return finding_of(
        "censored",
        f"{books.censored} of {books.sent} requests ({share:.1%}) had no answer{waited}{oldest}; {at_end} were in "
        f"flight at its end. They are missing from the mean, which is therefore too low.{implied}",
        "Raise load.drain_limit_s above the longest response, or lower load.users.",
    )


def generator_limited(evidence: Evidence) -> Finding | None:
    """The load generator, not the system, set the pace."""
    doubts = [doubt for doubt in (_unsent(evidence), _cpu(evidence), _lag(evidence), _own_faults(evidence)) if doubt]
    if not doubts:
        return None
    return finding_of(
        "generator-limited",
        f"The load generator was at its limit: {'; '.join(doubts)}.",
        "Lower load.users, or run the generator on another machine; the system may do more than this shows.",
    )


def counts_differ(evidence: Evidence) -> Finding | None:
    """Clients and gateways count the same answers; where they do not, one of them is wrong."""
    server = evidence.server
    slack = COUNT_SLACK_RATIO * server.most if server is not None else 0.0
    if server is None or server.least - slack <= server.answers <= server.most + slack:
        return None
    got = f"{server.least}" if server.least == server.most else f"{server.least} to {server.most}"
    why = (
        "Something between them answers, or counts are lost."
        if server.answers < server.least
        else "Something between them asks more than once, or others used the system."
    )
    return finding_of(
        "counts-differ",
        f"The gateways counted {server.answers} good answers, the clients {got}. {why}",
        "Look for retries of the balancer and for other users of the system; nothing here can be trusted before.",
    )


def uneven_replicas(evidence: Evidence) -> Finding | None:
    """One gateway does more than its share, so that the others are not what was measured."""
    replicas = evidence.replicas
    if evidence.is_disturbed or replicas is None or replicas.jain_index is None:
        return None
    if replicas.jain_index >= LEAST_JAIN_INDEX:
        return None
    shares = ", ".join(f"{name} {count}" for name, count in sorted(replicas.answers.items()))
    return finding_of(
        None,
        f"The gateways did not share the load evenly: Jain's index is {replicas.jain_index:.2f} ({shares}).",
        "Kept-alive connections can pin clients to one replica: balance requests, not connections.",
        kind="uneven-replicas",
    )


def hit_ratio_off(evidence: Evidence) -> Finding | None:
    """The cache did not do what the scenario says."""
    cache = evidence.cache
    if cache.expected is None or cache.hit_ratio is None:
        return None
    required = cache.required_ratio if cache.required_ratio is not None else LEAST_HIT_RATIO
    hits = f"{cache.hits} of {cache.hits + cache.misses} good answers were hits ({cache.hit_ratio:.1%})"
    if cache.expected == "hit" and cache.hit_ratio < required:
        return finding_of(
            "hit-ratio-off",
            f"A hit scenario, but {hits}; at least {required:.0%} are required.",
            "Raise api_gateway.cache_ttl_s above the load's duration, and look for cache faults.",
        )
    most = 1 - required
    if cache.expected == "miss" and cache.hit_ratio > most:
        return finding_of(
            "hit-ratio-off",
            f"A miss scenario, but {hits}; at most {most:.0%} are allowed.",
            "Raise database.records, so that no key is asked for twice.",
        )
    return None


def little_violated(evidence: Evidence) -> Finding | None:
    """The figures imply other users than there were. With requests missing that is no surprise: see `censored`."""
    little = evidence.little
    if little is None or little.is_consistent or evidence.books.censored > 0:
        return None
    who = "users" if evidence.users else "requests under way"
    return finding_of(
        "little-violated",
        f"Rate and response imply {little.implied_users:.0f} {who} by Little's law, X (R + Z) = "
        f"{little.throughput_per_s:.1f}/s x ({little.response_mean_s:.3f} s + {little.think_time_mean_s:g} s), but "
        f"{little.configured_users:.0f} were there (tolerance {little.tolerance_ratio:.0%})."
        f"{_implied_mean(evidence)}",
        "Lengthen load.duration_s or load.settle_s, so that the window lies in the steady state.",
    )


def too_many_failures(evidence: Evidence) -> Finding | None:
    """More than one request in a hundred failed: a fast refusal is no answer."""
    books = evidence.books
    failures = books.failed + books.timed_out
    if failures == 0:
        return None
    share = failures / books.sent if books.sent else 0.0
    text = (
        f"{failures} of {books.sent} requests failed ({share:.2%}): {books.failed} refused or broken, "
        f"{books.timed_out} timed out."
    )
    if share <= MOST_FAILURES_RATIO or evidence.expects_failures:
        return finding_of(None, text, "See the failures file for their kinds.", kind="some-failures")
    return finding_of(
        "too-many-failures",
        text + f" At most {MOST_FAILURES_RATIO:.0%} are allowed; rate and response of the rest do not describe the "
        "load that was meant.",
        "See the failures file for their kinds, then the logs of the service that answered.",
    )


def machine_busy(evidence: Evidence) -> Finding | None:
    """Generator and system shared cores that were all busy."""
    ratio = evidence.machine_busy_ratio
    if ratio is None or ratio <= MACHINE_BUSY_LIMIT:
        return None
    return finding_of(
        None,
        f"All cores of this machine were busy above 90 % in {ratio:.0%} of the seconds, and generator and system "
        "share them: CPU may be the limit that was measured.",
        "Use a machine with more cores, or fewer users, before reading a capacity out of it.",
        kind="machine-busy",
    )


def off_prediction(evidence: Evidence) -> Finding | None:
    """The measured rate is not the predicted one: the reader should know that the model misses something."""
    prediction, rate = evidence.prediction, evidence.throughput_per_s
    if prediction is None or not rate or prediction.throughput_per_s <= 0:
        return None
    difference = rate / prediction.throughput_per_s - 1
    if abs(difference) <= HIGH_AGREEMENT:
        return None
    return finding_of(
        None,
        f"Measured {rate:.1f}/s, predicted {prediction.throughput_per_s:.1f}/s ({difference:+.1%}; "
        f"{prediction.binding}: {prediction.formula}).",
        _advice_off_prediction(prediction, difference),
        kind="off-prediction",
    )


def _advice_off_prediction(prediction: Prediction, difference: float) -> str:
    if difference < 0 and is_near_knee(prediction):
        return "Two limits are near each other there, and queueing keeps the rate below both: use more users."
    return "Something else takes part in the limit: look at CPU in probes.jsonl, and at the other caveats."


# --- parts of rules -------------------------------------------------------------------------------------------------
def _unsent(evidence: Evidence) -> str:
    books = evidence.books
    if books.offered == 0 or books.sent >= LEAST_SENT_RATIO * books.offered:
        return ""
    reasons = ", ".join(f"{reason} ({count})" for reason, count in evidence.not_sent_reasons.items())
    return f"sent {books.sent} of {books.offered} offered requests ({books.sent / books.offered:.1%})" + (
        f": {reasons}" if reasons else ""
    )


def _cpu(evidence: Evidence) -> str:
    rows = evidence.window_rows
    mean = sum(row.generator_cpu_s for row in rows) / len(rows) if rows else 0.0
    return f"its thread used {mean:.0%} of a core over the window" if mean >= GENERATOR_CPU_LIMIT else ""


def _lag(evidence: Evidence) -> str:
    rows = evidence.window_rows
    mean_s = sum(row.generator_lag_s for row in rows) / len(rows) if rows else 0.0
    return f"it ran {mean_s:.2f} s late on average" if mean_s >= GENERATOR_LAG_LIMIT_S else ""


def _own_faults(evidence: Evidence) -> str:
    return (
        f"{evidence.generator_faults} failures were its own (ports, descriptors)" if evidence.generator_faults else ""
    )


def _implied_mean(evidence: Evidence) -> str:
    rate = evidence.throughput_per_s
    if evidence.users == 0:
        return ""  # an open load implies nothing
    implied_s = implied_response_s(evidence.users, rate, evidence.think_time_mean_s) if rate else None
    if implied_s is None:
        return ""
    return f" By Little's law the mean response would be {implied_s:.3g} s (N / X - Z)."


def finding_of(validity: Validity | None, text: str, advice: str, kind: str = "") -> Finding:
    """A finding; a caveat without a validity value needs a kind of its own."""
    return Finding(validity=validity, caveat=Caveat(kind=kind or validity or "", text=text, advice=advice))
