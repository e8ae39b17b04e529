"""The whole laboratory while records change: three gateways, Valkey, SQLite, a worker. Nothing wrong is found."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from scalelab.lab.results.reading import read_run

pytestmark = pytest.mark.integration


@pytest.fixture
def home():
    """State of its own; short, because Unix sockets stand in it."""
    directory = Path(tempfile.mkdtemp(prefix="slab-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


def test_a_right_system_has_no_wrong_answers(home, tmp_path):
    """Reads, writes and tasks at once, with entries that end during the load: no defect, and each task done once."""
    command = [sys.executable, "-m", "scalelab.cli.main", "run", "correctness", "--quick", "--results", str(tmp_path)]

    finished = subprocess.run(
        [*command, "--set", "load.users=30", "--set", "api_gateway.cache_ttl_s=2"],
        env={**os.environ, "SCALELAB_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )

    assert finished.returncode in (0, 3), finished.stdout + finished.stderr  # a busy machine may not be steady
    (record,) = read_run(tmp_path / "latest").records
    completed = {route.route: route.completed for route in record.routes}
    assert set(completed) == {"/data", "/process", "PUT /data", "POST /longtask"}
    assert min(completed.values()) > 0
    assert record.cache.hits > 0
    assert record.defects == {}
    assert record.started_quiet
    assert record.tasks.handed_in == record.tasks.executed > 0
