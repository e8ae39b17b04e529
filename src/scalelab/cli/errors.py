"""How trouble is told: one line on standard error, no traceback; and which exit code it has."""

import sys
import traceback

from scalelab.cli.exit_codes import OF_DEPLOYMENT_ERROR, ExitCode
from scalelab.deployment.errors import DeploymentError

PREFIX = "scalelab: "


class CommandError(Exception):
    """Raised by a verb when it cannot do what was asked; the message is the line, the code the exit code."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.code = code


def complain(message: str) -> None:
    """One message on standard error."""
    print(PREFIX + message, file=sys.stderr)


def tell_error(error: Exception, *, debug: bool) -> ExitCode:
    """Print what went wrong and choose the exit code.

    Args:
        error: any that a verb raised.
        debug: also print the traceback.
    """
    if debug:
        traceback.print_exception(error)
    if isinstance(error, CommandError):
        complain(str(error))
        return error.code
    if isinstance(error, DeploymentError):
        complain(str(error))
        return OF_DEPLOYMENT_ERROR.get(type(error), ExitCode.UNEXPECTED)
    reason = str(error) or "no reason given"
    hint = "" if debug else " (scalelab --debug ... shows where)"
    complain(f"unexpected {type(error).__name__}: {reason}{hint}")
    return ExitCode.UNEXPECTED
