"""Where the verbs print: progress on the error stream, results on the standard one; plain where nobody watches."""

import os
from collections.abc import Mapping

from rich.console import Console

from scalelab.cli.options import QUIET_VARIABLE

_FALSE = frozenset({"", "0", "false"})


def progress_console() -> Console:
    """For what goes on: silent with `--quiet`, whole lines instead of a moving one where it is to be plain."""
    return _console(is_error=True, is_silent=is_quiet(os.environ))


def result_console() -> Console:
    """For what came out; never silent."""
    return _console(is_error=False, is_silent=False)


def is_quiet(environment: Mapping[str, str]) -> bool:
    """Whether nothing but results, warnings and errors is wanted."""
    return environment.get(QUIET_VARIABLE, "").lower() not in _FALSE


def is_plain(environment: Mapping[str, str]) -> bool:
    """Whether control characters are unwanted even on a terminal: a CI service, NO_COLOR, or a dumb one."""
    in_ci = environment.get("CI", "").lower() not in _FALSE
    return in_ci or bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb"


def _console(*, is_error: bool, is_silent: bool) -> Console:
    if is_plain(os.environ):  # Rich takes what is forced before FORCE_COLOR and before what the stream is
        return Console(stderr=is_error, quiet=is_silent, force_terminal=False, no_color=True)
    return Console(stderr=is_error, quiet=is_silent)
