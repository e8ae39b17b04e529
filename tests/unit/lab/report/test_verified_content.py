"""Predictions beside their measurements, and whether too many were wrong."""

import pytest

from scalelab.lab.next_size import predict_sweeps
from scalelab.lab.report.content import make_content
from scalelab.lab.report.markdown import render_markdown
from scalelab.lab.report.verified_content import VERIFIED_HEAD, verified_content


@pytest.fixture
def predictions(swept):
    return {1: predict_sweeps([swept(gateways=size, rate=64.0 * size) for size in (1, 2, 3)], [4, 5])}


def test_hits_and_misses_stand_in_the_table(swept, predictions):
    """236 is what was predicted, 256 is what a straight line would have said."""
    records = [swept(gateways=4, rate=236.0), swept(gateways=5, rate=256.0)]

    content = verified_content(records, predictions)

    verdicts = [dict(zip(VERIFIED_HEAD, row, strict=True))["Verdict"] for row in content.rows]
    assert verdicts == ["hit", "miss"]
    assert content.is_missed
    assert "1 of 2 measurements lie in the interval that was predicted before them" in content.sentences[-1]


def test_all_hits_are_no_failure(swept, predictions):
    """And the sentences tell what was expected."""
    content = verified_content([swept(gateways=4, rate=236.0), swept(gateways=5, rate=239.0)], predictions)

    assert not content.is_missed
    assert "the largest error of a prediction is 0.5%." in content.sentences[-1]
    assert len(content.sentences) == 3


def test_without_measurements_nothing_was_missed(predictions):
    """An interrupted run: predictions, no verdict on them."""
    content = verified_content([], predictions)

    assert (content.rows, content.is_missed) == ((), False)


def test_the_report_has_the_table(swept, predictions):
    """With its heading."""
    records = [swept(gateways=4, rate=236.0)]

    text = render_markdown(make_content(None, records, (), predictions=predictions), [])

    assert "## Predicted, then measured" in text
    assert "| hit |" in text
