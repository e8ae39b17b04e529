"""A made-up `docker`."""

import os

import pytest


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a program of a few lines on PATH, and nothing else of its name."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin{os.pathsep}/usr/bin")

    def make(name, script):
        file = tmp_path / name
        file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        file.chmod(0o755)

    return make
