"""The wheel alone, as `pip install scalelab` brings it, in a directory in which there is nothing."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES = 2_000_000
SHORT = (
    "--set", "load.duration_s=2", "--set", "load.settle_s=0", "--set", "warm_up.duration_s=1",
    "--set", "load.users=10", "--set", "load.spawn_rate_per_s=10",
)  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def scalelab(wheel, tmp_path_factory):
    """The command of the installed wheel, in an empty directory; the environment's other packages stay."""
    place, empty = tmp_path_factory.mktemp("installed"), tmp_path_factory.mktemp("empty")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", place, wheel]
    subprocess.run(install, check=True, capture_output=True)
    environment = os.environ | {"PYTHONPATH": str(place), "SCALELAB_HOME": str(tmp_path_factory.mktemp("home"))}

    def run(*arguments, codes=(0,)):
        finished = subprocess.run(
            [sys.executable, "-P", "-m", "scalelab.cli.main", *map(str, arguments)],
            cwd=empty,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode in codes, finished.stdout + finished.stderr
        return finished.stdout

    where = subprocess.run(
        [sys.executable, "-P", "-c", "import scalelab; print(scalelab.__file__)"],
        cwd=empty, env=environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert where.startswith(str(place))
    return run


def files(folder, prefix):
    return {
        f"{prefix}/{file.relative_to(folder)}"
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def test_it_holds_every_file_of_the_package_and_the_lessons(wheel):
    """Pages, scripts and experiments too; no test, and it is small."""
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    wanted = files(ROOT / "src" / "scalelab", "scalelab") | files(ROOT / "experiments", "scalelab/experiments")
    beside = {"scalelab/deploy/compose.yaml", "scalelab/load_file/locustfile.py"}
    assert names == wanted | beside
    assert wheel.stat().st_size < MOST_BYTES


def test_it_runs_a_stack_an_experiment_and_a_report(scalelab):
    """From a directory in which there is nothing."""
    scalelab("up", "--detach")
    try:
        status = json.loads(scalelab("status", "--json"))
    finally:
        scalelab("down")
    assert status["ready"]

    told = scalelab(
        "run",
        "classic",
        "--quick",
        "--only",
        "results_1_gateway_hit",
        "--results",
        "r",
        "--json",
        *SHORT,
        codes=(0, 3, 4),
    )
    assert [scenario["failures"] for scenario in json.loads(told)["scenarios"]] == [0]
    said = scalelab("report", "r/latest", "--reports", "p", codes=(0, 3, 4))

    assert "summary.md" in said
    assert "report.html" in said
