"""The directory of a run: made once, never overwritten, readable when torn."""

from datetime import UTC, datetime

import pytest

from scalelab.lab.experiment import Experiment
from scalelab.lab.plan import Plan
from scalelab.lab.record_building import Circumstances, build_record
from scalelab.lab.results.histogram_log import write_histograms
from scalelab.lab.results.manifest import Host, make_manifest
from scalelab.lab.results.reading import read_run
from scalelab.lab.results.recording import HISTOGRAM_FILE, RECORDING_FILE, TIMELINE_FILE
from scalelab.lab.results.run_directory import RunDirectory

STARTED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOST = Host(system="Linux", machine="x86_64", cpu_model="a CPU", logical_cores=2, memory_bytes=1, python="3.11")


@pytest.fixture
def manifest(context):
    experiment = Experiment.model_validate({"schema": 1, "name": "classic", "repeat": 2})
    plan = Plan(experiment=experiment, scenarios=(context.scenario,))
    return make_manifest(plan, STARTED_AT, is_quick=False, engines={"valkey": "9"}, host=HOST, git=None)


@pytest.fixture
def run(tmp_path, manifest):
    return RunDirectory.create(tmp_path, manifest, STARTED_AT)


def write_measured(directory, measured):
    (directory / RECORDING_FILE).write_text(measured.recording.model_dump_json())
    (directory / TIMELINE_FILE).write_text("".join(row.model_dump_json() + "\n" for row in measured.timeline))
    write_histograms(directory / HISTOGRAM_FILE, measured.histograms, 3.0, 20.0)


def test_a_second_run_in_the_same_second_gets_a_directory_of_its_own(tmp_path, manifest, run):
    """Nothing is overwritten; `latest` points at the newest."""
    second = RunDirectory.create(tmp_path, manifest, STARTED_AT)

    assert run.path.name == "classic-20260102T030405Z"
    assert second.path.name == "classic-20260102T030405Z-2"
    assert (tmp_path / "latest").resolve() == second.path


def test_a_whole_run_is_read_as_it_was_written(run, context, measured):
    """Record, measured files, manifest."""
    directory = run.open_repetition(context)
    write_measured(directory, measured())
    record = build_record(context, measured(), Circumstances())
    run.write_record(record)

    stored = read_run(run.path)

    assert stored.records == (record,)
    assert stored.repetitions[0].measured.recording == measured().recording
    assert stored.manifest.order[0].title == "3 gateways, hit"
    assert stored.missing == ("results_3_gateways_hit, repetition 2 was not run",)


def test_csv_files_are_found_under_the_results_by_their_classic_names(tmp_path, run, context, measured):
    """`results_3_gateways_hit_stats.csv` directly under tests/results/."""
    directory = run.open_repetition(context)
    (directory / "results_3_gateways_hit_stats.csv").write_text("Type,Name\n")

    run.write_record(build_record(context, measured(), Circumstances()))

    assert (tmp_path / "results_3_gateways_hit_stats.csv").read_text() == "Type,Name\n"


def test_a_killed_repetition_is_worked_out_from_what_was_written(run, context, measured):
    """No run.json: the record comes from the recording, is partial, and that is said."""
    directory = run.open_repetition(context)
    write_measured(directory, measured(is_final=False))

    stored = read_run(run.path)

    assert "partial" in stored.records[0].validity
    assert stored.records[0].throughput_per_s == pytest.approx(60.0)
    assert "run.json is missing" in stored.missing[0]


@pytest.mark.parametrize("torn", ['{"schema_version": 1, "exper', "\x00\x00", "[]"])
def test_torn_files_are_told(run, context, measured, torn):
    """Half a run.json is as good as none; a torn timeline loses its last line only."""
    directory = run.open_repetition(context)
    write_measured(directory, measured())
    (directory / "run.json").write_text(torn)
    with (directory / TIMELINE_FILE).open("a") as file:
        file.write('{"second": 23, "se')

    stored = read_run(run.path)

    assert "run.json is torn" in stored.missing[0]
    assert len(stored.repetitions[0].measured.timeline) == 23


def test_an_empty_directory_has_nothing_and_says_so(tmp_path):
    """Not even a manifest."""
    stored = read_run(tmp_path)

    assert stored.records == ()
    assert stored.missing == ("manifest.json is missing",)


def test_without_a_manifest_repetitions_are_found(run, context, measured):
    """The directories tell what there was."""
    run.open_repetition(context)
    run.write_record(build_record(context, measured(), Circumstances()))
    (run.path / "manifest.json").unlink()

    assert [record.title for record in read_run(run.path).records] == ["3 gateways, hit"]


def test_passwords_are_not_written(run, context):
    """A cache of somebody's own has its password in the URL: the file has three stars."""
    topology = context.scenario.topology.model_copy(
        update={"cache": context.scenario.topology.cache.model_copy(update={"url": "redis://:secret@host:6379/0"})}
    )
    scenario = context.scenario.model_copy(update={"topology": topology})

    directory = run.open_repetition(context.model_copy(update={"scenario": scenario}))

    text = (directory / "scenario.json").read_text()
    assert "secret" not in text
    assert "redis://:***@host:6379/0" in text


def test_the_manifest_names_versions(manifest):
    """What a reader needs to run it again."""
    assert manifest.packages["scalelab"]
    assert manifest.packages["locust"]
    assert manifest.engines == {"valkey": "9"}
    assert [planned.repetition for planned in manifest.order] == [1, 2]
