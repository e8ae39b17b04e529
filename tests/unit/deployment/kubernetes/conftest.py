"""A stack's objects, by kind and name, as the tests of manifests look at them."""

import pytest

from scalelab.contracts.topology import Topology
from scalelab.deployment.kubernetes.manifests import manifests

IMAGES = {"scalelab": "scalelab:latest", "haproxy": "haproxy:2.8-alpine", "valkey": "valkey/valkey:9-alpine"}


class Objects:
    """All objects of the base and of the production overlay."""

    def __init__(self, document):
        self.topology = Topology.model_validate(document)
        self.files = manifests(self.topology, "lab", IMAGES)
        self.all = [
            document
            for documents in self.files.values()
            for document in documents
            if isinstance(document, dict) and document["kind"] != "Kustomization"
        ]

    def of(self, *kinds):
        """By name."""
        return {found["metadata"]["name"]: found for found in self.all if found["kind"] in kinds}

    @property
    def pods(self):
        """The pods' specifications, by the name of what makes them; patches have no containers."""
        specs = {name: found["spec"]["template"] for name, found in self.workloads.items()}
        return {name: template["spec"] for name, template in specs.items()}

    @property
    def workloads(self):
        """What makes pods."""
        return {
            name: found
            for path, documents in self.files.items()
            if path.startswith("base/")
            for found in documents
            for name in [found.get("metadata", {}).get("name")]
            if found["kind"] in ("Deployment", "StatefulSet")
        }


@pytest.fixture
def objects():
    """Of a topology that is given as a document."""
    return Objects
