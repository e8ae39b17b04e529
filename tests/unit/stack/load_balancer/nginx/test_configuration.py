"""What nginx's file says of members, policies and itself. That nginx takes it, the engines' suite shows."""

import pytest

from scalelab.contracts.membership import Member
from scalelab.contracts.service_settings import BalancerSettings
from scalelab.stack.load_balancer.haproxy.configuration import ALGORITHMS
from scalelab.stack.load_balancer.nginx.configuration import POLICIES, Machine, nginx_configuration

MACHINE = Machine("127.0.0.1:1", "127.0.0.1:2", "/srv/it's.js", "", connections=100, workers=2)
FIRST = Member(name="api_gateway-1", host="127.0.0.1", port=7001, weight=3)
SECOND = Member(name="api_gateway-2", host="::1", port=7002)


def written(members=None, **fields):
    told = {
        "instance": "load_balancer-1",
        "stack_nonce": "nonce",
        "listen": "fd://1",
        "admin_listen": "fd://2",
        "engine": "nginx",
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
    return nginx_configuration(BalancerSettings.model_validate(told), MACHINE, members or {})


def test_members_have_their_weight_and_who_is_down_gets_nothing():
    """And none is left out for its errors, which nginx would do after one unless told."""
    text = written({FIRST: True, SECOND: False})

    assert "server 127.0.0.1:7001 weight=3 max_fails=0;\n" in text
    assert "server [::1]:7002 weight=1 max_fails=0 down;\n" in text


def test_without_members_every_request_is_503():
    """A group without servers is no group to nginx."""
    text = written()

    assert "upstream gateways" not in text
    assert "return 503;" in text


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_of_haproxy_is_here(policy):
    """In the group of the gateways."""
    text = written({FIRST: True}, policy=policy)

    assert set(POLICIES) == set(ALGORITHMS)
    assert "\n".join(("upstream gateways {", "zone gateways 256k;", *POLICIES[policy], "server 127")) in text


@pytest.mark.parametrize(
    ("ratio", "shares"),
    [(0.0, "* 0;"), (1.0, "* 1;"), (0.25, "25.00% 1; * 0;"), (0.000001, "* 0;"), (0.0001, "0.01% 1; * 0;")],
)
def test_the_share_of_requests_that_are_logged(ratio, shares):
    """Neither 0 % nor 100 % is a share to nginx."""
    assert f"$is_sampled {{ {shares} }}" in written(access_sample_ratio=ratio)


def test_a_path_is_one_word():
    """Whatever is in it."""
    assert "js_import balancer from '/srv/it\\'s.js';" in written()
