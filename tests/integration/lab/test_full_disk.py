"""Results on a disk that is full: told in one line, nothing left running, and what there was room for can be read."""

import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]
SCALELAB = str(Path(sys.executable).with_name("scalelab"))
QUICK = """
schema = 1
name = "tiny"
[topology.database]
records = 2000
delay = { kind = "constant", mean_s = 0.01 }
[load]
driver = "closed_loop"
users = 10
spawn_rate_per_s = 10
duration_s = 4.0
settle_s = 0.5
think_time_min_s = 0.1
think_time_max_s = 0.2
[warm_up]
duration_s = 0.0
[factors]
gateways = [1]
cache = ["miss"]
"""


@pytest.fixture
def small_disk(tmp_path):
    """`small_disk(kib)` is a directory on a file system of that size."""
    mounted = []

    def mount(kib):
        place = tmp_path / "disk"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(place)]
        if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("a small file system needs root and the right to mount")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def home():
    """A short path: sockets stand in it."""
    with tempfile.TemporaryDirectory(prefix="fd", dir="/tmp") as place:
        yield Path(place)


def run(*arguments, home):
    environment = {**os.environ, "SCALELAB_HOME": str(home)}
    return subprocess.run(
        [SCALELAB, *map(str, arguments)], capture_output=True, text=True, check=False, env=environment, timeout=100
    )


def test_a_result_of_a_load_that_cannot_be_written_is_still_shown(small_disk, gateway, home):
    """The table is on the terminal; one line says which file, and why; the old file is whole."""
    place = small_disk(64)
    result = place / "result.json"
    result.write_text("{}")
    with suppress(OSError), (place / "filling").open("wb", buffering=0) as filling:
        while filling.write(b"x" * 1024):
            pass

    ran = run("load", f"{gateway.url}/metrics", "--rate", 20, "--duration", 1, "--json", result, home=home)

    assert ran.returncode == 1
    assert "requests" in ran.stdout or "offered" in ran.stdout
    assert ran.stderr.strip().splitlines()[-1].endswith(f"cannot write {result}: No space left on device")
    assert result.read_text() == "{}"


@pytest.mark.parametrize("kib", [8, 40])
def test_a_run_on_a_full_disk_ends_with_a_line_and_leaves_nothing(small_disk, kib, home, tmp_path):
    """Whether there is no room at all, or for the beginning only."""
    place = small_disk(kib)
    experiment = tmp_path / "tiny.toml"
    experiment.write_text(QUICK)

    ran = run("run", experiment, "--results", place / "results", home=home)

    told = ran.stderr.strip().splitlines()
    assert ran.returncode in {1, 2, 3}
    assert any("No space left on device" in line or "no space is left" in line for line in told), ran.stderr
    assert "Traceback" not in ran.stderr
    assert run("status", home=home).returncode == 1
