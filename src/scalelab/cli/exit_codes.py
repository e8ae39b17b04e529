"""What the command's exit code says, in one table."""

from enum import IntEnum

from scalelab.deployment.errors import (
    AlreadyRunningError,
    ConfigurationError,
    DeploymentError,
    UnfitMachineError,
)


class ExitCode(IntEnum):
    """The codes that scripts may rely on."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    NOT_VALID = 3
    CRITERION_FAILED = 4
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.DONE: "Done; whatever was measured is valid.",
    ExitCode.UNEXPECTED: "Something unexpected; with `--debug` it is told whole.",
    ExitCode.USAGE: "Usage, configuration, or a machine that lacks something: nothing was started.",
    ExitCode.NOT_VALID: "A result is not valid: it is there, and says why it carries no claim.",
    ExitCode.CRITERION_FAILED: "An objective, a prediction or a comparison failed.",
    ExitCode.INTERRUPTED: "Interrupted; what was measured until then is kept.",
}
"""Of every code, for people."""


OF_DEPLOYMENT_ERROR: dict[type[DeploymentError], ExitCode] = {
    ConfigurationError: ExitCode.USAGE,
    UnfitMachineError: ExitCode.USAGE,
    AlreadyRunningError: ExitCode.USAGE,
}
"""All others: `UNEXPECTED`."""
