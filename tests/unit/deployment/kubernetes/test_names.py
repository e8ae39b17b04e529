"""Names that a cluster takes."""

import re

from scalelab.contracts.topology import Topology
from scalelab.deployment.kubernetes.names import gateways_host, labels, object_name, parts_of


def test_names_are_those_of_dns():
    """RFC 1123 knows no underscore."""
    names = [object_name(part) for part in parts_of(Topology())]

    assert "api-gateway" in names
    assert [name for name in names if not re.fullmatch(r"[a-z][a-z-]*[a-z]", name)] == []


def test_the_gateways_name_is_whole():
    """HAProxy completes no names."""
    assert gateways_host("lab") == "api-gateway.lab.svc.cluster.local"


def test_a_database_server_runs_only_when_it_is_asked_for():
    """As in containers."""
    asked = Topology.model_validate({"database": {"url": "postgresql:"}})

    assert "postgresql" in parts_of(asked)
    assert "postgresql" not in parts_of(Topology())


def test_labels_say_what_it_is_and_to_what_it_belongs():
    """As Kubernetes recommends."""
    assert labels("api_gateway") == {
        "app.kubernetes.io/name": "api-gateway",
        "app.kubernetes.io/part-of": "scalelab",
    }
