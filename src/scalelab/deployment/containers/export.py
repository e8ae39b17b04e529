"""Writes a stack as a Compose project that needs nothing else of ours but the image. Starts nothing."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.files import write_stack_files
from scalelab.deployment.containers.shipped import compose_document, image_variables
from scalelab.deployment.export_directory import Access, filled_directory, write_access
from scalelab.deployment.offers import demand_compose_offers
from scalelab.deployment.state_directory import StackDirectory
from scalelab.deployment.yaml_text import yaml_text

DEFAULT_PORT = 8080
_HEADING = """Written by `scalelab export compose`. What varies stands in .env: replicas, limits, port, owner.
The image is not built here. In a checkout: docker build -f deploy/Dockerfile -t scalelab:latest ."""


def export_compose(topology: Topology, folder: Path, environment: Mapping[str, str]) -> None:
    """Fill a directory that stands alone: `compose.yaml`, its variables, and the files that it mounts.

    Args:
        topology: of the stack; without a port of the balancer it gets `DEFAULT_PORT`.
        folder: a new or an empty one.
        environment: whose images are taken, where it names any.

    Raises:
        ConfigurationError, UnfitMachineError, StartError: nothing was written.
    """
    demand_compose_offers(topology)
    with filled_directory(folder) as draft:
        directory = StackDirectory("export", draft)
        for place in (directory.keys, directory.settings, directory.data):
            place.mkdir(mode=0o700)
        record = write_stack_files(_with_port(topology), directory, "compose", topology.load_balancer.host)
        directory.containers_file.unlink()
        write_access(
            draft, Access(login=record.login, load_accounts=record.load_accounts), ["keys", "settings", "data"]
        )
        variables = record.variables | {
            "SCALELAB_STATE": ".",
            "COMPOSE_PROJECT_NAME": project_name(folder),
            "COMPOSE_PROFILES": ",".join(record.profiles),
        }
        (draft / ".env").write_text(_lines(variables | image_variables(environment)), encoding="utf-8")
        (draft / "compose.yaml").write_text(
            yaml_text([standing_alone(compose_document())], _HEADING), encoding="utf-8"
        )


def standing_alone(document: Mapping[str, Any]) -> dict[str, Any]:
    """The Compose file without what only a checkout has: how the image is built."""
    services = {
        name: {key: value for key, value in service.items() if key != "build"}
        for name, service in document["services"].items()
    }
    kept = {key: value for key, value in document.items() if not key.startswith("x-")}
    return kept | {"services": services}


def project_name(folder: Path) -> str:
    """A name for each directory: projects of one name would replace one another's containers."""
    return "scalelab-" + re.sub(r"[^a-z0-9_-]", "-", folder.resolve().name.lower())


def _with_port(topology: Topology) -> Topology:
    balancer = topology.load_balancer
    port = balancer.port or DEFAULT_PORT
    return topology.model_copy(update={"load_balancer": balancer.model_copy(update={"port": port})})


def _lines(variables: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in variables.items())
