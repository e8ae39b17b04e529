"""Holds the files of a real run against the reference of result files."""

import csv
import json

from pydantic import BaseModel

from scalelab.lab.results_reference import RESULT_FILES, models_in


def strange_in(run):
    """What the reference does not say of this run's directory, or says and is not so; empty when all is well."""
    files = [file for file in sorted(run.rglob("*")) if file.is_file()]
    return [fault for file in files for fault in _faults(run, file)]


def _faults(run, file):
    place = file.relative_to(run)
    documented = next((one for one in RESULT_FILES if _is_a(place, one)), None)
    if documented is None:
        yield f"{place}: nothing is said of it"
    elif documented.model is not None:
        text = file.read_text(encoding="utf-8")
        for line in text.splitlines() if documented.form == "JSON lines" else [text]:
            document = json.loads(line)
            if documented.leaves_out:
                document = dict.fromkeys(documented.model.model_fields) | document
            yield from (f"{place}: {fault}" for fault in _differences(document, documented.model))
    elif documented.columns:
        with file.open(encoding="utf-8") as lines:
            head = next(csv.reader(lines))
        if set(head) not in (set(documented.columns), {*documented.columns, *documented.columns_of_locust}):
            yield f"{place}: columns {head}"


def _is_a(place, documented):
    """S, R and N are names; a warm-up's files are those of its repetition."""
    parts = [part for part in place.parts if part != "warm_up"]
    prefix = place.parts[-2] if place.parts[-2:-1] == ("warm_up",) else place.parts[0]
    name = documented.name.replace("S_", f"{prefix}_") if documented.name.startswith("S_") else documented.name
    *folders, _ = documented.pattern.split("/")
    if len(parts) != len(folders) + 1 or not _fits(parts[-1], name):
        return False
    return all(_fits(part, folder) for part, folder in zip(parts, folders, strict=False))


def _fits(part, wanted):
    if wanted in ("R", "R.json"):
        return part.removesuffix(".json").isdigit()
    if wanted == "logs-N":
        return part.startswith("logs-")
    return part.endswith(".log") if wanted == "*.log" else wanted in ("S", part)


def _differences(document, model: type[BaseModel]):
    """Keys that are missing or unknown, here and further in."""
    if set(document) != set(model.model_fields):
        yield f"{model.__name__} has {sorted(set(document) ^ set(model.model_fields))} more or less"
    for key, info in model.model_fields.items():
        for inner, steps in models_in(info.annotation):
            for value in _values(document.get(key), steps):
                yield from _differences(value, inner)


def _values(value, steps):
    if value is None:
        return []
    if not steps:
        return [value]
    inside = value.values() if steps.startswith("{}") else value
    return [one for part in inside for one in _values(part, steps[2:])]
