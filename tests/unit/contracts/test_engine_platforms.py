"""Which balancers are refused on which systems."""

import pytest

from scalelab.contracts.engine_platforms import unfit_reason


@pytest.mark.parametrize("engine", ["haproxy", "envoy", "nginx", "python"])
def test_linux_has_them_all(engine):
    """Nothing is refused."""
    assert unfit_reason(engine, "linux") is None


@pytest.mark.parametrize("engine", ["envoy", "nginx"])
def test_elsewhere_the_reason_names_setting_system_and_choice(engine):
    """In one line."""
    reason = unfit_reason(engine, "darwin")

    assert reason.startswith(f"load_balancer.engine = '{engine}' works on Linux only, and this is darwin: ")
    assert reason.endswith("choose 'haproxy' or 'python'")
    assert "\n" not in reason


@pytest.mark.parametrize("engine", ["haproxy", "python"])
def test_elsewhere_two_are_left(engine):
    """One where its program is on PATH, the other everywhere."""
    assert unfit_reason(engine, "darwin") is None
