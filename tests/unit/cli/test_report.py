"""The verb `report`: exit codes and what is printed."""

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
