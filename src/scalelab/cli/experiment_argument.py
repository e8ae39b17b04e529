"""The argument that names an experiment: a file, or one that ships; a shell completes the latter."""

from typing import Annotated

import typer

from scalelab.lab.shipped import shipped_experiments


def _shipped(incomplete: str) -> list[str]:
    return [name for name in shipped_experiments() if name.startswith(incomplete)]


ExperimentArgument = Annotated[
    str,
    typer.Argument(
        help="A TOML file, or a shipped experiment by its name, such as classic.", autocompletion=_shipped
    ),
]
