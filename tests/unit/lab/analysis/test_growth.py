"""Leaks: memory and descriptors at both ends of a long load; a short one says nothing."""

import pytest

from scalelab.lab.analysis.growth import growing, process_growth
from scalelab.lab.probes.rows import ProbeRow
from scalelab.lab.results.run_record import ProcessGrowth, Window

START_UNIX_S = 1_800_000_000.0
MIB = 2**20
HOUR = Window(start_s=300.0, end_s=3900.0)


def steadily(value):
    return lambda _second: value


TWENTY = steadily(20)


def probes(seconds, memory_mib, descriptors=TWENTY, instance="api_gateway-1"):
    return [
        ProbeRow(
            unix_s=START_UNIX_S + second,
            instance=instance,
            service=instance.rpartition("-")[0] or instance,
            rss_bytes=int(memory_mib(second) * MIB),
            descriptors=descriptors(second),
        )
        for second in range(0, seconds, 10)
    ]


def growth_of(rows, window=HOUR):
    (growth,) = process_growth(rows, window, START_UNIX_S)
    return growth


def test_what_grows_all_the_time_is_measured_between_the_middles_of_both_ends():
    """1 MiB in 100 s: from the middle of the first tenth (480 s) to that of the last (3,720 s) 32.4 MiB."""
    growth = growth_of(probes(4000, lambda second: 100 + second / 100, lambda second: 20 + second // 1000))

    assert growth.memory_start_bytes / MIB == pytest.approx(104.8, abs=0.11)
    assert growth.memory_end_bytes / MIB == pytest.approx(137.2, abs=0.11)
    assert growth.memory_change_ratio == pytest.approx(32.4 / 104.8, abs=0.001)
    assert (growth.descriptors_start, growth.descriptors_end, growth.descriptors_more) == (20, 23, 3)


def test_what_came_before_the_window_is_no_growth():
    """Caches fill while the load settles."""
    growth = growth_of(probes(4000, lambda second: 50 if second < 300 else 100))

    assert growth.memory_change_ratio == 0.0


@pytest.mark.parametrize(
    ("rows", "window"),
    [
        (probes(4000, lambda second: 100 + second), Window(start_s=300.0, end_s=890.0)),
        (probes(2000, lambda second: 100 + second), HOUR),  # it was gone at the end
        (probes(4000, steadily(100), instance="machine"), HOUR),
        ([row.model_copy(update={"rss_bytes": None}) for row in probes(4000, steadily(100))], HOUR),
    ],
    ids=["short", "gone", "machine", "silent"],
)
def test_what_was_not_seen_at_both_ends_of_a_long_load_is_not_told(rows, window):
    """Nothing, rather than a figure of something else."""
    assert process_growth(rows, window, START_UNIX_S) == ()


def test_descriptors_that_nobody_counts_are_unknown():
    """And no growth."""
    growth = growth_of([row.model_copy(update={"descriptors": None}) for row in probes(4000, steadily(100))])

    assert (growth.descriptors_start, growth.descriptors_more) == (None, 0.0)


def a_growth(memory_end_mib=100.0, descriptors_end=20.0):
    return ProcessGrowth(
        instance="worker-1",
        memory_start_bytes=100 * MIB,
        memory_end_bytes=memory_end_mib * MIB,
        descriptors_start=20.0,
        descriptors_end=descriptors_end,
    )


@pytest.mark.parametrize(
    ("growth", "words"),
    [
        (a_growth(memory_end_mib=105.5), "the memory of worker-1 grew by 5.5%"),
        (a_growth(descriptors_end=26), "worker-1 ended with 6 more descriptors"),
    ],
)
def test_a_process_that_grew_is_a_caveat(evidence, growth, words):
    """With its figure; the run stays valid."""
    finding = growing(evidence(growth=(a_growth(), growth)))

    assert words in finding.caveat.text
    assert (finding.validity, finding.caveat.kind) == (None, "growing")


def test_within_five_percent_nothing_is_said(evidence):
    """Also where memory became less."""
    assert growing(evidence(growth=(a_growth(104.9, 25), a_growth(80.0, 3)))) is None
