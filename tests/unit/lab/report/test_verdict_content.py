"""The verdict in words: what binds, with numbers, and what one more would buy."""

from dataclasses import replace

import pytest

from scalelab.lab.analysis.statistics import Interval
from scalelab.lab.analysis.verdict.gains import Gain
from scalelab.lab.report.content import make_content
from scalelab.lab.report.markdown import render_markdown
from scalelab.lab.report.page import render_page
from scalelab.lab.report.scenario_figures import figures_of
from scalelab.lab.report.verdict_content import VERDICT_HEAD, gain_text, verdict_content


def content_of(*records):
    return verdict_content(figures_of(records))


def test_slots_that_bind(swept):
    """The limit with its arithmetic, the evidence, and the limit that comes next."""
    content = content_of(swept(rate=63.4))

    (row,) = content.rows
    cells = dict(zip(VERDICT_HEAD, row, strict=True))
    assert (cells["Binds"], cells["Limit (requests/s)"], cells["Measured"]) == ("the upstream slots", "64.0", "63.4")
    assert cells["One more gateway"].startswith("+63.4/s (")
    assert (cells["One more connection"], cells["Sure"]) == ("nothing", "clear")
    assert content.sentences[0].startswith(
        "1 gateways, miss: the upstream slots bind: 1 gateway x 8 slots / 125 ms = 64.0/s; 63.4/s were measured."
    )
    assert "No doubt about which: the next limit, the database pool, is at 240.0/s." in content.sentences[0]


def test_an_open_load_below_the_limit(swept):
    """It gets what it asks for; the limit stands beside it."""
    content = content_of(swept(rate=30.0, users=0, rate_per_s=30.0, slot_wait_s=0.0))

    cells = dict(zip(VERDICT_HEAD, content.rows[0], strict=True))
    assert (cells["Binds"], cells["Limit (requests/s)"]) == ("the load", "64.0")
    assert cells["One more gateway"].startswith("limit +64.0/s")
    assert "the load asks for 30.0/s and gets it: 30.0/s were measured." in content.sentences[0]
    assert (
        "The lowest limit is that of the upstream slots: 1 gateway x 8 slots / 125 ms = 64.0/s."
        in content.sentences[0]
    )


@pytest.mark.parametrize(
    ("looked_at", "word"), [(7.9, "7.9 were in use; by the utilisation law, 8.0."), (4.0, "do not agree")]
)
def test_the_utilisation_law_is_checked_on_the_same_data(swept, looked_at, word):
    """Two ways of measuring the same places, side by side."""
    record = swept()
    slots = record.resources[0].model_copy(update={"sampled_mean": looked_at})

    content = content_of(record.model_copy(update={"resources": (slots, *record.resources[1:])}))

    assert word in content.sentences[0]


def test_users_that_bind(swept):
    """More of the system would change nothing, and the sentence says so."""
    few = swept(gateways=3, rate=36.9, users=60, slot_wait_s=0.0)

    sentence = content_of(few).sentences[0]

    assert "the users' think time binds: 60 users / (1.5 s of thinking + 125 ms) = 36.9/s" in sentence
    assert "more of anything in it changes nothing" in sentence


def test_two_limits_close_together_do_not_claim_that_nothing_helps(swept):
    """97 users just fill 8 slots: a gateway would help a little."""
    near = swept(rate=58.4, users=100)

    sentence = content_of(near).sentences[0]

    assert "That is close: the next limit" in sentence
    assert "changes nothing" not in sentence


def test_what_is_not_explained_is_not_claimed(swept):
    """The lowest limit is told, and that it is not what holds the rate down."""
    content = content_of(swept(rate=30.0))

    assert dict(zip(VERDICT_HEAD, content.rows[0], strict=True))["Binds"] == "not known"
    assert "none of what was measured holds it down: 30.0/s were measured; the lowest limit" in content.sentences[0]


@pytest.mark.parametrize(("good_per_s", "others"), [(5.9, "58.1"), (40.0, "24.0")])
def test_a_resource_in_full_use_is_named_though_not_every_answer_is_good(swept, good_per_s, others):
    """Whether the others cost anything is not known: with shedding nothing, without it nearly all."""
    record = swept(rate=64.0, users=0, rate_per_s=120.0)
    overloaded = record.model_copy(update={"throughput_per_s": good_per_s})

    content = content_of(overloaded)

    cells = dict(zip(VERDICT_HEAD, content.rows[0], strict=True))
    assert (cells["Binds"], cells["Busy"], cells["Limit (requests/s)"]) == ("the upstream slots", "100.0%", "-")
    assert (cells["One more gateway"], cells["One more slot a gateway"], cells["Sure"]) == ("-", "-", "clear")
    assert content.sentences[0].endswith(
        f"the upstream slots bind: busy 100.0% of the time, and {good_per_s}/s were measured. "
        f"{others}/s other answers were refusals or failures, or nobody waited for them any more; "
        "what they cost, this does not tell."
    )


def test_nothing_is_claimed_of_what_is_not_valid(swept):
    """No row, no sentence."""
    doubtful = swept().model_copy(update={"validity": ("not-steady",)})

    assert content_of(doubtful) == replace(content_of(), rows=(), sentences=())


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (Interval(62.1, 60.9, 63.4), "+62.1/s (60.9 to 63.4)"),
        (Interval(0.1, -0.1, 0.2), "nothing"),
        (Interval(0.1, -2.0, 3.0), "nothing (at most 3.0/s)"),
        (Interval(-5.0, -6.0, -4.0), "-5.0/s (-6.0 to -4.0)"),
    ],
)
def test_gains_are_told_with_their_doubt(interval, text):
    """Half a percent of the rate is nothing; what the interval allows is told."""
    assert gain_text(Gain("one more gateway", interval), 64.0) == text


def test_what_there_is_none_of_has_no_gain():
    """No slots, no further slot."""
    assert gain_text(None, 64.0) == "-"


def test_both_formats_show_it(swept):
    """The same cells in Markdown and in HTML."""
    content = make_content(None, [swept()], ())

    assert "## What binds, and what one more would buy" in render_markdown(content, [])
    assert "<h2>What binds, and what one more would buy</h2>" in render_page(content, [])
