"""Bars for each instance, as a definition."""

from scalelab.lab.report.instance_bars import Bar, Wording, instance_bars

WORDING = Wording("share", "Shares", "Of all.", "Share", "%")


def test_a_panel_for_each_scenario_on_one_scale():
    """So that panels can be compared; the words say all that is drawn."""
    chart = instance_bars(
        {
            "one": [Bar("a", 1.0, "100%")],
            "none": [],
            "two": [Bar("a", 0.4, "40%", 0.5, "50%"), Bar("b", 0.6, "60%", 0.5, "50%")],
        },
        WORDING,
        "#000000",
        10,
    )

    panels = chart.chart.to_dict()["vconcat"]
    domains = [layer["encoding"]["x"]["scale"]["domain"] for panel in panels for layer in panel["layer"]]
    assert len(panels) == 2
    assert {tuple(domain) for domain in domains} == {(0, 1.2)}
    assert [layer["mark"]["type"] for layer in panels[1]["layer"]] == ["bar", "tick", "text"]
    assert chart.alt_text == "Shares. one: a 100%; two: a 40%; two: b 60%"


def test_nothing_and_far_too_many_are_no_chart():
    """Neither an empty one nor one that cannot be read."""
    assert instance_bars({"one": []}, WORDING, "#000000", 10) is None
    assert (
        instance_bars({"one": [Bar(str(number), 1.0, "1") for number in range(11)]}, WORDING, "#000000", 10) is None
    )
