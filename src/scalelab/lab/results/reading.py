"""Reads a run's directory, whole or torn. What is missing is told, never made up; nothing is raised for it.

A repetition that was killed has no `run.json`: its record is worked out from what the load driver had written.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from scalelab.lab.record_building import Circumstances, build_record
from scalelab.lab.results.manifest import MANIFEST_FILE, Manifest
from scalelab.lab.results.measured_files import Measured, read_measured
from scalelab.lab.results.run_directory import CONTEXT_FILE, RUN_FILE, ScenarioContext
from scalelab.lab.results.run_record import RunRecord
from scalelab.lab.results.size_prediction import PREDICTIONS_FOLDER, PredictionsFile

NEWER = "newer than this scalelab knows"
ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True)
class StoredRepetition:
    """One repetition of one scenario, as far as it is there."""

    directory: Path
    record: RunRecord
    measured: Measured


@dataclass(frozen=True)
class StoredRun:
    """One run."""

    directory: Path
    manifest: Manifest | None
    repetitions: tuple[StoredRepetition, ...]
    """In the manifest's order; without a manifest in order of their start."""
    missing: tuple[str, ...]
    """What a whole run would have and this one lacks, in sentences."""
    predictions: Mapping[int, PredictionsFile] = field(default_factory=dict)
    """Repetition -> what was predicted before sizes were measured."""

    @property
    def records(self) -> tuple[RunRecord, ...]:
        """Of all repetitions."""
        return tuple(repetition.record for repetition in self.repetitions)


def read_run(directory: Path) -> StoredRun:
    """Everything that can be read in the directory; `latest` may be given."""
    manifest, fault = _read(Manifest, directory / MANIFEST_FILE)
    missing = [fault] if fault else []
    repetitions = []
    for folder in _folders(directory, manifest):
        stored, fault = _read_repetition(folder)
        if stored is not None:
            repetitions.append(stored)
        if fault:
            missing.append(fault)
    if manifest is None:
        repetitions.sort(key=lambda stored: stored.record.started_at)
    return StoredRun(directory, manifest, tuple(repetitions), tuple(missing), _predictions(directory))


def _predictions(directory: Path) -> dict[int, PredictionsFile]:
    files = {file.stem: _read(PredictionsFile, file)[0] for file in (directory / PREDICTIONS_FOLDER).glob("*.json")}
    known = [(int(stem), told) for stem, told in files.items() if told is not None and stem.isdecimal()]
    return dict(sorted(known, key=lambda pair: pair[0]))


def _folders(directory: Path, manifest: Manifest | None) -> Iterator[Path]:
    if manifest is not None:
        yield from (directory / planned.scenario / str(planned.repetition) for planned in manifest.order)
        return
    yield from sorted({file.parent for name in (RUN_FILE, CONTEXT_FILE) for file in directory.glob(f"*/*/{name}")})


def _read_repetition(folder: Path) -> tuple[StoredRepetition | None, str]:
    """The repetition, and what it lacks."""
    where = f"{folder.parent.name}, repetition {folder.name}"
    if not folder.is_dir():
        return None, f"{where} was not run"
    measured = read_measured(folder)
    record, fault = _read(RunRecord, folder / RUN_FILE)
    if record is not None:
        return StoredRepetition(folder, record, measured), ""
    context, _ = _read(ScenarioContext, folder / CONTEXT_FILE)
    if context is None or NEWER in fault:
        return None, f"{where}: {fault}"
    circumstances = Circumstances(is_partial=True, trouble="the run was killed before its record was written")
    rebuilt = build_record(context, measured, circumstances)
    return StoredRepetition(folder, rebuilt, measured), f"{where}: {fault}; worked out from what was written before"


def _read(model: type[ModelT], file: Path) -> tuple[ModelT | None, str]:
    """The document, or what is wrong with it."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        return None, f"{file.name} is missing"
    except UnicodeDecodeError:
        return None, f"{file.name} is torn"
    newer = _newer_schema(model, text)
    if newer is not None:
        return None, f"{file.name} has schema version {newer}, {NEWER}: read it with the version that wrote it"
    try:
        return model.model_validate_json(text), ""
    except ValidationError:
        return None, f"{file.name} is torn or of another version"


def _newer_schema(model: type[BaseModel], text: str) -> int | None:
    """The document's schema version if it is above what the model reads; such a document is not read by guess."""
    known = model.model_fields.get("schema_version")
    if known is None:
        return None
    try:
        document = json.loads(text)
    except ValueError:
        return None
    version = document.get("schema_version") if isinstance(document, dict) else None
    return version if isinstance(version, int) and version > known.default else None
