"""All files of an export but the secret ones, as data. Pure: the same topology gives the same files."""

from collections.abc import Mapping

from scalelab.contracts.topology import Topology
from scalelab.deployment.kubernetes.names import Document, object_name, parts_of
from scalelab.deployment.kubernetes.network import network_policies
from scalelab.deployment.kubernetes.overlays import (
    kustomization,
    local_overlay,
    production_overlay,
    secrets_kustomization,
)
from scalelab.deployment.kubernetes.workloads import objects_of

Files = dict[str, list[object]]
"""The documents of each file, by its path."""


def manifests(topology: Topology, namespace: str, images: Mapping[str, str]) -> Files:
    """The files of base, secrets and both overlays.

    Args:
        topology: of the stack; one that `demand_kubernetes_offers` lets pass.
        namespace: that it gets for itself.
        images: to run, by the name of the image in the base.
    """
    return {
        **_below("base", _base(topology, namespace)),
        "secrets/kustomization.yaml": [secrets_kustomization(topology)],
        **_below("overlays/local", local_overlay(namespace, images)),
        **_below("overlays/production", production_overlay(topology, namespace, images)),
    }


def _base(topology: Topology, namespace: str) -> Files:
    files: Files = {"namespace.yaml": [_namespace(namespace)]}
    for part in parts_of(topology):
        files[f"{object_name(part)}.yaml"] = [*objects_of(part, topology)]
    files["network-policies.yaml"] = [*network_policies(topology)]
    return {"kustomization.yaml": [kustomization(resources=list(files))], **files}


def _namespace(name: str) -> Document:
    """One that takes only pods without rights."""
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": levels}}


def _below(folder: str, files: Files) -> Files:
    return {f"{folder}/{path}": documents for path, documents in files.items()}
