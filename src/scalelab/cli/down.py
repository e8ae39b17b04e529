"""`scalelab down`: ends a stack; returns when every process is gone and every port refuses."""

from scalelab.cli.consoles import progress_console
from scalelab.cli.options import StackName
from scalelab.deployment.attach import stop_stack
from scalelab.deployment.state_directory import stack_directory


def down(name: StackName = "default") -> None:
    """Stop the running stack, or tidy up after a killed one."""
    directory = stack_directory(name)
    console = progress_console()
    if console.is_terminal:
        with console.status(f"stopping stack {name!r} ..."):
            was_running = stop_stack(directory)
    else:
        was_running = stop_stack(directory)
    if was_running:
        print(f"Stack {name!r} is stopped. Its logs stay in {directory.logs}.")
    else:
        print(f"Stack {name!r} was not running any more; what it had left is removed.")
