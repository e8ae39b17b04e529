"""The program `scalelab`: finds the verb, runs it, turns errors into one line and an exit code.

Only the verb in hand is imported, so that each starts fast; for `--help` the others' sources are read.
"""

import ast
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from scalelab import __version__
from scalelab.cli.errors import complain, tell_error
from scalelab.cli.examples import epilog_of
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.options import QUIET_VARIABLE

VERBS = (
    *("up", "status", "scale", "policy", "routes", "keys", "purge", "tasks", "down", "export"),
    *("plan", "run", "report", "lessons", "load", "load-worker", "capacity", "fit", "predict", "compare", "watch"),
    *("selftest", "doctor"),
)
"""In the order of `--help`. Each that is there is a function of its own name in a module of its own name; - is _."""
DEBUG_VARIABLE = "SCALELAB_DEBUG"
COMPLETION_VARIABLE = "_SCALELAB_COMPLETE"
_LINE_VARIABLES = ("_TYPER_COMPLETE_ARGS", "COMP_WORDS")
"""Where zsh and fish, and bash, put the line."""


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
        command = typer.main.get_command(build_app(verb_in(arguments or _words_to_complete())))
        outcome = command.main(args=list(arguments) or ["--help"], prog_name="scalelab", standalone_mode=False)
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
    if not arguments:
        return ExitCode.USAGE
    return outcome if isinstance(outcome, int) else ExitCode.DONE


def _words_to_complete() -> Sequence[str]:
    """What stands behind the program's name on the line that a shell asks us to complete; empty when none does."""
    if COMPLETION_VARIABLE not in os.environ:
        return ()
    return next((os.environ[name].split()[1:] for name in _LINE_VARIABLES if name in os.environ), ())


def verb_in(arguments: Sequence[str]) -> str | None:
    """The verb in hand; None when there is none that we know."""
    first = next((argument for argument in arguments if not argument.startswith("-")), "")
    return first if first in VERBS and _source(first) is not None else None


def build_app(wanted: str | None) -> typer.Typer:
    """The application with the verb in hand whole, and the others in outline."""
    app = typer.Typer(
        name="scalelab",
        help="A laboratory for scalability: a real distributed system, honest load, a verdict with its doubt.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_program)
    for verb in VERBS:
        if verb == wanted:
            name = _python_name(verb)
            app.command(name=verb, epilog=epilog_of(verb))(
                getattr(importlib.import_module(f"scalelab.cli.{name}"), name)
            )
        elif (source := _source(verb)) is not None:
            app.command(name=verb, help=summary_of(verb, source.read_text(encoding="utf-8")))(_outline)
    return app


def summary_of(verb: str, source: str) -> str:
    """The docstring of the function `verb` in `source`."""
    name = _python_name(verb)
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == name]
    return (ast.get_docstring(functions[0]) if functions else None) or ""


def _source(verb: str) -> Path | None:
    file = Path(__file__).with_name(f"{_python_name(verb)}.py")
    return file if file.exists() else None


def _python_name(verb: str) -> str:
    return verb.replace("-", "_")


def _outline() -> None:
    raise AssertionError("only the verb in hand is called, and it is whole")


def _program(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", is_eager=True, callback=lambda on: _print_version(on=on)
        ),
    ] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress: only results, warnings and errors.")] = False,
) -> None:
    if quiet:
        os.environ[QUIET_VARIABLE] = "1"


def _print_version(*, on: bool) -> None:
    if on:
        print(f"scalelab {__version__}")
        raise typer.Exit


def _help_command(arguments: Sequence[str]) -> str:
    verb = verb_in(arguments)
    return "scalelab --help" if verb is None else f"scalelab {verb} --help"


def _turn_termination_into_interrupt() -> None:
    """Termination ends a verb as Ctrl-C does, so that a stack in hand is stopped in order.

    Set also where a shell started us with the interrupt ignored (`scalelab up &` in a script).
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


if __name__ == "__main__":
    main()
