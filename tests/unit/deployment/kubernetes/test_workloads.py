"""What makes pods, and the names that lead to them."""

import pytest

from scalelab.contracts.topology import Topology
from scalelab.deployment.kubernetes.workloads import balancer_port


def kinds(stack):
    return {name: found["kind"] for name, found in stack.workloads.items()}


def test_what_keeps_data_is_a_stateful_set_with_a_claim(objects):
    """All else is a Deployment."""
    stack = objects({"database": {"url": "postgresql:"}})

    assert {name for name, kind in kinds(stack).items() if kind == "StatefulSet"} == {"cache", "postgresql"}
    assert {name for name, kind in kinds(stack).items() if kind == "Deployment"} == {
        "load-balancer", "api-gateway", "microservice", "worker", "database",
    }  # fmt: skip
    for name in ("cache", "postgresql"):
        (claim,) = stack.workloads[name]["spec"]["volumeClaimTemplates"]
        assert claim["spec"]["resources"]["requests"]["storage"].endswith("Gi")


def test_a_file_of_records_is_kept_too(objects):
    """And nobody else opens it meanwhile."""
    stack = objects({})

    assert kinds(stack)["database"] == "StatefulSet"
    assert stack.workloads["database"]["spec"]["replicas"] == 1


def test_a_deployment_is_replaced_without_a_gap(objects):
    """A new pod is ready before an old one goes."""
    for name, found in objects({}).workloads.items():
        if found["kind"] == "Deployment":
            assert found["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}, name


def test_replicas_are_those_of_the_topology(objects):
    """Of gateways and workers."""
    found = objects({"api_gateway": {"replicas": 3}, "worker": {"replicas": 2}}).workloads

    assert (found["api-gateway"]["spec"]["replicas"], found["worker"]["spec"]["replicas"]) == (3, 2)


@pytest.mark.parametrize("url", ["sqlite:", "postgresql:"])
def test_selectors_meet_the_labels_of_one_workloads_pods(objects, url):
    """Of Services, of workloads themselves, of budgets; and each named port is there."""
    stack = objects({"database": {"url": url}})
    templates = {name: found["spec"]["template"] for name, found in stack.workloads.items()}

    for name, found in stack.workloads.items():
        wanted = found["spec"]["selector"]["matchLabels"]
        assert wanted.items() <= templates[name]["metadata"]["labels"].items(), name
    for name, service in stack.of("Service").items():
        met = [
            at for at, template in templates.items()
            if service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
        ]  # fmt: skip
        ports = {port["name"] for port in templates[name]["spec"]["containers"][0]["ports"]}
        assert met == [name]
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


def test_the_gateways_name_is_that_of_each_of_them(objects):
    """The balancer chooses, so that its policy holds; a headless Service also governs each StatefulSet."""
    stack = objects({})
    headless = {name for name, found in stack.of("Service").items() if found["spec"].get("clusterIP") == "None"}

    governing = {found["spec"]["serviceName"] for found in stack.of("StatefulSet").values()}
    assert headless == {"api-gateway"} | governing


def test_no_service_leads_to_an_admin_port(objects):
    """Metrics and what authorises changes are for nobody else."""
    ports = [port for found in objects({}).of("Service").values() for port in found["spec"]["ports"]]

    assert {port["targetPort"] for port in ports} == {"traffic"}


def test_nothing_is_open_to_outside_by_itself(objects):
    """No node port, no balancer of a provider: who wants one asks for it."""
    assert [found for found in objects({}).of("Service").values() if "type" in found["spec"]] == []


def test_the_balancers_port():
    """As the topology says, or that of HTTP."""
    asked = Topology.model_validate({"load_balancer": {"port": 8123}})

    assert (balancer_port(asked), balancer_port(Topology())) == (8123, 80)
