"""Throughput against a number, with the law through it."""

import pytest

from scalelab.lab.report.law_charts import law_charts
from scalelab.lab.report.scenario_figures import figures_of


@pytest.fixture
def sweep(record):
    """Call it with rates by number of gateways."""

    def of(rates, **changes):
        return figures_of(
            [
                record(
                    scenario=f"results_{size}",
                    factors={"gateways": size, "cache": "miss"},
                    throughput_per_s=rate,
                    **changes,
                )
                for size, rate in rates.items()
            ]
        )

    return of


def test_a_sweep_has_its_curve_and_band(sweep):
    """Rates that grow by 60 a gateway: the linear law, the points in words, what stayed in the subtitle."""
    (chart,) = law_charts(sweep({1: 61.0, 2: 119.0, 3: 181.0, 4: 239.0}))

    definition = chart.chart.to_dict()
    assert chart.name == "law_1_gateways"
    assert chart.alt_text == "Throughput against gateways. 1: 61.0/s; 2: 119.0/s; 3: 181.0/s; 4: 239.0/s"
    assert definition["title"]["subtitle"][0].startswith("linear")
    assert definition["title"]["subtitle"][1] == "cache = miss"
    assert [layer["mark"]["type"] for layer in definition["layer"]] == ["area", "line", "point"]
    assert chart.table.head == ("gateways", "Measured (requests/s)", "By the law linear", "95 % of new measurements")
    assert [row[:3] for row in chart.table.rows] == [
        ("1", "61.0", "59.9"),
        ("2", "119.0", "119.9"),
        ("3", "181.0", "179.8"),
        ("4", "239.0", "239.7"),
    ]


def test_three_sizes_are_no_curve_and_doubtful_ones_do_not_count(sweep):
    """Every law fits three points; what is not valid carries no claim."""
    assert law_charts(sweep({1: 61.0, 2: 119.0, 3: 181.0})) == ()
    assert law_charts(sweep({1: 61.0, 2: 119.0, 3: 181.0, 4: 239.0}, validity=("censored",))) == ()
