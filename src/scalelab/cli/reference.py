"""`docs/reference/commands.md`: exit codes, and every verb with its arguments and options, from the program itself.

`python -m scalelab.cli.reference FILE` brings a file up to date.
"""

from collections.abc import Iterator
from typing import Any

import typer

from scalelab.cli.examples import EXAMPLES
from scalelab.cli.exit_codes import MEANINGS, ExitCode
from scalelab.cli.main import VERBS, build_app
from scalelab.lab.reference_tables import rewrite_page, with_tables


def reference_text() -> str:
    """The whole reference as Markdown."""
    return "\n".join((*_exit_codes(), *(line for verb in VERBS for line in _verb(verb))))


def up_to_date(document: str) -> str:
    """The document with a fresh reference between its markers."""
    return with_tables(document, reference_text())


def _exit_codes() -> Iterator[str]:
    yield "## Exit codes\n"
    yield "| code | means |"
    yield "| --- | --- |"
    yield from (f"| {code.value} | {MEANINGS[code]} |" for code in ExitCode)
    yield ""


def _verb(verb: str) -> Iterator[str]:
    group: Any = typer.main.get_command(build_app(verb))
    yield from _command(f"scalelab {verb}", group.commands[verb])


def _command(path: str, command: Any) -> Iterator[str]:
    context = command.make_context(path, [], resilient_parsing=True)
    yield f"## `{path}`\n"
    yield f"{' '.join((command.help or '').split())}\n"
    usage = command.get_usage(context).removeprefix("Usage: ")
    yield f"```text\n{' '.join(usage.split())}\n```\n"
    rows = [
        record for one in command.params if (record := one.get_help_record(context)) and "--help" not in record[0]
    ]
    if rows:
        yield "| | means |"
        yield "| --- | --- |"
        yield from (f"| `{_cell(name)}` | {_cell(meaning)} |" for name, meaning in rows)
        yield ""
    if examples := EXAMPLES.get(path.removeprefix("scalelab ")):
        lines = [f"$ {line}    # {meaning}" for line, meaning in examples]
        yield "\n".join(("```console", *lines, "```\n"))
    for name, inner in getattr(command, "commands", {}).items():
        yield from _command(f"{path} {name}", inner)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    rewrite_page(up_to_date)
