"""What an engine does not offer of the care for gateways."""

import pytest
from pydantic import ValidationError

from scalelab.contracts.member_care import CARE_NOT_OFFERED, MemberCare, care_not_offered
from scalelab.contracts.topology import LoadBalancer


def test_nothing_is_refused_that_nobody_asked_for():
    """The defaults are offered everywhere."""
    assert {care_not_offered(engine, MemberCare()) for engine in (*CARE_NOT_OFFERED, "python")} == {""}


@pytest.mark.parametrize(("name", "value"), [("ejection_failures", 5), ("panic_share", 0.5)])
def test_what_haproxy_cannot_do_is_refused_in_one_line(name, value):
    """It names setting, value and reason, and what to change; the Python engine takes it."""
    with pytest.raises(
        ValidationError, match=f"{name} = {value:g} is not offered by engine = 'haproxy': .*'envoy' or 'python'"
    ):
        LoadBalancer(**{name: value})

    assert getattr(LoadBalancer(engine="python", **{name: value}), name) == value


def test_what_haproxy_can_do_is_taken():
    """Slow start, weights, the age of connections."""
    LoadBalancer(slow_start_s=10, weights=(3, 1), max_connection_age_s=60)


def test_every_refused_setting_exists():
    """A misspelt one would refuse nothing."""
    assert {name for refused in CARE_NOT_OFFERED.values() for name in refused} <= set(MemberCare.model_fields)
