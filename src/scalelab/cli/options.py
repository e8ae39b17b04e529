"""Options that several verbs share."""

from typing import Annotated

import typer

StackName = Annotated[str, typer.Option("--name", help="Name of the stack.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
WatchOption = Annotated[bool, typer.Option("--watch", help="Show it live in the browser.")]
QUIET_VARIABLE = "SCALELAB_QUIET"
"""Set, it is `--quiet`."""
