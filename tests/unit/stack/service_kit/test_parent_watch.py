"""A process whose parent has gone before it could ask the kernel for the signal ends at once."""

import os
import subprocess
import sys

import pytest

from scalelab.stack.service_kit import parent_watch

_PROGRAM = """
import sys
from scalelab.stack.service_kit.parent_watch import die_with_parent
die_with_parent(int(sys.argv[1]))
print("alive")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
@pytest.mark.parametrize(("is_parent_there", "output", "code"), [(True, "alive\n", 0), (False, "", 1)])
def test_only_a_child_of_the_named_parent_goes_on(is_parent_there, output, code):
    """With another parent than the one before the fork, nothing more is done."""
    parent = os.getpid() if is_parent_there else os.getpid() + 1

    finished = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(parent)], capture_output=True, text=True, check=False
    )

    assert (finished.stdout, finished.returncode) == (output, code)


def test_another_kernel_is_not_asked(monkeypatch):
    """There the deployment's reaper ends whoever is left; the parent's id is not looked at."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(parent_watch.ctypes, "CDLL", None)  # whoever called it would fail

    parent_watch.die_with_parent(os.getpid())
