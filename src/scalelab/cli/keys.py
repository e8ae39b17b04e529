"""`scalelab keys rotate`: a new signing key for the tokens of a running stack."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.options import StackName
from scalelab.deployment.attach import attach
from scalelab.deployment.containers.stack import ContainerStack
from scalelab.deployment.key_rotation import rotate_keys


class KeyAction(StrEnum):
    """What can be done."""

    rotate = "rotate"


def keys(
    action: Annotated[KeyAction, typer.Argument(help="rotate: a new key signs, those of before still verify.")],
    name: StackName = "default",
) -> None:
    """Rotate the keys of the tokens, without a failed request."""
    assert action is KeyAction.rotate
    stack = attach(name)
    if isinstance(stack, ContainerStack):
        raise CommandError(
            f"the keys of stack {name!r} cannot be rotated: its containers hold the file that they were started with",
            ExitCode.USAGE,
        )
    file = rotate_keys(stack, stack.directory.signing_key_file)
    print(f"key {file.active} signs")
    for key in file.keys:
        if key.verify_until_s is not None:
            until = datetime.fromtimestamp(key.verify_until_s, UTC).isoformat(timespec="seconds")
            print(f"key {key.name} verifies until {until}")
