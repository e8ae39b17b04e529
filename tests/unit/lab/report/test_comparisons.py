"""What may be set side by side."""

from scalelab.lab.report.comparisons import comparisons_of
from scalelab.lab.report.scenario_figures import figures_of


def titles(comparisons):
    return [[scenario.title for scenario in comparison.scenarios] for comparison in comparisons]


def test_the_classic_run_has_four_comparisons(classic):
    """Gateways for miss and hit, cache for one and three gateways; the baseline first."""
    assert titles(comparisons_of(figures_of(classic))) == [
        ["1 gateway, miss", "3 gateways, miss"],
        ["1 gateway, hit", "3 gateways, hit"],
        ["1 gateway, miss", "1 gateway, hit"],
        ["3 gateways, miss", "3 gateways, hit"],
    ]


def test_scenarios_that_differ_in_two_factors_are_not_compared(record):
    """One gateway missing against three hitting shows the effect of neither."""
    assert comparisons_of(figures_of([record(1, "miss"), record(3, "hit")])) == ()


def test_the_order_of_the_runs_does_not_matter(classic):
    """Fewest gateways and miss come first, however it was run."""
    comparisons = comparisons_of(figures_of(tuple(reversed(classic))))

    assert {comparison.baseline.title for comparison in comparisons} == {
        "1 gateway, miss",
        "1 gateway, hit",
        "3 gateways, miss",
    }


def test_words_are_compared_in_the_order_of_the_experiment(record):
    """A factor that is neither numbers nor miss and hit."""
    runs = [
        record(scenario=name, title=name, factors={"topology.load_balancer.engine": name})
        for name in ("python", "haproxy")
    ]

    assert titles(comparisons_of(figures_of(runs))) == [["python", "haproxy"]]
