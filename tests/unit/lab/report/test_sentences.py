"""What may be said."""

from scalelab.lab.report.scenario_figures import figures_of
from scalelab.lab.report.sentences import findings, naive_sentences
from scalelab.lab.results.run_record import Caveat, NaiveLine


def test_three_gateways_triple_the_misses(classic):
    """The ratio stands beside its prediction, and so do the responses."""
    assert findings(figures_of(classic))[0] == (
        "3 gateways, miss against 1 gateway, miss: 3.00 times the throughput, 191.0 against 63.7 requests/s; "
        "predicted 3.00. Mean response 3,730 ms instead of 14,100 ms."
    )


def test_three_gateways_buy_nothing_for_hits_and_the_reason_is_said(classic):
    """The users' think time is the limit."""
    sentence = findings(figures_of(classic))[1]

    assert "the same throughput within 5%" in sentence
    assert "the users are the limit, who think 1.5 s" in sentence


def test_each_limit_is_named(classic):
    """Slots for the misses, users for the hits."""
    sentences = findings(figures_of(classic))

    assert (
        "The limit of “1 gateway, miss” is the system's upstream slots: 1 gateway x 8 slots / 0.125 s = 64/s."
        in sentences
    )
    assert any("“1 gateway, hit” and “3 gateways, hit” is the users, not the system" in line for line in sentences)


def test_nothing_is_claimed_of_what_is_not_valid(record):
    """No ratio, no limit; the reason instead."""
    sentences = findings(figures_of([record(1), record(3, validity=("censored",))]))

    assert sentences[0] == "3 gateways, miss against 1 gateway, miss: no claim, because 3 gateways, miss is censored."
    assert not any("191" in sentence or "192" in sentence for sentence in sentences)


def test_a_single_scenario_that_is_not_valid_is_told(record):
    """There is nothing to compare it with."""
    assert findings(figures_of([record(validity=("not-steady",))])) == (
        "1 gateway, miss: no claim, because it is not-steady.",
    )


def test_a_busy_machine_makes_rates_lower_bounds(record):
    """CPU may be the limit."""
    busy = Caveat(kind="machine-busy", text="All cores busy.", advice="More cores.")

    assert any("CPU may hold these rates down" in line for line in findings(figures_of([record(caveats=(busy,))])))


def test_a_rate_off_its_prediction_names_no_limit(record):
    """The model misses something: what binds is not known."""
    off = Caveat(kind="off-prediction", text="Measured 40.", advice="Look.")

    assert findings(figures_of([record(caveats=(off,))])) == ()


def test_the_naive_line_is_told_where_it_differs(record):
    """The published row: 26,992 ms and 9.6/s."""
    naive = NaiveLine(requests=577, mean_s=26.99209, throughput_per_s=9.61, failures=0)

    sentences = naive_sentences(figures_of([record(naive=naive), record(3)]))

    assert sentences == (
        (
            "1 gateway, miss: 26,992 ms, 9.6 requests/s, 0 failures. Measured here: 14,100 ms, 63.7 requests/s, "
            "0 failures."
        ),
    )


def test_without_data_nothing_is_said_beyond_that(nothing):
    """No crash, no claim."""
    assert findings(figures_of([nothing()])) == ("1 gateway, miss: no claim, because it is no-data.",)
    assert naive_sentences(figures_of([nothing()])) == ()
