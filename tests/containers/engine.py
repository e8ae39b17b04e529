"""Docker engines of the tests' own: own directory and socket, no rule in this machine's firewall, gone afterwards."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

START_LIMIT_S = 60.0
STOP_LIMIT_S = 60.0
_ADDRESSES = "base=10.213.0.0/16,size=24"
_ON_THIS_MACHINE = (
    "--bridge=none",
    "--iptables=false",
    "--ip-masq=false",
    "--ip-forward=false",
    f"--default-address-pool={_ADDRESSES}",
)
_NEEDED = {"dockerd": "docker.io", "docker": "docker.io", "debootstrap": "debootstrap", "ip": "iproute2"}


def lacking():
    """Why no engine can be started here; empty when one can."""
    if os.getuid() != 0:
        return "containers need root"
    missing = [f"{program} (Debian's {package})" for program, package in _NEEDED.items() if not shutil.which(program)]
    if compose_program() is None:
        missing.append("docker-compose (tests/containers/requirements.txt)")
    return f"not installed: {', '.join(missing)}" if missing else ""


def compose_program():
    """The Compose binary that was installed into this environment; None when there is none."""
    program = Path(sys.executable).with_name("docker-compose")
    return program if program.exists() else None


class Engine:
    """A context manager. Its containers end with it, whatever happens to the tests.

    Args:
        options: of `dockerd`, about its network.
        within: a command that runs it in other namespaces than this machine's.
    """

    def __init__(self, options=_ON_THIS_MACHINE, within=()):
        self.directory = Path(tempfile.mkdtemp(prefix="sld"))
        self.socket = self.directory / "docker.sock"
        plugins = self.directory / "config" / "cli-plugins"
        plugins.mkdir(parents=True)
        (plugins / "docker-compose").symlink_to(compose_program())
        self.environment = {
            **os.environ,
            "DOCKER_HOST": f"unix://{self.socket}",
            "DOCKER_CONFIG": str(plugins.parent),
            "DOCKER_BUILDKIT": "0",
        }
        self._command = [
            "setpriv", "--pdeathsig", "TERM", *within,
            "dockerd", "--data-root", self.directory / "data", "--exec-root", self.directory / "exec",
            "--pidfile", self.directory / "pid", "--host", self.environment["DOCKER_HOST"], *options,
        ]  # fmt: skip
        self._process = None

    def __enter__(self):
        with (self.directory / "log").open("wb") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, start_new_session=True)
        deadline_s = time.monotonic() + START_LIMIT_S
        while subprocess.run(
            ["docker", "version"], env=self.environment, capture_output=True, check=False
        ).returncode:
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                words = (self.directory / "log").read_text(errors="replace").splitlines()[-3:]
                self.__exit__()
                raise RuntimeError(f"dockerd does not start: {words}")
            time.sleep(0.2)
        return self

    @property
    def pid(self):
        """Of `dockerd`."""
        return self._process.pid

    def __exit__(self, *_exception):
        """On SIGTERM an engine ends its containers first."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def run(self, *arguments, limit_s=120.0, check=True, **options):
        """One command of Docker's; what it printed."""
        finished = subprocess.run(
            ["docker", *map(str, arguments)], env=self.environment, capture_output=True, text=True,
            check=False, timeout=limit_s, **options,
        )  # fmt: skip
        assert not check or finished.returncode == 0, finished.stderr[-3000:]
        return finished.stdout

    def logs(self, container):
        """All that a container has said, on either stream."""
        return self._said("logs", container)

    def service_logs(self, service):
        """Of all containers of a Swarm's service; each line begins with its time."""
        return self._said("service", "logs", "--timestamps", "--no-trunc", "--no-task-ids", service)

    def _said(self, *arguments):
        finished = subprocess.run(
            ["docker", *arguments], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=True,
        )  # fmt: skip
        return finished.stdout
