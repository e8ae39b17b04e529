"""`docs/reference/experiment-file.md` says what the models say, and its example is an experiment."""

import re
import tomllib
from pathlib import Path

import pytest

from scalelab.lab.experiment import Experiment, Load
from scalelab.lab.experiment_reference import reference_text, up_to_date
from scalelab.lab.plan import make_plan

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "experiment-file.md"


def test_the_page_is_up_to_date():
    """Else: python -m scalelab.lab.experiment_reference docs/reference/experiment-file.md."""
    page = PAGE.read_text(encoding="utf-8")

    assert up_to_date(page) == page


@pytest.mark.parametrize("key", [*Load.model_fields, "repeat", "cool_down_s", "slo", "schema", "upstream_slots"])
def test_every_key_has_a_row(key):
    """With unit and default."""
    assert re.search(rf"^\| `{key}` \|", reference_text(), re.MULTILINE)


def test_units_defaults_and_bounds_are_those_of_the_model():
    """Of a duration, a rate and a choice."""
    text = reference_text()

    assert "| `duration_s` | s | `60` | > 0 |" in text
    assert "| `spawn_rate_per_s` | 1/s | `100` | > 0 |" in text
    assert '| `driver` |  | `"locust"` | `locust`, `closed_loop`, `open_loop` |' in text
    assert f"| `repeat` |  | `{Experiment.model_fields['repeat'].default}` | ≥ 1, ≤ 100 |" in text


def test_the_example_is_an_experiment():
    """Two scenarios, five times each."""
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

    assert len(make_plan(tomllib.loads(example), "example").order()) == 10
