"""`scalelab compare` over directories: table, JSON, exit codes."""

import json

import pytest

from scalelab.cli.main import run_command
from scalelab.lab.results.run_record import RunRecord

COUNTS = {"offered": 9000, "not_sent": 0, "sent": 9000, "completed": 9000}
ENDS = {"failed": 0, "timed_out": 0, "censored": 0, "completed_in_drain": 0}
RECORD = {
    "experiment": "classic",
    "scenario": "results_1_gateway_miss",
    "title": "1 gateway, miss",
    "repetition": 1,
    "factors": {"gateways": 1},
    "started_at": "2026-01-01T00:00:00+00:00",
    "driver": "locust",
    "users": 1000,
    "think_time_mean_s": 1.5,
    "load_duration_s": 60.0,
    "window": {"start_s": 12.0, "end_s": 60.0},
    "books": COUNTS | ENDS,
    "throughput_per_s": 64.0,
    "failures": 0,
    "latency": {
        "count": 9000,
        "mean_s": 1.0,
        "p50_s": 1.0,
        "p90_s": 1.0,
        "p99_s": None,
        "p99_9_s": None,
        "max_s": 2.0,
    },
    "routes": (),
    "little": None,
    "cache": {"hits": 0, "misses": 9000, "hit_ratio": 0.0, "expected": "miss", "required_ratio": 0.99},
    "replicas": {"answers": {}, "jain_index": None},
    "prediction": None,
    "naive": {"requests": 9000, "mean_s": 1.0, "throughput_per_s": 64.0, "failures": 0},
    "validity": ("valid",),
    "caveats": (),
}


@pytest.fixture
def run_of(tmp_path):
    """Call it with a name and the rates of its runs; a directory as `scalelab run` leaves it, without a manifest."""

    def write(name, *rates, **changes):
        for number, rate in enumerate(rates, start=1):
            folder = tmp_path / name / "results_1_gateway_miss" / str(number)
            folder.mkdir(parents=True)
            record = RunRecord.model_validate({**RECORD, "repetition": number, "throughput_per_s": rate, **changes})
            (folder / "run.json").write_text(record.model_dump_json())
        return str(tmp_path / name)

    return write


def test_a_loss_is_exit_code_4(run_of, capsys):
    """With the ratio and its interval."""
    code = run_command(["compare", run_of("a", 64.0, 64.5, 63.5), run_of("b", 50.0, 50.5, 49.5)])

    told = capsys.readouterr().out
    assert code == 4
    assert "worse" in told
    assert "0.781" in told
    assert "manifest is missing" in told


def test_the_same_run_twice_is_exit_code_0(run_of, capsys):
    """Nothing is worse."""
    run = run_of("a", 64.0, 64.5, 63.5)

    assert run_command(["compare", run, run]) == 0
    assert "no difference above 5 %" in capsys.readouterr().out


def test_a_gain_is_exit_code_0_and_json_has_it_all(run_of, capsys):
    """For a script."""
    runs = run_of("a", 64.0, 64.5, 63.5), run_of("b", 80.0, 80.5, 79.5)

    code = run_command(["compare", *runs, "--metric", "throughput", "--json"])

    told = json.loads(capsys.readouterr().out)
    assert code == told["exit_code"] == 0
    assert [line["verdict"] for line in told["lines"]] == ["better"]
    assert told["lines"][0]["ratio"]["value"] == pytest.approx(1.25)


@pytest.mark.parametrize(("rates", "changes"), [((64.0,), {}), ((64.0, 64.5), {"validity": ("censored",)})])
def test_nothing_to_compare_is_exit_code_3(run_of, capsys, rates, changes):
    """Single runs, or runs that are not valid."""
    code = run_command(["compare", run_of("a", 64.0, 64.5), run_of("b", *rates, **changes)])

    assert code == 3
    assert "Nothing could be compared" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [("--metric", "p50"), ("--smallest-effect", "5"), ("--smallest-effect", "200%")]
)
def test_bad_arguments_are_exit_code_2(run_of, arguments):
    """One line, and what could stand there."""
    run = run_of("a", 64.0, 64.5)

    assert run_command(["compare", run, run, *arguments]) == 2


def test_a_directory_without_a_run_is_told(tmp_path, capsys):
    """Not an empty comparison."""
    assert run_command(["compare", str(tmp_path), str(tmp_path)]) == 2
    assert "holds no run" in capsys.readouterr().err
