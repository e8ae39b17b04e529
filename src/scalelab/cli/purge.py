"""`scalelab purge`: what no gateway of a running stack may answer from the cache any more."""

import json
from typing import Annotated

import typer

from scalelab.cli.admin_ports import demand_admin_ports
from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.options import StackName
from scalelab.deployment.attach import attach
from scalelab.deployment.purging import purge_cache


def purge(
    key: Annotated[int | None, typer.Option(help="A record: it, and every result that it went into.", min=1)] = None,
    tag: Annotated[str | None, typer.Option(help="A tag, for example record:5 or process:5.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="The whole cache.")] = False,
    name: StackName = "default",
) -> None:
    """Purge the response cache, at every gateway at once."""
    wanted = wanted_purge(key, tag, everything=everything)
    view = attach(name).view()
    demand_admin_ports(view)
    fault = purge_cache(view, wanted)
    if fault is not None:
        raise CommandError(f"nothing is sure to be purged: {fault}", ExitCode.UNEXPECTED)
    print(f"purged: {json.dumps(wanted)}")


def wanted_purge(key: int | None, tag: str | None, *, everything: bool) -> dict[str, object]:
    """The options as a document.

    Raises:
        CommandError: not exactly one of them.
    """
    said: dict[str, object] = {}
    if key is not None:
        said["key"] = key
    if tag is not None:
        said["tag"] = tag
    if everything:
        said["everything"] = True
    if len(said) != 1:
        raise CommandError("say what to purge: one of --key K, --tag T and --all", ExitCode.USAGE)
    return said
