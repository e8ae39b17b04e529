"""The verb: what is printed, and what is refused."""

import json

import pytest

from scalelab.cli.main import run_command


@pytest.fixture
def sweep_run(tmp_path, swept):
    """A run's directory with a sweep over 1, 2 and 3 gateways, without a manifest."""
    for size in (1, 2, 3):
        record = swept(gateways=size, rate=64.0 * size)
        folder = tmp_path / "run" / record.scenario / "1"
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(record.model_dump_json())
    return tmp_path / "run"


def test_a_table_and_what_the_next_ones_buy(sweep_run, capsys):
    """Measured sizes, predicted sizes, sentences."""
    code = run_command(["predict", str(sweep_run), "--replicas", "4,5"])

    told = capsys.readouterr().out
    assert code == 0
    assert "measured" in told
    assert "4 gateways will do 237." in told
    assert "no more than with 4, limited by the database pool" in told


def test_json_for_scripts(sweep_run, capsys):
    """Rates a second, as numbers."""
    assert run_command(["predict", str(sweep_run), "--replicas", "5", "--json"]) == 0

    (sweep,) = json.loads(capsys.readouterr().out)["sweeps"]
    (five,) = sweep["predictions"]
    assert (five["gateways"], five["binding"]) == (5, "database pool")
    assert five["low_per_s"] < 240.0 < five["high_per_s"]


@pytest.mark.parametrize(
    ("replicas", "words"),
    [("", "say what to predict"), ("4,x", "'x' is not a number of gateways"), ("0", "'0'"), ("65", "from 1 to 64")],
)
def test_bad_sizes_are_one_line_and_exit_code_2(sweep_run, capsys, replicas, words):
    """What was given, and what can be."""
    code = run_command(["predict", str(sweep_run), "--replicas", replicas])

    (line,) = capsys.readouterr().err.splitlines()
    assert code == 2
    assert words in line


def test_a_run_without_a_sweep_is_exit_code_3(sweep_run, capsys):
    """One size alone supports nothing: two of three are asked for."""
    code = run_command(["predict", str(sweep_run), "--replicas", "2,3"])

    (line,) = capsys.readouterr().err.splitlines()
    assert code == 3
    assert "at least 2 numbers of gateways, and there is 1" in line


def test_a_directory_that_is_not_there(tmp_path, capsys):
    """Named, with what makes one."""
    assert run_command(["predict", str(tmp_path / "nowhere"), "--replicas", "4"]) == 2
    assert "there is no run directory" in capsys.readouterr().err
