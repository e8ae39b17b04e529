"""Several Locust processes made one load: what they counted, as one. Pure; nothing is averaged.

Counts and sums add up, histograms are merged bucket by bucket; of what says how late or how busy a process was, the
worst stays.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import TypeVar

from scalelab.contracts.model import Contract
from scalelab.lab.results.hdr_histogram import HdrHistogram
from scalelab.lab.results.recording import FineRecord, LatencyMeasure, Recording, TimelineRow
from scalelab.lab.results.run_record import Window

Summable = TypeVar("Summable", bound=Contract)
_WORST_OF_ROW = ("generator_cpu_s", "generator_lag_s")


def merged_recording(recordings: Sequence[Recording], *, is_whole: bool) -> Recording:
    """All of them as one.

    Args:
        recordings: at least one, of the same routes.
        is_whole: whether each process has told its end; otherwise the load was cut short.
    """
    ends = [recording.window.end_s for recording in recordings]
    oldest = [one.oldest_in_flight_s for one in recordings if one.oldest_in_flight_s is not None]
    return Recording(
        is_final=all(recording.is_final for recording in recordings) or not is_whole,
        is_interrupted=any(recording.is_interrupted for recording in recordings) or not is_whole,
        started_at_unix_s=min(recording.started_at_unix_s for recording in recordings),
        load_end_s=max(recording.load_end_s for recording in recordings),
        finished_s=max(recording.finished_s for recording in recordings),
        window=Window(start_s=recordings[0].window.start_s, end_s=max(ends)),
        books=_summed([recording.books for recording in recordings]),
        sent_in_window=sum(recording.sent_in_window for recording in recordings),
        censored_in_window=sum(recording.censored_in_window for recording in recordings),
        answers=tuple(
            _summed(same_route, kept=("route",))
            for same_route in zip(*(recording.answers for recording in recordings), strict=True)
        ),
        latencies=_measures(measure for recording in recordings for measure in recording.latencies),
        early=_summed([recording.early for recording in recordings]),
        cache_answers=_counted(recording.cache_answers for recording in recordings),
        instances=_counted(recording.instances for recording in recordings),
        failure_kinds=_counted(recording.failure_kinds for recording in recordings),
        defects=_counted(recording.defects for recording in recordings),
        defect_examples=tuple(example for recording in recordings for example in recording.defect_examples),
        tasks_handed_in=sum(recording.tasks_handed_in for recording in recordings),
        generator_faults=sum(recording.generator_faults for recording in recordings),
        not_sent_reasons=_counted(recording.not_sent_reasons for recording in recordings),
        oldest_in_flight_s=max(oldest, default=None),
        users_peak=sum(recording.users_peak for recording in recordings),
        fine=_fine([recording.fine for recording in recordings if recording.fine is not None]),
    )


def merged_row(rows: Sequence[TimelineRow]) -> TimelineRow:
    """The same second of several processes."""
    worst = {name: max(getattr(row, name) for row in rows) for name in _WORST_OF_ROW}
    return _summed(rows, kept=("second",)).model_copy(update=worst)


def merged_histograms(texts: Iterable[Mapping[str, str]]) -> dict[str, HdrHistogram]:
    """By tag, from encoded ones."""
    merged: defaultdict[str, HdrHistogram] = defaultdict(HdrHistogram)
    for by_tag in texts:
        for tag, text in by_tag.items():
            merged[tag].decode_and_add(text)
    return dict(merged)


def _measures(measures: Iterable[LatencyMeasure]) -> tuple[LatencyMeasure, ...]:
    by_kind: dict[tuple[str, str], LatencyMeasure] = {}
    for measure in measures:
        kind = measure.route, measure.outcome
        by_kind[kind] = _together(by_kind[kind], measure) if kind in by_kind else measure
    return tuple(measure for _, measure in sorted(by_kind.items()))


def _together(one: LatencyMeasure, other: LatencyMeasure) -> LatencyMeasure:
    return LatencyMeasure(
        route=one.route,
        outcome=one.outcome,
        count=one.count + other.count,
        sum_s=one.sum_s + other.sum_s,
        min_s=min(one.min_s, other.min_s),
        max_s=max(one.max_s, other.max_s),
        out_of_range=one.out_of_range + other.out_of_range,
    )


def _summed(models: Sequence[Summable], kept: Sequence[str] = ()) -> Summable:
    """Field by field; `kept` ones are the same in all."""
    names = [name for name in type(models[0]).model_fields if name not in kept]
    return models[0].model_copy(update={name: sum(getattr(model, name) for model in models) for name in names})


def _fine(records: Sequence[FineRecord]) -> FineRecord | None:
    """Step by step, as far as the longest goes."""
    if not records:
        return None
    counts = {
        name: tuple(map(sum, zip_longest(*(getattr(record, name) for record in records), fillvalue=0)))
        for name in ("completed", "failed", "hits")
    }
    slowest_s = tuple(map(max, zip_longest(*(record.slowest_s for record in records), fillvalue=0.0)))
    return FineRecord(step_s=records[0].step_s, slowest_s=slowest_s, **counts)


def _counted(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total = Counter[str]()
    for more in counts:
        total.update(more)
    return dict(total)
