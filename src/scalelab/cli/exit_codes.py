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
    """Usage, configuration, or a machine that lacks something: nothing was started."""
    NOT_VALID = 3
    """A result is not valid."""
    CRITERION_FAILED = 4
    """An SLO or a comparison failed."""
    INTERRUPTED = 130


OF_DEPLOYMENT_ERROR: dict[type[DeploymentError], ExitCode] = {
    ConfigurationError: ExitCode.USAGE,
    UnfitMachineError: ExitCode.USAGE,
    AlreadyRunningError: ExitCode.USAGE,
}
"""All others: `UNEXPECTED`."""
