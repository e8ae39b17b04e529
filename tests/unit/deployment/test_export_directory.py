"""A directory is filled whole or not at all, and nobody's files are overwritten."""

import pytest

from scalelab.deployment.errors import ConfigurationError, UnfitMachineError
from scalelab.deployment.export_directory import filled_directory


def test_a_new_directory_gets_what_was_written(tmp_path):
    """And the draft is gone."""
    with filled_directory(tmp_path / "a" / "lab") as draft:
        (draft / "file").write_text("x", encoding="utf-8")

    assert (tmp_path / "a" / "lab" / "file").read_text(encoding="utf-8") == "x"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["lab"]


def test_an_empty_directory_will_do(tmp_path, monkeypatch):
    """The current one, too."""
    monkeypatch.chdir(tmp_path)

    with filled_directory(tmp_path.relative_to(tmp_path)) as draft:
        (draft / "file").touch()

    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_files_that_are_there_stay_as_they_are(tmp_path):
    """One line says what to do."""
    (tmp_path / "mine").touch()

    with pytest.raises(ConfigurationError, match="is not empty: name a new directory"), filled_directory(tmp_path):
        pytest.fail("nothing is to be written")

    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_file_is_no_directory(tmp_path):
    """Nor does it become one."""
    file = tmp_path / "file"
    file.touch()

    with pytest.raises(ConfigurationError, match="is not a directory"), filled_directory(file):
        pytest.fail("nothing is to be written")


def test_a_failure_leaves_nothing_half_written(tmp_path):
    """Whatever failed."""
    with pytest.raises(ZeroDivisionError), filled_directory(tmp_path / "lab") as draft:
        (draft / "file").write_text(str(1 / 0), encoding="utf-8")

    assert [path.name for path in tmp_path.rglob("*")] == ["lab"]


def test_a_path_through_a_file_is_told(tmp_path):
    """In one line."""
    (tmp_path / "file").touch()

    with pytest.raises(UnfitMachineError, match="cannot be written"), filled_directory(tmp_path / "file" / "lab"):
        pytest.fail("nothing is to be written")
