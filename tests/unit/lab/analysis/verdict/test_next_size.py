"""Sizes that nobody measured, from those that somebody did."""

import pytest

from scalelab.lab.analysis.verdict.next_size import PredictionError, predict_sizes


def sweep(swept, error=0.0):
    """1, 2 and 3 gateways: 64 a second each, the middle one off by `error`."""
    rates = {1: 64.0, 2: 128.0 * (1 + error), 3: 192.0}
    return {size: [swept(gateways=size, rate=rate)] for size, rate in rates.items()}


def test_a_straight_line_ends_where_the_pool_does(swept):
    """The fourth brings 48 instead of 64, the fifth nothing: the pool of 24 connections binds."""
    four, five = predict_sizes(sweep(swept), [4, 5])

    assert four.throughput_per_s == pytest.approx(237.3, abs=0.5)
    assert five.throughput_per_s == pytest.approx(240.0, abs=0.5)
    assert (four.binding, five.binding) == ("database pool", "database pool")
    assert five.limit_per_s == pytest.approx(240.0)
    assert five.formula == "24 connections / 100 ms = 240.0/s"


def test_the_interval_holds_both_ends_of_the_law_and_two_percent(swept):
    """At the knee exponential times give 237, the bound is 240; a perfect fit is not believed to the digit."""
    four = predict_sizes(sweep(swept), [4])[0]

    assert four.low_per_s == pytest.approx(237.3 * 0.98, abs=0.5)
    assert four.high_per_s == pytest.approx(240.0 * 1.02, abs=0.5)
    assert four.contains(240.0)
    assert not four.contains(256.0)


def test_errors_at_the_measured_sizes_widen_it(swept):
    """One of three sizes 3 % off: Student's t with two degrees of freedom is not generous."""
    sure, unsure = (predict_sizes(sweep(swept, error), [5])[0] for error in (0.0, 0.03))

    assert unsure.high_per_s - unsure.low_per_s > 3 * (sure.high_per_s - sure.low_per_s)


def test_a_demand_that_differs_between_sizes_widens_it_where_it_binds(swept):
    """Connections held 100, 101 and 102 ms: the pool limit is not known to two percent, though slots fitted."""
    runs = sweep(swept)
    for size, query_s in ((2, 0.101), (3, 0.102)):
        runs[size] = [swept(gateways=size, rate=64.0 * size, query_s=query_s)]

    differing = predict_sizes(runs, [5])[0]
    exact = predict_sizes(sweep(swept), [5])[0]

    assert differing.high_per_s - differing.low_per_s > 2 * (exact.high_per_s - exact.low_per_s)


def test_a_bias_at_the_measured_sizes_is_carried_on(swept):
    """Everything 2 % below the law: so will be the next."""
    slow = {size: [swept(gateways=size, rate=64.0 * size * 0.98)] for size in (1, 2, 3)}
    biased = {
        size: [runs[0].model_copy(update={"resources": swept(gateways=size, rate=64.0 * size).resources})]
        for size, runs in slow.items()
    }

    five = predict_sizes(biased, [5])[0]

    assert five.throughput_per_s == pytest.approx(240.0 * 0.98, abs=0.6)


def test_nothing_is_predicted_from_what_is_not_valid(swept):
    """The run is named, and what is wrong with it."""
    runs = sweep(swept)
    runs[2] = [runs[2][0].model_copy(update={"validity": ("not-steady",)})]

    with pytest.raises(PredictionError, match=r"not valid: 2 gateways, miss \(run 1\) is not-steady"):
        predict_sizes(runs, [4])


@pytest.mark.parametrize(
    ("sizes", "changes", "message"),
    [([1], {}, "at least 2 numbers of gateways, and there is 1"), ([1, 2], {"resources": ()}, "is not known of")],
)
def test_what_is_missing_is_said(swept, sizes, changes, message):
    """One size is no sweep; probes that did not tell give no demands."""
    runs = {size: [swept(gateways=size).model_copy(update=changes)] for size in sizes}

    with pytest.raises(PredictionError, match=message):
        predict_sizes(runs, [4])
