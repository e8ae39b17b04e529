"""`scalelab export`: a stack as files that others' tools start."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.deployment.containers.export import export_compose
from scalelab.deployment.containers.shipped import service_images
from scalelab.deployment.export_directory import ACCESS_NAME
from scalelab.deployment.kubernetes.export import export_kubernetes
from scalelab.deployment.kubernetes.workloads import balancer_port
from scalelab.deployment.topology_file import read_topology

DEFAULT_NAMESPACE = "scalelab"


class Target(StrEnum):
    """What the files are for."""

    kubernetes = "kubernetes"
    compose = "compose"


def export(
    target: Annotated[Target, typer.Argument(help="What the files are for.")],
    directory: Annotated[Path, typer.Argument(help="Where to: a new directory, or an empty one.")],
    topology: Annotated[Path | None, typer.Option(help="TOML file with a topology.", show_default=False)] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="One field of the topology, e.g. database.pool_size=16."),
    ] = None,
    namespace: Annotated[
        str | None,
        typer.Option(help=f"Kubernetes only: the stack's own; {DEFAULT_NAMESPACE} by default.", show_default=False),
    ] = None,
) -> None:
    """Write a stack for Kubernetes (kustomize) or Compose, with secrets of its own."""
    wanted = read_topology(topology, "topology", settings or [])
    if target is Target.compose:
        if namespace is not None:
            raise CommandError(f"--namespace {namespace} is for kubernetes: leave it out", ExitCode.USAGE)
        export_compose(wanted, directory, os.environ)
        _tell(directory, ("start it", f"docker compose --file {directory}/compose.yaml up --detach --wait"))
        return
    of_its_own = DEFAULT_NAMESPACE if namespace is None else namespace
    export_kubernetes(wanted, directory, of_its_own, service_images(os.environ))
    _tell(
        directory,
        ("on a desk", f"kubectl apply -k {directory}/overlays/local"),
        ("to serve", f"kubectl apply -k {directory}/overlays/production"),
        (
            "reach it",
            f"kubectl --namespace {of_its_own} port-forward service/load-balancer 8080:{balancer_port(wanted)}",
        ),
    )


def _tell(directory: Path, *steps: tuple[str, str]) -> None:
    print(f"Written to {directory}. Who may log in stands in {directory / ACCESS_NAME}.")
    for name, command in steps:
        print(f"  {name:<11}{command}")
