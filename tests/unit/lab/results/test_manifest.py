"""Where a run was made, and with what."""

import subprocess

from scalelab.lab.results.manifest import git_revision, package_versions, this_host


def test_this_machine_has_a_name_cores_and_memory():
    """What a reader needs to compare."""
    host = this_host()

    assert host.logical_cores >= 1
    assert host.memory_bytes > 0
    assert host.python.startswith("3.")


def test_run_time_packages_have_versions_and_extras_have_not():
    """The same list as pyproject.toml's dependencies."""
    versions = package_versions()

    assert {"scalelab", "locust", "pyjwt", "pydantic"} <= {name.lower() for name in versions}
    assert "pytest" not in versions


def test_outside_a_repository_there_is_no_revision(tmp_path):
    """None, not an error."""
    assert git_revision(tmp_path) is None


def test_a_changed_file_marks_the_revision(tmp_path):
    """The commit alone would not say what ran."""

    def git(*arguments):
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", "-C", tmp_path, *identity, *arguments], check=True, capture_output=True)

    git("init")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-m", "one")
    clean = git_revision(tmp_path)
    (tmp_path / "file").write_text("2")

    assert len(clean) == 40
    assert git_revision(tmp_path) == f"{clean}+changes"
