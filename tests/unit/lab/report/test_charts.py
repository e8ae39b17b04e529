"""The bar charts as definitions."""

from scalelab.lab.report.charts import bar_charts
from scalelab.lab.report.content import make_content


def charts_of(records):
    return {chart.name: chart for chart in bar_charts(make_content(None, records, ()))}


def rows_of(chart):
    return (
        next(iter(chart.chart.to_dict()["datasets"].values()))
        if "datasets" in chart.chart.to_dict()
        else _inline(chart)
    )


def _inline(chart):
    definition = chart.chart.to_dict()
    found = definition.get("data") or next(layer["data"] for layer in definition["layer"] if "data" in layer)
    return found["values"]


def test_the_classic_run_has_its_four_charts(classic):
    """By the names that people look for."""
    assert set(charts_of(classic)) == {"rt_1v3_miss", "th_1v3_miss", "rt_3_hit_vs_miss", "th_3_hit_vs_miss"}


def test_bars_carry_their_values_and_predictions(classic):
    """The same text as in the table."""
    rows = rows_of(charts_of(classic)["th_1v3_miss"])

    assert [(row["scenario"], row["text"], row["predicted_text"]) for row in rows] == [
        ("1 gateway, miss", "63.7", "predicted 64.0"),
        ("3 gateways, miss", "191.0", "predicted 192.0"),
    ]


def test_axes_start_at_zero_and_name_their_unit(classic):
    """Bars that do not start at zero mislead."""
    definition = charts_of(classic)["rt_1v3_miss"].chart.to_dict()
    y = definition["layer"][0]["encoding"]["y"]

    assert y["scale"]["domain"][0] == 0
    assert y["title"] == "Mean response time (ms)"


def test_what_is_not_valid_says_so_on_the_chart(record):
    """Below the bar, in words, and paler."""
    charts = charts_of([record(1), record(3, validity=("censored", "partial"))])
    one, three = rows_of(charts["th_1v3_miss"])

    assert three["scenario"] == "3 gateways, miss\nnot valid:\ncensored\npartial"
    assert three["colour"] != one["colour"]


def test_further_replica_counts_stand_in_the_name(record):
    """Not only one and three."""
    two = record(
        3, scenario="results_2_gateways_miss", title="2 gateways, miss", factors={"gateways": 2, "cache": "miss"}
    )

    assert "th_1v2v3_miss" in charts_of([record(1), two, record(3)])


def test_scenarios_of_other_factors_get_an_overview(record):
    """One chart of each quantity with all of them."""
    runs = [record(scenario=name, title=name, factors={"engine": name}) for name in ("a", "b")]

    assert set(charts_of(runs)) == {"rt_all", "th_all"}


def test_nothing_to_compare_gives_no_bars(record):
    """A single scenario, or none."""
    assert charts_of([record()]) == {}
    assert charts_of([]) == {}


def test_a_scenario_without_data_is_an_empty_place(record, nothing):
    """A dash where the bar would be."""
    rows = rows_of(charts_of([nothing(), record(3)])["rt_1v3_miss"])

    assert (rows[0]["value"], rows[0]["text"]) == (0.0, "-")


def test_the_number_stands_above_the_tick_that_would_cross_it(classic):
    """63.7 measured, 64.0 predicted."""
    one, _ = rows_of(charts_of(classic)["th_1v3_miss"])

    assert one["label_at"] == 64.0


def test_several_runs_have_whiskers_with_the_ends_of_the_table(record):
    """63, 64 and 65/s: 64.0 ± 2.5 on the bar, 61.5 to 66.5 in the whisker, and how many runs there were."""
    records = [record(g, repetition=n, throughput_per_s=62.0 + n) for g in (1, 3) for n in (1, 2, 3)]

    charts = {chart.name: chart.chart.to_dict() for chart in bar_charts(make_content(None, records, ()))}

    chart = charts["th_1v3_miss"]
    row = next(iter(rows_in(chart)))
    assert row["text"] == "64.0 ± 2.5"
    assert (round(row["low"], 1), round(row["high"], 1)) == (61.5, 66.5)
    assert "95 % interval over 3 runs" in str(chart["title"]["subtitle"])
    assert "errorbar" in str(chart)


def rows_in(chart):
    """The rows of the first data set."""
    layers = [chart, *chart.get("layer", ())]
    return next(layer["data"]["values"] for layer in layers if "data" in layer)
