"""The directory of one run: made once, only added to. Every file appears as a whole or grows by whole lines."""

import os
import shutil
from datetime import datetime
from pathlib import Path

from scalelab.contracts.model import Contract
from scalelab.lab.plan import Scenario
from scalelab.lab.results.histogram_log import replace_file
from scalelab.lab.results.manifest import MANIFEST_FILE, Manifest
from scalelab.lab.results.redaction import without_passwords
from scalelab.lab.results.run_record import Prediction, RunRecord
from scalelab.lab.results.size_prediction import PREDICTIONS_FOLDER, PredictionsFile

RUN_FILE = "run.json"
CONTEXT_FILE = "scenario.json"
LATEST = "latest"
CSV_ENDINGS = ("_stats.csv", "_stats_history.csv", "_failures.csv", "_exceptions.csv")


class ScenarioContext(Contract):
    """`scenario.json`: what was about to be measured. With it, a run that was killed can still be read."""

    experiment: str
    """Its name."""
    repetition: int
    """From 1."""
    started_at: str
    """ISO 8601, UTC."""
    scenario: Scenario
    prediction: Prediction | None
    """Worked out before the load began; null where theory has nothing to say."""


class RunDirectory:
    """`<results>/<experiment>-<UTC time>/`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"run directory {self.path}"

    @classmethod
    def create(cls, results: Path, manifest: Manifest, started_at: datetime) -> "RunDirectory":
        """A new directory with its manifest; `latest` points at it. Never takes an existing one.

        Raises:
            OSError: it cannot be written.
        """
        results.mkdir(parents=True, exist_ok=True)
        path = _new_directory(results, f"{manifest.experiment}-{started_at:%Y%m%dT%H%M%SZ}")
        replace_file(path / MANIFEST_FILE, manifest.model_dump_json(indent=1))
        _point_latest_at(path)
        return cls(path)

    def write_manifest(self, manifest: Manifest) -> None:
        """Another manifest in place of the one before, as a whole."""
        replace_file(self.path / MANIFEST_FILE, manifest.model_dump_json(indent=1))

    def write_predictions(self, repetition: int, predictions: PredictionsFile) -> None:
        """What is expected of sizes that this repetition has yet to measure."""
        folder = self.path / PREDICTIONS_FOLDER
        folder.mkdir(exist_ok=True)
        replace_file(folder / f"{repetition}.json", predictions.model_dump_json(indent=1))

    def has_predictions(self, repetition: int) -> bool:
        """Whether this repetition's are written."""
        return (self.path / PREDICTIONS_FOLDER / f"{repetition}.json").exists()

    def repetition(self, scenario: str, repetition: int) -> Path:
        """Where one repetition of a scenario goes."""
        return self.path / scenario / str(repetition)

    def open_repetition(self, context: ScenarioContext) -> Path:
        """Make it, and write down what is about to be measured."""
        directory = self.repetition(context.scenario.name, context.repetition)
        directory.mkdir(parents=True)
        safe = ScenarioContext.model_validate(without_passwords(context.model_dump(mode="json")))
        replace_file(directory / CONTEXT_FILE, safe.model_dump_json(indent=1))
        return directory

    def write_record(self, record: RunRecord) -> None:
        """`run.json`, and copies of the CSV files where a person looks for them: directly under the results."""
        directory = self.repetition(record.scenario, record.repetition)
        replace_file(directory / RUN_FILE, record.model_dump_json(indent=1))
        for ending in CSV_ENDINGS:
            source = directory / f"{record.scenario}{ending}"
            if source.exists():
                _copy_whole(source, self.path.parent / source.name)


def _new_directory(results: Path, name: str) -> Path:
    number = 1
    while True:
        path = results / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        else:
            return path


def _point_latest_at(path: Path) -> None:
    fresh = path.with_name(f".{LATEST}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(path.name, target_is_directory=True)
    fresh.replace(path.with_name(LATEST))


def _copy_whole(source: Path, target: Path) -> None:
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copyfile(source, fresh)
    fresh.replace(target)
