"""Writes a stack as manifests: the shell around what is pure. Asks no cluster anything."""

import re
from collections.abc import Mapping
from pathlib import Path

from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.files import new_password, write_told
from scalelab.deployment.containers.layout import ContainerLayout
from scalelab.deployment.credentials import generate_credentials
from scalelab.deployment.errors import ConfigurationError
from scalelab.deployment.export_directory import Access, filled_directory, write_access
from scalelab.deployment.kubernetes.manifests import manifests
from scalelab.deployment.kubernetes.names import gateways_host, parts_of
from scalelab.deployment.kubernetes.programs import program_of
from scalelab.deployment.offers import demand_kubernetes_offers
from scalelab.deployment.state_directory import StackDirectory
from scalelab.deployment.yaml_text import yaml_text

_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""RFC 1123, as a cluster demands it."""
_HEADING = "Written by `scalelab export kubernetes`."
_HEADINGS = {
    "secrets/kustomization.yaml": """
Made anew by each export. Files of their owner only: keep them out of a repository.
For Secrets that something else manages, take this folder out of the overlay's resources and make Secrets of these
names with these keys; the settings and the configurations in them must stay those of one export.""",
    "overlays/local/kustomization.yaml": """
For a cluster on a desk: one pod of each part, asking for little.""",
    "overlays/production/kustomization.yaml": """
Before you apply it: push the image `scalelab` to a registry of yours and name it below. The cluster needs a metrics
server for the autoscaler, and a network plugin that enforces NetworkPolicies. The balancer speaks plain HTTP, inside
the cluster only: put what ends TLS in front of its Service. Secrets of your own: see secrets/kustomization.yaml.""",
}


def export_kubernetes(topology: Topology, folder: Path, namespace: str, images: Mapping[str, str]) -> None:
    """Fill a directory that stands alone: base, secrets, and the overlays local and production.

    Args:
        topology: of the stack.
        folder: a new or an empty one.
        namespace: that the stack gets for itself in the cluster.
        images: by part of the stack.

    Raises:
        ConfigurationError, UnfitMachineError, StartError: nothing was written.
    """
    demand_kubernetes_offers(topology)
    if not _NAMESPACE.fullmatch(namespace):
        raise ConfigurationError(
            f"--namespace {namespace!r} is no name for a cluster: use small letters, digits and '-', at most 63"
        )
    of_programs = {program_of(part, topology).image: images[part] for part in parts_of(topology)}
    with filled_directory(folder) as draft:
        _write_secrets(topology, draft, namespace)
        for path, documents in manifests(topology, namespace, of_programs).items():
            file = draft / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(yaml_text(documents, _HEADING + _HEADINGS.get(path, "")), encoding="utf-8")


def _write_secrets(topology: Topology, draft: Path, namespace: str) -> None:
    credentials = generate_credentials(topology.accounts.load_pool_size)
    told = StackDirectory(namespace, draft / "secrets")
    for place in (told.root, told.keys, told.settings):
        place.mkdir(mode=0o700)
    layout = ContainerLayout(topology, credentials.nonce, new_password(), new_password(), gateways_host(namespace))
    write_told(layout, credentials.accounts, told)
    (told.settings / "load_balancer.json").unlink()  # HAProxy reads the configuration that was made of it
    access = Access(login=credentials.login, load_accounts=credentials.load_accounts)
    write_access(draft, access, ["secrets/keys", "secrets/settings"])
