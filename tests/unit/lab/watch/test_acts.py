import pytest
from pydantic import ValidationError

from scalelab.lab.watch.acts import ACTS


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "reboot"},
        {"kind": "kill", "target": "../etc"},
        {"kind": "kill", "target": "database-1", "duration_s": 5},
        {"kind": "freeze", "target": "database-1"},
        {"kind": "freeze", "target": "database-1", "duration_s": 1e9},
        {"kind": "scale", "service": "database", "replicas": 2},
        {"kind": "scale", "service": "worker", "replicas": 0},
        {"kind": "change", "setting": "accounts.load_pool_size", "value": 1},
        {"kind": "change", "setting": "api_gateway.cache_ttl_s", "value": -1},
        {"kind": "policy", "policy": "best"},
        {"kind": "start_load", "rate_per_s": 0, "duration_s": 5},
        {"kind": "start_load", "rate_per_s": 10, "duration_s": float("inf")},
    ],
)
def test_what_is_no_act_is_refused(document):
    """Every bound is checked before anything is done."""
    with pytest.raises(ValidationError):
        ACTS.validate_python(document)


def test_an_act_says_what_it_does():
    """For the time axis."""
    act = ACTS.validate_python({"kind": "start_load", "rate_per_s": 100, "duration_s": 60})

    assert str(act) == "load of 100 requests/s for 60 s"
