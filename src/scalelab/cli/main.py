"""The program `scalelab`: finds the verb, runs it, turns errors into one line and an exit code.

Only the verb in hand is imported, so that each starts fast; all of them are for `--help`.
"""

import importlib
import importlib.util
import os
import signal
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from scalelab import __version__
from scalelab.cli.errors import complain, tell_error
from scalelab.cli.exit_codes import ExitCode

VERBS = ("up", "status", "scale", "down", "run", "report", "load", "doctor")
"""In the order of `--help`. Each is a function of its own name in a module of its own name."""
DEBUG_VARIABLE = "SCALELAB_DEBUG"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one verb and exit."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _turn_termination_into_interrupt()
    try:
        code = run_command(given)
    except BrokenPipeError:  # whoever read our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = ExitCode.UNEXPECTED
    sys.exit(code)


def run_command(arguments: Sequence[str]) -> int:
    """Run one verb; its exit code. Prints one line when it fails."""
    debug = "--debug" in arguments or bool(os.environ.get(DEBUG_VARIABLE))
    try:
        command = typer.main.get_command(build_app(verbs_wanted(arguments)))
        outcome = command.main(args=list(arguments), prog_name="scalelab", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        complain("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001  the outermost frame: whatever it is becomes one line
        usage = getattr(error, "format_message", None)
        if usage is None:
            return tell_error(error, debug=debug)
        complain(f"{usage().rstrip('.')} (see: {_help_command(arguments)})")
        return ExitCode.USAGE
    return outcome if isinstance(outcome, int) else ExitCode.DONE


def verbs_wanted(arguments: Sequence[str]) -> tuple[str, ...]:
    """The verb in hand, or all when there is none that we know: for help, and for mistakes."""
    if "--version" in arguments:
        return ("doctor",)  # any will do
    first = next((argument for argument in arguments if not argument.startswith("-")), "")
    return (first,) if first in VERBS else VERBS


def build_app(verbs: Sequence[str]) -> typer.Typer:
    """The application with these verbs, those that are installed."""
    app = typer.Typer(
        name="scalelab",
        help="A laboratory for scalability: a real distributed system, honest load, a verdict with its doubt.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_program)
    for verb in verbs:
        module = f"scalelab.cli.{verb}"
        if importlib.util.find_spec(module) is not None:
            app.command(name=verb)(getattr(importlib.import_module(module), verb))
    return app


def _program(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", is_eager=True, callback=lambda on: _print_version(on=on)
        ),
    ] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    pass


def _print_version(*, on: bool) -> None:
    if on:
        print(f"scalelab {__version__}")
        raise typer.Exit


def _help_command(arguments: Sequence[str]) -> str:
    verbs = verbs_wanted(arguments)
    return f"scalelab {verbs[0]} --help" if len(verbs) == 1 else "scalelab --help"


def _turn_termination_into_interrupt() -> None:
    """Termination ends a verb as Ctrl-C does, so that a stack in hand is stopped in order.

    Set also where a shell started us with the interrupt ignored (`scalelab up &` in a script).
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


if __name__ == "__main__":
    main()
