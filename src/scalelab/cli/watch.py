"""`scalelab watch`: the live dashboard of a running stack, in the browser."""

from threading import Event
from typing import Annotated

import typer

from scalelab.cli.admin_ports import demand_admin_ports
from scalelab.cli.options import StackName
from scalelab.cli.playable_stack import PlayableStack
from scalelab.cli.watched import dashboard, print_access
from scalelab.deployment.attach import attach
from scalelab.lab.watch.serving import LOOPBACK


def watch(
    name: StackName = "default",
    host: Annotated[str, typer.Option(help="Address to listen on; others than loopback can be reached.")] = LOOPBACK,
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 0,
) -> None:
    """Show a running stack live in the browser, and play with it. Ctrl-C ends the dashboard, not the stack."""
    attached = attach(name)  # one that is not there, or cannot be watched, is told here, not in the browser
    demand_admin_ports(attached.view())
    stack = PlayableStack(attached)
    with dashboard(lambda: stack, host, port) as shown:
        print_access(shown)
        print("Ctrl-C ends the dashboard; the stack runs on.", flush=True)
        Event().wait()
