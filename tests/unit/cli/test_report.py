"""The verb `report`: exit codes and what is printed."""

import json

import pytest

from scalelab.cli.main import run_command


def report(*arguments):
    return run_command(["report", *map(str, arguments)])


def test_a_directory_that_is_not_there_is_a_usage_error(tmp_path, capsys):
    """Exit 2, one line that says what to do; nothing is written."""
    code = report(tmp_path / "nope", "--reports", tmp_path / "reports")

    assert code == 2
    assert "there is no run directory" in capsys.readouterr().err
    assert not (tmp_path / "reports").exists()


def test_an_empty_directory_is_not_valid(tmp_path, capsys):
    """Exit 3; what is missing and where the report is."""
    (tmp_path / "run").mkdir()

    code = report(tmp_path / "run", "--reports", tmp_path / "reports")

    assert code == 3
    told = capsys.readouterr().out
    assert "Missing: manifest.json is missing" in told
    assert str(tmp_path / "reports" / "summary.md") in told


@pytest.mark.parametrize("place", ["reports", "reports/below"])
def test_a_place_that_cannot_be_written_is_a_usage_error(tmp_path, capsys, place):
    """A file stands where the directory should be."""
    (tmp_path / "run").mkdir()
    (tmp_path / "reports").write_text("in the way")

    assert report(tmp_path / "run", "--reports", tmp_path / place) == 2
    assert "give another place with --reports" in capsys.readouterr().err


def test_json_is_the_report_for_programs(tmp_path, capsys):
    """One document and nothing else."""
    (tmp_path / "run").mkdir()

    assert report(tmp_path / "run", "--reports", tmp_path / "reports", "--json") == 3

    document = json.loads(capsys.readouterr().out)
    assert document["scenarios"] == []
    assert str(tmp_path / "reports" / "report.html") in document["files"]


def test_several_runs_have_a_report_each_and_an_index(tmp_path, capsys):
    """Two of one name are told apart; the gravest exit code counts."""
    for parent in ("a", "b"):
        (tmp_path / parent / "run").mkdir(parents=True)

    code = report(tmp_path / "a" / "run", tmp_path / "b" / "run", "--reports", tmp_path / "reports")

    assert code == 3
    assert (tmp_path / "reports" / "run-1" / "report.html").exists()
    assert (tmp_path / "reports" / "run-2" / "summary.md").exists()
    assert 'href="run-2/report.html"' in (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")
    assert str(tmp_path / "reports" / "index.html") in capsys.readouterr().out
