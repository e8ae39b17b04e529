"""The gateways as Envoy's files name them."""

import pytest

from scalelab.contracts.membership import Member
from scalelab.contracts.service_settings import BalancerSettings
from scalelab.stack.load_balancer.envoy.cluster import POLICIES, clusters, endpoints
from scalelab.stack.load_balancer.haproxy.configuration import ALGORITHMS

STAYS, LEAVES = (Member(name=name, host="127.0.0.1", port=port) for name, port in (("stays", 1), ("leaves", 2)))


def settings(**fields):
    told = {
        "instance": "load_balancer-1",
        "stack_nonce": "nonce",
        "listen": "fd://1",
        "admin_listen": "fd://2",
        "engine": "envoy",
        "policy": "round_robin",
        "members": (),
        "control_socket": "/run/control.sock",
        "runtime_dir": "/run/lb",
        "health_interval_s": 1.0,
        "health_fall": 3,
        "health_rise": 2,
        "connect_timeout_s": 1.0,
        "response_timeout_s": 20.0,
        "drain_timeout_s": 10.0,
        "graceful_timeout_s": 5.0,
        **fields,
    }
    return BalancerSettings.model_validate(told)


def test_who_leaves_is_drained_and_who_stays_is_not():
    """One file for both; the state is what tells them apart."""
    [assignment] = endpoints([STAYS], [LEAVES])["resources"]

    entries = [
        (entry["endpoint"]["hostname"], entry["health_status"])
        for entry in assignment["endpoints"][0]["lb_endpoints"]
    ]

    assert entries == [("stays", "HEALTHY"), ("leaves", "DRAINING")]


def test_checks_follow_the_settings_also_without_traffic():
    """A member that is down is asked four times a second at least; one bad answer is one bad answer."""
    [cluster] = clusters(settings(), "/run/lb/members.json")["resources"]

    [check] = cluster["health_checks"]

    assert (check["unhealthy_threshold"], check["healthy_threshold"]) == (3, 2)
    assert {check["interval"], check["no_traffic_interval"]} == {"1.000s"}
    assert check["unhealthy_interval"] == "0.250s"
    assert check["http_health_check"]["retriable_statuses"] == (
        {"start": 100, "end": 200},
        {"start": 201, "end": 600},
    )


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_of_haproxy_is_here(policy):
    """And by a name that Envoy registers: the message is the name in capitals."""
    [cluster] = clusters(settings(policy=policy), "/run/lb/members.json")["resources"]

    [chosen] = cluster["load_balancing_policy"]["policies"]
    extension = chosen["typed_extension_config"]

    assert set(POLICIES) == set(ALGORITHMS)
    assert extension["typed_config"]["@type"].endswith(
        f".{extension['name'].rpartition('.')[2].title().replace('_', '')}"
    )
