"""The files of an export: the same for the same topology, whole, without a secret."""

import pytest

from scalelab.contracts.topology import Topology
from scalelab.deployment.kubernetes.manifests import manifests
from scalelab.deployment.yaml_text import yaml_text


def test_the_same_topology_gives_the_same_files(objects):
    """To the letter: a diff of two exports shows what changed."""
    texts = [
        {path: yaml_text(documents) for path, documents in manifests(Topology(), "lab", {}).items()} for _ in range(2)
    ]

    assert texts[0] == texts[1]


def test_the_base_names_each_of_its_files(objects):
    """None is forgotten."""
    files = objects({}).files
    (base,) = files["base/kustomization.yaml"]

    assert {f"base/{name}" for name in base["resources"]} | {"base/kustomization.yaml"} == {
        path for path in files if path.startswith("base/")
    }


def test_no_object_is_a_secret(objects):
    """They are made from files, when they are applied."""
    assert objects({"database": {"url": "postgresql:"}}).of("Secret") == {}


@pytest.mark.parametrize("url", ["postgresql:", "postgresql://lab:given@store/records"])
def test_no_manifest_holds_a_password(objects, url):
    """Not even one of the topology."""
    texts = [yaml_text(documents) for documents in objects({"database": {"url": url}}).files.values()]

    assert [text for text in texts if "given" in text] == []


def test_the_namespace_takes_only_pods_without_rights(objects):
    """And it is the stack's own."""
    (namespace,) = objects({}).of("Namespace").values()

    assert namespace["metadata"]["name"] == "lab"
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_no_two_objects_share_kind_and_name(objects):
    """Patches apart, which are meant to."""
    stack = objects({"database": {"url": "postgresql:"}})
    named = [
        (found["kind"], found["metadata"]["name"])
        for path, documents in stack.files.items()
        if "/anti-affinity/" not in path
        for found in documents
        if isinstance(found, dict) and "metadata" in found
    ]

    assert len(named) == len(set(named))
