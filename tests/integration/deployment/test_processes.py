"""Children of a supervisor that is killed, without any service: small programs of the system's own."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from scalelab.deployment.processes import Spawner

pytestmark = pytest.mark.integration

SUPERVISOR = """
import sys, time
from pathlib import Path
from scalelab.deployment.processes import Spawner
spawner = Spawner()
child = spawner.spawn(
    ["/bin/sh", "-c", sys.argv[2]], environment={}, log_file=Path(sys.argv[1]) / "log", working_directory=Path("/")
)
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize(
    "program",
    ["sleep 600 & sleep 600", "trap '' TERM; sleep 600 & while :; do sleep 1; done"],
    ids=["obedient", "deaf to SIGTERM"],
)
def test_group_ends_with_a_killed_supervisor(tmp_path, eventually, program):
    """Children and grandchildren, also those that ignore SIGTERM."""
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(tmp_path), program], stdout=subprocess.PIPE, text=True
    )
    assert supervisor.stdout is not None
    group = int(supervisor.stdout.readline())
    assert eventually(lambda: len(members_of(group)) >= 2, 10.0)

    supervisor.send_signal(signal.SIGKILL)
    supervisor.communicate()

    assert eventually(lambda: not members_of(group), 10.0), members_of(group)


def test_program_that_cannot_be_started_says_so_in_its_log(tmp_path):
    """The launcher's last words."""
    spawner = Spawner()
    child = spawner.spawn(
        ["/nowhere/program"], environment={}, log_file=tmp_path / "log", working_directory=Path("/")
    )
    has_ended = child.wait(time.monotonic() + 10.0)
    spawner.close()

    assert has_ended
    assert child.exit_code == 1
    assert (tmp_path / "log").read_text() == "/nowhere/program cannot be started: No such file or directory\n"


def members_of(group):
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and group == _group_of(process.pid):
                found.append(process)
        except psutil.Error:
            continue
    return found


def _group_of(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[2])
    except OSError:
        return None
