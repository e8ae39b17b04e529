"""What Envoy says of its hosts, from answers as version 1.40 gives them."""

import json

import pytest

from scalelab.stack.load_balancer.envoy.host_states import HostState, host_states


def answer(health, *, active=None):
    stats = [{"name": "rq_total", "value": "7"}, {"type": "GAUGE", "name": "rq_active"}]
    if active is not None:
        stats[1]["value"] = active
    host = {
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 9}},
        "stats": stats,
        "health_status": health,
    }
    return json.dumps({"cluster_statuses": [{"name": "admin"}, {"name": "gateways", "host_statuses": [host]}]})


@pytest.mark.parametrize(
    ("health", "status"),
    [
        ({"eds_health_status": "HEALTHY"}, "up"),
        ({"eds_health_status": "HEALTHY", "failed_active_health_check": True}, "down"),
        ({"eds_health_status": "HEALTHY", "pending_active_hc": True}, "down"),
        ({"eds_health_status": "DRAINING"}, "draining"),
        ({"eds_health_status": "DRAINING", "failed_active_health_check": True}, "draining"),
    ],
)
def test_states(health, status):
    """Up is only who has nothing said against it."""
    assert host_states(answer(health)) == {("127.0.0.1", 9): HostState(status, 0)}


def test_requests_in_hand():
    """A gauge that is 0 has no value."""
    [state] = host_states(answer({"eds_health_status": "HEALTHY"}, active="3")).values()

    assert state.requests == 3


def test_nobody_is_there_yet():
    """Before the file of the members has been read, and before the cluster is there."""
    assert host_states('{"cluster_statuses": [{"name": "gateways"}]}') == host_states("{}") == {}
