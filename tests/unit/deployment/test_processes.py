import os
import resource
import subprocess
import sys

import pytest

from scalelab.deployment.processes import ProcessMark, describe_exit, mark_of, raise_descriptor_limit


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "exit code 0"), (3, "exit code 3"), (-9, "killed by SIGKILL"), (-200, "killed by signal 200")],
)
def test_exit_code_in_words(code, words):
    """Negative codes are signals."""
    assert describe_exit(code) == words


def test_mark_is_of_one_process_only():
    """The same id with another start is another process."""
    mine = mark_of(os.getpid())

    assert mine.is_alive
    assert not ProcessMark(mine.pid, "another start").is_alive
    assert not ProcessMark(mine.pid, "").is_alive


@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_a_zombie_is_not_alive(monkeypatch, system):
    """Its parent has not asked for its end yet; told by /proc, elsewhere by `ps`."""
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", "input()"], stdin=subprocess.PIPE)
    monkeypatch.setattr(sys, "platform", system)
    mark = mark_of(process.pid)
    before = mark.is_alive

    process.stdin.close()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    after = mark.is_alive
    process.wait()

    assert (before, after) == (True, False)


@pytest.mark.parametrize(
    ("soft", "hard", "most", "raised"),
    [
        (1024, 500_000, 500_000, [65_536]),
        (1024, 4096, 4096, [4096]),
        (100_000, 500_000, 500_000, []),
        (256, resource.RLIM_INFINITY, 10_240, [10_240]),
        (20_000, resource.RLIM_INFINITY, 10_240, []),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 10_240, []),
    ],
    ids=["Linux", "a low hard limit", "high already", "macOS", "macOS, high already", "infinite"],
)
def test_as_many_files_as_the_system_allows(monkeypatch, soft, hard, most, raised):
    """macOS refuses more than OPEN_MAX, however infinite its hard limit; nothing is ever lowered."""
    taken = []

    def set_limit(_, limits):
        if limits[0] > most:
            raise ValueError("current limit exceeds maximum limit")
        taken.append(limits[0])

    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", set_limit)

    raise_descriptor_limit()

    assert taken == raised
