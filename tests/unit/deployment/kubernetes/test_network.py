"""Policies allow what the settings need, and nothing else."""

import json
from urllib.parse import urlsplit

import pytest

from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.layout import ContainerLayout
from scalelab.deployment.kubernetes.names import NAME_LABEL, gateways_host
from scalelab.deployment.kubernetes.network import outside_ports

URLS = ("sqlite:", "postgresql:", "postgresql://lab@store:6432/records")


def neighbours(rule, direction):
    return [other["podSelector"]["matchLabels"][NAME_LABEL] for other in rule.get(direction, [])]


def edges(policies, kind, direction):
    """(from, to, port) along the rules of one direction, without those that name nobody."""
    found = set()
    for name, policy in policies.items():
        for rule in policy["spec"].get(kind, []) if name != "default-deny" else []:
            for other in neighbours(rule, direction):
                for port in rule["ports"]:
                    pair = (other, name) if kind == "ingress" else (name, other)
                    found.add((*pair, port["port"]))
    return found


def asked_by_settings(topology):
    """(who asks, whom, port), from the addresses in what each service is told."""
    layout = ContainerLayout(topology, "nonce", "secret", "secret", gateways_host("lab"))
    found = set()
    for service, settings in layout.settings().items():
        document = json.loads(settings.model_dump_json())
        urls = [urlsplit(value) for key, value in document.items() if key.endswith("url")]
        default = {"postgresql": 5432}
        asked = {(url.hostname, url.port or default[url.scheme]) for url in urls if url.hostname}
        asked |= {(member["host"].partition(".")[0], member["port"]) for member in document.get("members", [])}
        found |= {(service.replace("_", "-"), host, port) for host, port in asked}
    return found


@pytest.mark.parametrize("url", ["sqlite:", "postgresql:"])
def test_the_edges_are_those_of_the_settings(objects, url):
    """Both ends of each are open, on the port of traffic."""
    stack = objects({"database": {"url": url}})
    policies = stack.of("NetworkPolicy")

    assert edges(policies, "egress", "to") == asked_by_settings(stack.topology)
    assert edges(policies, "ingress", "from") == asked_by_settings(stack.topology)


def test_by_default_nothing_is_allowed_but_to_ask_for_names(objects):
    """For every pod of the namespace, in both directions."""
    policy = objects({}).of("NetworkPolicy")["default-deny"]["spec"]

    assert (policy["podSelector"], policy["policyTypes"]) == ({}, ["Ingress", "Egress"])
    assert "ingress" not in policy
    (rule,) = policy["egress"]
    assert {(port["protocol"], port["port"]) for port in rule["ports"]} == {("UDP", 53), ("TCP", 53)}
    assert "namespaceSelector" in rule["to"][0]


@pytest.mark.parametrize("url", URLS)
def test_only_the_balancer_takes_anybody_and_only_on_the_port_of_traffic(objects, url):
    """A rule without `from` is one for the whole world."""
    policies = objects({"database": {"url": url}}).of("NetworkPolicy")

    open_to_all = [
        (name, port["port"])
        for name, policy in policies.items()
        for rule in policy["spec"].get("ingress", [])
        if "from" not in rule
        for port in rule["ports"]
    ]

    assert open_to_all == [("load-balancer", 8080)]


@pytest.mark.parametrize("url", URLS)
def test_nobody_reaches_an_admin_port(objects, url):
    """Not even from within the namespace."""
    policies = objects({"database": {"url": url}}).of("NetworkPolicy")

    ports = {
        port["port"]
        for policy in policies.values()
        for kind in ("ingress", "egress")
        for rule in policy["spec"].get(kind, [])
        for port in rule["ports"]
    }
    assert 8081 not in ports


def test_servers_that_the_topology_names_are_reached_by_port():
    """Wherever they are: a policy knows no names."""
    topology = Topology.model_validate(
        {
            "database": {"url": "postgresql://lab@store:6432/records"},
            "upstreams": {"a": {"url": "http://origin:8000"}, "b": {"url": "http://other"}},
            "routes": [{"path": "/a/", "upstream": "a"}, {"path": "/b/", "upstream": "b"}],
        }
    )

    assert outside_ports("database", topology) == (6432,)
    assert outside_ports("api_gateway", topology) == (80, 8000)
    assert outside_ports("worker", topology) == ()
    assert outside_ports("database", Topology()) == ()


def test_the_way_to_a_server_outside_is_open_only_for_who_asks_it(objects):
    """A rule without `to` leads anywhere."""
    policies = objects({"database": {"url": "postgresql://lab@store/records"}}).of("NetworkPolicy")

    leads_anywhere = [
        (name, port["port"])
        for name, policy in policies.items()
        for rule in policy["spec"].get("egress", [])
        if "to" not in rule
        for port in rule["ports"]
    ]

    assert leads_anywhere == [("database", 5432)]
