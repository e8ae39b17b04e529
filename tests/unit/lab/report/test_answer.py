"""Two sentences at the top: nothing in them that the runs do not support."""

from scalelab.lab.report.answer import NO_CLAIM, NOTHING, answer_of
from scalelab.lab.report.scenario_figures import figures_of


def test_each_factor_has_its_strongest_comparison(classic):
    """Gateways where they help most, and the cache; then that all is valid, and that once is not often."""
    finding, trust = answer_of(figures_of(classic))

    assert finding == (
        "3 gateways, miss against 1 gateway, miss: 3.00 times the throughput, 191.0 against 63.7 requests/s; "
        "1 gateway, hit against 1 gateway, miss: 10.38 times the throughput, 661.2 against 63.7 requests/s."
    )
    assert trust == "All 4 scenarios are valid; each ran once, which tells no interval (--repeat 5 would)."


def test_with_several_runs_the_interval_is_told(record):
    """Of the ratio, over runs."""
    runs = [
        record(gateways, repetition=number, throughput_per_s=rate)
        for gateways, rates in ((1, (63.0, 64.0, 65.0)), (3, (190.0, 191.0, 192.0)))
        for number, rate in enumerate(rates, start=1)
    ]

    finding, trust = answer_of(figures_of(runs))

    assert finding.startswith("3 gateways, miss against 1 gateway, miss: 2.98 times the throughput (95 % interval 2.")
    assert trust == "All 2 scenarios are valid; each ran 3 times or more."


def test_a_scenario_in_doubt_carries_no_claim(record):
    """What is left has nothing to be compared with: its rate alone is told, and what is wrong with the other."""
    finding, trust = answer_of(figures_of([record(1), record(3, validity=("censored", "not-steady"))]))

    assert finding == "1 gateway, miss: 63.7 requests/s, with a mean response of 14,100 ms."
    assert trust.startswith("1 of 2 scenarios cannot carry a claim (3 gateways, miss: censored, not-steady); ")


def test_no_difference_is_said_to_be_none(record):
    """Within what runs can tell apart, or with an interval on both sides of one."""
    same, _ = answer_of(figures_of([record(1, "hit"), record(3, "hit")]))
    scattered = [
        record(gateways, repetition=number, throughput_per_s=rate)
        for gateways, rates in ((1, (40.0, 64.0, 90.0)), (3, (50.0, 70.0, 95.0)))
        for number, rate in enumerate(rates, start=1)
    ]
    undecided, _ = answer_of(figures_of(scattered))

    assert "the same throughput within 5%, 659.4 against 661.2 requests/s" in same
    assert "no difference that these runs can tell" in undecided


def test_nothing_valid_is_no_answer(record):
    """And nothing at all neither."""
    assert answer_of(figures_of([record(validity=("censored",))]))[0] == NO_CLAIM
    assert answer_of(()) == (NOTHING,)


def test_without_a_rate_there_is_no_claim(record):
    """A figure that is missing is not made up."""
    assert answer_of(figures_of([record(throughput_per_s=None)]))[0] == NO_CLAIM
