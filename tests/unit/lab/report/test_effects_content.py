"""Effects in the report: table, sentences and picture."""

import pytest

from scalelab.lab.report.effects_chart import effects_chart
from scalelab.lab.report.effects_content import EFFECTS_HEAD, NO_EFFECTS, effects_content
from scalelab.lab.report.scenario_figures import figures_of


@pytest.fixture
def twice(record):
    """The classic grid, in two blocks."""
    return [
        record(size, cache).model_copy(
            update={
                "repetition": block,
                "throughput_per_s": {"miss": 64.0 * size, "hit": 660.0}[cache] + block + 0.3 * size * block,
                "validity": ("valid",),
            }
        )
        for block in (1, 2)
        for size in (1, 3)
        for cache in ("miss", "hit")
    ]


def test_every_effect_has_a_row_with_its_interval(twice):
    """Gateways, cache, and that gateways matter to misses only."""
    content = effects_content(figures_of(twice), None)

    rows = [dict(zip(EFFECTS_HEAD, row, strict=True)) for row in content.rows]
    assert [row["Change"] for row in rows] == ["gateways: 1 to 3", "cache: miss to hit", "gateways x cache"]
    assert rows[0]["Requests/s"].startswith("+64.")
    assert rows[2]["Requests/s"] == "-64.0"
    assert all(" to " in row["95 % interval"] for row in rows)
    assert rows[0]["Clear"] == "yes"


def test_a_single_run_of_each_has_no_interval_and_says_so(classic):
    """And how to get one."""
    content = effects_content(figures_of(classic), None)

    assert all(row[2] == "-" for row in content.rows)
    assert "no interval: repeat the experiment" in content.sentences[1]


def test_nothing_is_claimed_while_a_cell_is_not_valid(twice):
    """One run that is not steady spoils the comparison."""
    twice[3] = twice[3].model_copy(update={"validity": ("not-steady",)})

    content = effects_content(figures_of(twice), None)

    assert content.rows == ()
    assert content.sentences == ("No effects are claimed: 3 gateways, hit is not valid.",)


@pytest.mark.parametrize("mute", [slice(0, 1), slice(0, 8, 2)])
def test_without_a_mean_response_throughput_has_its_effects_all_the_same(twice, mute):
    """One cell, or a whole level, in which nothing was answered: the rest says nothing of the response."""
    for place in range(8)[mute]:
        latency = twice[place].latency.model_copy(update={"mean_s": None})
        twice[place] = twice[place].model_copy(update={"latency": latency})

    content = effects_content(figures_of(twice), None)

    rows = [dict(zip(EFFECTS_HEAD, row, strict=True)) for row in content.rows]
    assert [row["Change"] for row in rows] == ["gateways: 1 to 3", "cache: miss to hit", "gateways x cache"]
    assert {row["Mean response (ms)"] for row in rows} == {row["95 % interval (ms)"] for row in rows} == {"-"}


def test_one_factor_has_no_effects(classic):
    """There is nothing to average over."""
    misses = [record for record in classic if record.factors["cache"] == "miss"]

    assert effects_content(figures_of(misses), None) == NO_EFFECTS
    assert effects_chart(NO_EFFECTS) is None


def test_the_plot_says_in_words_what_it_shows(twice):
    """For readers who do not see it."""
    chart = effects_chart(effects_content(figures_of(twice), None))

    assert chart.name == "effects"
    assert "gateways 1: 36" in chart.alt_text
    assert "cache hit: 66" in chart.alt_text
