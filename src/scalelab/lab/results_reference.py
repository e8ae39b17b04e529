"""The tables of `docs/reference/result-files.md`, from the models alone. Touches nothing outside their markers.

`python -m scalelab.lab.results_reference FILE` brings a file up to date.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from scalelab.contracts.faults import Fault, FaultTrace
from scalelab.contracts.topology import Topology
from scalelab.lab.correctness.acknowledged import AcknowledgedTask
from scalelab.lab.experiment import Load, WarmUp
from scalelab.lab.load import csv_columns
from scalelab.lab.probes.rows import PROBES_FILE, ProbeRow
from scalelab.lab.reference_tables import rewrite_page, with_tables
from scalelab.lab.results.manifest import MANIFEST_FILE, Manifest
from scalelab.lab.results.recording import (
    FAULTS_FILE,
    HISTOGRAM_FILE,
    RECORDING_FILE,
    TASKS_FILE,
    TIMELINE_FILE,
    Recording,
    TimelineRow,
)
from scalelab.lab.results.run_directory import CONTEXT_FILE, RUN_FILE, ScenarioContext
from scalelab.lab.results.run_record import RunRecord
from scalelab.lab.results.size_prediction import PREDICTIONS_FOLDER, PredictionsFile

Form = Literal["JSON", "JSON lines", "CSV", "text"]
EXPERIMENT_PAGE = "experiment-file.md"
ELSEWHERE: tuple[type[BaseModel], ...] = (Topology, Load, WarmUp, Fault)
"""Their keys are those of an experiment's file, and stand there."""
UNITS = {
    "_per_s": "1/s",
    "_unix_s": "s since 1970",
    "_s": "s",
    "_bytes": "bytes",
    "_ratio": "share",
    "_share": "share",
}
"""By the end of a key."""


@dataclass(frozen=True)
class ResultFile:
    """One kind of file. `pattern` is a glob from the run's directory; S stands for a scenario, R for a repetition."""

    pattern: str
    form: Form
    holds: str
    model: type[BaseModel] | None = None
    """Of the document, or of each line."""
    leaves_out: bool = False
    """Whether a key whose value is null is left out."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Of a CSV file: name -> meaning."""
    columns_of_locust: Mapping[str, str] = field(default_factory=dict)
    """Those that only Locust writes."""

    @property
    def name(self) -> str:
        """Without its folders."""
        return self.pattern.rpartition("/")[2]


RESULT_FILES = (
    ResultFile(MANIFEST_FILE, "JSON", "What was run, on what, with which versions.", Manifest),
    ResultFile(f"S/R/{RUN_FILE}", "JSON", "What one repetition of one scenario measured, and its doubts.", RunRecord),
    ResultFile(f"S/R/{CONTEXT_FILE}", "JSON", "What was about to be measured, before it was.", ScenarioContext),
    ResultFile(f"S/R/{RECORDING_FILE}", "JSON", "What the load driver counted; nothing derived.", Recording),
    ResultFile(f"S/R/{TIMELINE_FILE}", "JSON lines", "A line for each second of the load.", TimelineRow),
    ResultFile(f"S/R/{HISTOGRAM_FILE}", "text", "Histograms of latency: HdrHistogram's log format 1.2, see below."),
    ResultFile(
        f"S/R/{PROBES_FILE}", "JSON lines", "A line for each process and second: what it used and counted.", ProbeRow,
        leaves_out=True
    ),
    ResultFile(f"S/R/{FAULTS_FILE}", "JSON lines", "A line for each fault of the experiment.", FaultTrace),
    ResultFile(f"S/R/{TASKS_FILE}", "JSON lines", "A line for each long task handed in (Locust).", AcknowledgedTask),
    ResultFile(
        f"{PREDICTIONS_FOLDER}/R.json", "JSON", "With `verify`: what was predicted of sizes yet to be measured.",
        PredictionsFile,
    ),
    ResultFile("S/R/S_stats.csv", "CSV", "A row for each route, and one for all.", columns=csv_columns.STATS),
    ResultFile("S/R/S_stats_history.csv", "CSV", "A row for each second.", columns=csv_columns.HISTORY,
               columns_of_locust=csv_columns.HISTORY_OF_LOCUST),
    ResultFile("S/R/S_failures.csv", "CSV", "A row for each kind of failure.", columns=csv_columns.FAILURES,
               columns_of_locust=csv_columns.FAILURES_OF_LOCUST),
    ResultFile("S/R/S_exceptions.csv", "CSV", "Locust's own; ours has none.", columns=csv_columns.EXCEPTIONS),
    ResultFile("S/R/locust.log", "text", "What Locust said."),
    ResultFile("logs-N/*.log", "text", "What each process of the Nth stack said: JSON lines, as a rule."),
)  # fmt: skip


