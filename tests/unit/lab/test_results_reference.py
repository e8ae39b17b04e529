"""The page of result files is what the models say."""

from pathlib import Path

from scalelab.lab.load.csv_columns import HISTORY
from scalelab.lab.results.run_record import RunRecord
from scalelab.lab.results_reference import (
    RESULT_FILES,
    kind_of,
    meaning_of,
    parts_of,
    reference_text,
    unit_of,
    up_to_date,
)

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "result-files.md"


def test_the_page_is_up_to_date():
    """Else: make reference."""
    text = PAGE.read_text(encoding="utf-8")

    assert up_to_date(text) == text


def test_every_key_has_a_meaning():
    """Right below its definition, or in the words of what it holds, or in the experiment file."""
    tops = [one.model for one in RESULT_FILES if one.model is not None]
    models = {*tops, *(part for top in tops for _, part in parts_of(top))}

    told = {
        f"{model.__name__}.{key}": meaning_of(model, key) or kind_of(info.annotation)
        for model in models
        for key, info in model.model_fields.items()
    }

    assert [key for key, text in told.items() if not text.endswith((".", "(experiment-file.md)"))] == []
    assert not any("None" in text for text in told.values())


def test_types_and_units_are_those_of_json():
    """Of a rate, a moment, a share, a count, a list and what may be missing."""
    fields = RunRecord.model_fields

    assert kind_of(fields["throughput_per_s"].annotation) == "number or null"
    assert kind_of(fields["routes"].annotation) == "list: table"
    assert kind_of(fields["defects"].annotation) == "table: whole number"
    assert kind_of(fields["validity"].annotation).startswith("list: `censored`, `counts-differ`")
    assert [
        unit_of(key) for key in ("rate_per_s", "began_unix_s", "p99_9_s", "hit_ratio", "failures", "wait_parts_s")
    ] == [
        "1/s",
        "s since 1970",
        "s",
        "share",
        "",
        "s",
    ]


def test_what_stands_in_another_table_is_told_once():
    """A route's latency is that of the run."""
    text = reference_text()

    assert "### `routes[].latency`\n\nAs `run.json: latency`." in text
    assert all(f"| `{column}` |" in text for column in HISTORY)
