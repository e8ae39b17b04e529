"""A Swarm of two nodes on one machine: two engines in namespaces of their own, joined by a switch in a third one.

No namespace has a name: each lives as long as its process, and the kernel removes its links and mounts with it. So
nothing of them is left even of a test run that was killed.
"""

import contextlib
import random
import subprocess
import time
from pathlib import Path

from containers.engine import Engine

_LIMIT_S = 30.0
_MOST_RUNS = 200
_AS_NODE = ("unshare", "--net", "--mount", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"')


class TwoNodes:
    """A context manager: node 1 manages, node 2 works."""

    def __init__(self):
        self.switch = Switch()
        self.engines = {number: Engine((), (*_AS_NODE, f"node{number}")) for number in (1, 2)}
        self._running = contextlib.ExitStack()

    @property
    def manager(self):
        """The engine of node 1."""
        return self.engines[1]

    def __enter__(self):
        with contextlib.ExitStack() as starting:
            starting.enter_context(self.switch)
            for number, engine in self.engines.items():
                starting.enter_context(engine)
                self.switch.connect(number, engine.pid)
            self._join()
            self._running = starting.pop_all()
        return self

    def __exit__(self, *exception):
        return self._running.__exit__(*exception)

    def _join(self):
        address = self.switch.address(1)
        self.manager.run("swarm", "init", "--advertise-addr", address)
        token = self.manager.run("swarm", "join-token", "--quiet", "worker").strip()
        self.engines[2].run("swarm", "join", "--token", token, f"{address}:2377")


class Switch:
    """A context manager: a bridge in a network namespace of its own, with a cable to this machine.

    Nodes have no way out: what they look for elsewhere, such as a registry, is refused at once.
    """

    def __init__(self):
        self._process = None
        self._subnet = ""

    def __enter__(self):
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sleep", "infinity"], start_new_session=True
        )
        try:
            _await_namespace(self._process.pid)
            self._inside("link", "add", "br0", "type", "bridge")
            self._inside("link", "set", "br0", "up")
            self._connect_machine()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception):
        self._process.kill()
        self._process.wait()

    def _connect_machine(self):
        """By the first cable whose name nobody has: runs that go on at the same time have other addresses."""
        for number in random.sample(range(_MOST_RUNS), _MOST_RUNS):
            cable = f"slsw{number}"
            ends = ("type", "veth", "peer", "name", "machine", "netns", self._process.pid)
            if not _ip("link", "add", cable, *ends, check=False):
                self._subnet = f"10.214.{number}"
                self._inside("link", "set", "machine", "master", "br0", "up")
                _ip("address", "add", f"{self._subnet}.254/24", "dev", cable)
                _ip("link", "set", cable, "up")
                return
        raise RuntimeError("no cable to the switch can be laid")

    def address(self, number):
        """Of a node."""
        return f"{self._subnet}.{number}"

    def connect(self, number, pid):
        """Lay a cable to the namespace of a process."""
        _await_namespace(pid)
        self._inside("link", "add", f"node{number}", "type", "veth", "peer", "name", "eth0", "netns", pid)
        self._inside("link", "set", f"node{number}", "master", "br0", "up")
        _ip("address", "add", f"{self.address(number)}/24", "dev", "eth0", pid=pid)
        for link in ("lo", "eth0"):
            _ip("link", "set", link, "up", pid=pid)

    def cut(self, number):
        """Pull a node's cable."""
        self._inside("link", "set", f"node{number}", "down")

    def mend(self, number):
        """Plug it in again."""
        self._inside("link", "set", f"node{number}", "up")

    def _inside(self, *arguments):
        _ip(*arguments, pid=self._process.pid)


def _await_namespace(pid):
    """Until a process has left ours."""
    deadline_s = time.monotonic() + _LIMIT_S
    while Path(f"/proc/{pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink():
        assert time.monotonic() < deadline_s, f"process {pid} has no network namespace of its own"
        time.sleep(0.01)


def _ip(*arguments, pid=None, check=True):
    """One command of `ip`, here or where a process is; its exit code."""
    within = [] if pid is None else ["nsenter", f"--net=/proc/{pid}/ns/net"]
    finished = subprocess.run(
        [*within, "ip", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=_LIMIT_S
    )
    assert not check or finished.returncode == 0, (arguments, finished.stderr)
    return finished.returncode
