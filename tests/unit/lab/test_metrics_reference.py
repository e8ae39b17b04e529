"""The page of metrics is what the definitions say."""

from inspect import getsource
from pathlib import Path

from scalelab.contracts import metric_names
from scalelab.lab.metrics_reference import metrics_of, up_to_date

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "metrics.md"


def test_the_page_is_up_to_date():
    """Else: make reference."""
    text = PAGE.read_text(encoding="utf-8")
    assert up_to_date(text) == text


def test_every_metric_has_a_kind_and_a_meaning():
    """Right below its name."""
    names = [value for name, value in vars(metric_names).items() if name.isupper() and "scalelab_" in str(value)]
    told = dict(metrics_of(getsource(metric_names)))

    assert sorted(told) == sorted(name for name in names if isinstance(name, str))
    assert [name for name, meaning in told.items() if not meaning.startswith(("Counter", "Gauge", "Histogram"))] == []