def reference_text() -> str:
    """Every table as Markdown."""
    lines = ["| file | form | holds |", "| --- | --- | --- |"]
    lines += [f"| `{one.pattern}` | {one.form} | {one.holds} |" for one in RESULT_FILES]
    lines.append("")
    told: dict[type[BaseModel], str] = {}
    for file in RESULT_FILES:
        if file.model is not None:
            lines += _sections(file.name, file.model, told)
        elif file.columns:
            lines += _columns(file)
    return "\n".join(lines)


def parts_of(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """The models inside a model with their places, such as `routes[].latency`; not those of an experiment's file."""
    for key, info in model.model_fields.items():
        for kind, steps in models_in(info.annotation):
            if kind not in ELSEWHERE:
                place = f"{path}{'.' if path else ''}{key}{steps}"
                yield place, kind
                yield from parts_of(kind, place)


def models_in(annotation: Any, steps: str = "") -> Iterator[tuple[type[BaseModel], str]]:
    """The models of an annotation, with `[]` for each list and `{}` for each table around one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, steps
        return
    step = _STEPS.get(get_origin(annotation), "")
    for part in get_args(annotation):
        yield from models_in(part, steps + step)


def meaning_of(model: type[BaseModel], key: str) -> str:
    """What its definition says; of a key that holds a model, what that one says of itself."""
    info = model.model_fields[key]
    inner = next((kind for kind, _ in models_in(info.annotation)), None)
    texts = (inner.__doc__ if inner is not None and inner not in ELSEWHERE else "", info.description)
    words = " ".join(text for text in texts if text).split()
    return _NONE.sub("null", " ".join(words)).replace("|", "\\|")


_STEPS: dict[Any, str] = {tuple: "[]", list: "[]", dict: "{}"}
_NONE = re.compile(r"\bNone\b")


def kind_of(annotation: Any) -> str:
    """The type of a value, in JSON's own words."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        # Sorted: to `typing` two that differ by order are one, and it keeps the one it met first.
        return ", ".join(sorted(f"`{part}`" for part in parts))
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(kind_of(part) for part in parts))
    if origin in (tuple, list):
        return f"list: {kind_of(parts[0])}"
    if origin is dict:
        return f"table: {kind_of(parts[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"table, as in [the experiment file]({EXPERIMENT_PAGE})" if annotation in ELSEWHERE else "table"
    return _PLAIN[annotation] if annotation in _PLAIN else kind_of(parts[0])  # what is left is `Annotated`


_PLAIN: dict[Any, str] = {
    str: "text", int: "whole number", float: "number", bool: "true or false", type(None): "null", Any: "anything",
}  # fmt: skip


def unit_of(key: str) -> str:
    """Empty for what is counted, or has none."""
    stem = key.replace("_parts_s", "_s")
    return next((unit for end, unit in UNITS.items() if stem.endswith(end) or stem == end[1:]), "")


def _sections(name: str, model: type[BaseModel], told: dict[type[BaseModel], str]) -> Iterator[str]:
    yield f"## `{name}`\n"
    yield " ".join((model.__doc__ or "").split()) + "\n"
    yield from _table(model)
    told[model] = name
    for place, part in parts_of(model):
        if part in told:
            if told[part] != f"{name}: {place}":
                yield f"### `{place}`\n\nAs `{told[part]}`.\n"
            continue
        told[part] = f"{name}: {place}"
        yield f"### `{place}`\n"
        yield from _table(part)


def _table(model: type[BaseModel]) -> Iterator[str]:
    yield "| key | type | unit | means |"
    yield "| --- | --- | --- | --- |"
    for key, info in model.model_fields.items():
        yield f"| `{key}` | {kind_of(info.annotation)} | {unit_of(key)} | {meaning_of(model, key)} |"
    yield ""


def _columns(file: ResultFile) -> Iterator[str]:
    yield f"## `{file.name}`\n"
    yield "| column | means |"
    yield "| --- | --- |"
    yield from (f"| `{column}` | {meaning} |" for column, meaning in file.columns.items())
    yield from (f"| `{column}` | Locust alone: {meaning} |" for column, meaning in file.columns_of_locust.items())
    yield ""


def up_to_date(document: str) -> str:
    """The document with fresh tables between its markers."""
    return with_tables(document, reference_text())


if __name__ == "__main__":
    rewrite_page(up_to_date)
