"""`--fail-if`: its grammar, and its verdicts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.lab.load.criteria import METRICS, CriterionError, chance_of_at_most, judge, parse_criterion
from scalelab.lab.load.result import at_least, result_of


@pytest.mark.parametrize(
    ("text", "metric", "comparator", "limit"),
    [
        ("p99 > 200 ms", "p99", ">", 0.2),
        ("p99.9>=1.5s", "p99.9", ">=", 1.5),
        ("p99_9 > 1 s", "p99.9", ">", 1.0),
        ("  mean   >  500us ", "mean", ">", 0.0005),
        ("errors > 0.5 %", "errors", ">", 0.005),
        ("rate < 950 /s", "rate", "<", 950.0),
        ("MAX <= 2 S", "max", "<=", 2.0),
    ],
)
def test_a_criterion_is_metric_comparator_value_unit(text, metric, comparator, limit):
    """Blanks do not matter; limits are kept in seconds, shares and requests/s."""
    criterion = parse_criterion(text)

    assert (criterion.metric, criterion.comparator) == (metric, comparator)
    assert criterion.limit == pytest.approx(limit)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p99", "write METRIC < VALUE UNIT"),
        ("p98 > 1 ms", "there is no metric 'p98'"),
        ("p99 > 200", "has no unit: p99 is given in us or ms or s"),
        ("errors > 5 ms", "has the unit 'ms': errors is given in %"),
        ("rate < 5 %", "rate is given in /s"),
        ("p99 = 5 ms", "write METRIC"),
        ("p99 > -5 ms", "write METRIC"),
        ("", "write METRIC"),
    ],
)
def test_what_is_none_is_refused_with_what_could_be(text, message):
    """One line that says which part is wrong."""
    with pytest.raises(CriterionError, match=message):
        parse_criterion(text)


@given(st.text(max_size=30))
def test_any_text_is_a_criterion_or_refused(text):
    """Never another error."""
    try:
        metric = parse_criterion(text).metric
    except CriterionError:
        metric = "refused"

    assert metric in {*METRICS, "refused"}


def verdict(text, outcome):
    return judge(parse_criterion(text), result_of(outcome), at_least(outcome.tally))


def test_figures_decide_where_there_are_figures(outcome_of):
    """1000 requests of 100 ms."""
    outcome = outcome_of(completed=[0.1] * 1000)

    assert verdict("p99 > 50 ms", outcome) == ("met", "p99 > 50 ms: met, p99 is 100.000 ms")
    assert verdict("p99 > 200 ms", outcome)[0] == "not met"
    assert verdict("max > 90 ms", outcome)[0] == "met"
    assert verdict("mean < 90 ms", outcome)[0] == "not met"
    assert verdict("rate < 90 /s", outcome)[0] == "not met"
    assert verdict("errors > 0 %", outcome)[0] == "not met"


def test_timeouts_cannot_make_a_system_pass(outcome_of):
    """950 answers of 10 ms and 50 timeouts of 5 s: p99 is at least 5 s, whatever the good answers say."""
    outcome = outcome_of(completed=[0.01] * 950, timed_out=[5.0] * 50)

    assert verdict("p99 > 1 s", outcome)[0] == "met"
    assert verdict("errors > 1 %", outcome) == ("met", "errors > 1 %: met, errors is 5.00%")


def test_a_few_requests_may_be_enough_to_tell(outcome_of):
    """20 of 20 beyond the limit: it holds. None of 20: no sign of it. One of 20: nobody knows."""
    all_above, none_above = outcome_of(completed=[0.3] * 20), outcome_of(completed=[0.1] * 20)
    one_above = outcome_of(completed=[0.1] * 19 + [0.3])

    assert verdict("p99 > 200 ms", all_above)[0] == "met"
    assert verdict("p99 > 200 ms", none_above) == (
        "not met",
        "p99 > 200 ms: not met, 0 of 20 requests took longer (few: to be sure of p99 takes more)",
    )
    assert verdict("p99 > 200 ms", one_above)[0] == "undecided"
    assert "it takes 1000" in verdict("p99 > 200 ms", one_above)[1]


def test_nothing_measured_decides_nothing(outcome_of):
    """No answer, no verdict."""
    outcome = outcome_of()

    assert verdict("p99 > 200 ms", outcome)[0] == "undecided"
    assert verdict("mean > 200 ms", outcome)[0] == "undecided"
    assert verdict("errors > 1 %", outcome)[0] == "undecided"


def test_binomial_tails():
    """As tables have them."""
    assert chance_of_at_most(0, 300, 0.01) == pytest.approx(0.0490, abs=0.0001)
    assert chance_of_at_most(2, 10, 0.5) == pytest.approx(56 / 1024)
    assert chance_of_at_most(10, 10, 0.5) == pytest.approx(1.0)
