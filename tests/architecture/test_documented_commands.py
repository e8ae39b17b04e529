"""Every `scalelab` command that a document or an experiment shows is one that the program takes."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from scalelab.cli.main import VERBS, build_app

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(?:console|shell|sh|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(scalelab [a-z][^`]*)`")
NUMBERS = {"R": "10", "S": "1", "N": "2"}
"""Letters that pages write for a number."""


def commands_of(text):
    """The words behind `scalelab`, of each command that stands in a console."""
    for block in BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            if not line.startswith(("  ", "{", "scalelab:")):  # what a program printed
                yield from commands_in(line.removeprefix("$ "))


def commands_in(line):
    """A shell's line may hold several."""
    try:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:  # no shell's line
        return
    command = []
    for word in [*words, ";"]:
        if not set(word) <= set("();<>|&"):
            command.append(word)
            continue
        while command and re.match(r"[A-Z_]+=|\d$", command[0]):
            command.pop(0)
        if len(command) > 1 and re.search(r"(^|/)scalelab$", command[0]):
            yield command[1:]
        command = []


def mentions_of(text):
    """What stands between backticks: a part of a command, as a rule."""
    return (found.removeprefix("scalelab ") for found in INLINE.findall(text) if "|" not in found)


def command_named(verb):
    return typer.main.get_command(build_app(verb)).commands[verb]


def refusal(arguments):
    """Why the program would not take them; empty when it does."""
    words = [NUMBERS.get(word, word) for word in arguments]
    if words[0].startswith("-"):
        return ""
    if words[0] not in VERBS:
        return f"no verb {words[0]}"
    try:
        command_named(words[0]).make_context(words[0], words[1:])
    except Exception as error:  # noqa: BLE001  whatever it is, it is what a reader would see
        words_of_usage = getattr(error, "format_message", error.__str__)
        return f"scalelab {shlex.join(words)}: {words_of_usage()}"
    return ""


def unknown_in(mention):
    """The verb, or the options, that the program does not have."""
    verb, *words = mention.split()
    if verb not in VERBS:
        return [] if verb.startswith("-") else [verb]
    known = {option for parameter in command_named(verb).params for option in parameter.opts} | {"--help", "--debug"}
    return [word for word in words if re.match(r"--[a-z]", word) and re.split(r"[=,.:;]", word)[0] not in known]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_program_takes_what_the_page_shows(page):
    """Verbs, options and arguments exist; values can be what they are to be."""
    text = page.read_text(encoding="utf-8")

    assert [why for shown in commands_of(text) if (why := refusal(shown))] == []
    assert [(shown, unknown) for shown in mentions_of(text) if (unknown := unknown_in(shown))] == []


def test_commands_are_found_and_nonsense_is_refused():
    """The check itself can fail."""
    text = (
        "```console\n$ scalelab load URL --rate 5 \\\n    --duration 2 | tee x  # now\n$ ls\n```\n"
        "See `scalelab up --wrong`."
    )

    assert list(commands_of(text)) == [["load", "URL", "--rate", "5", "--duration", "2"]]
    assert list(commands_in("(umask 077; scalelab status --json > a)")) == [["status", "--json"]]
    assert list(mentions_of(text)) == ["up --wrong"]
    assert refusal(["load", "URL", "--rate", "5", "--duration", "2"]) == ""
    assert "wrong" in refusal(["up", "--wrong"])
    assert refusal(["levitate"]) == "no verb levitate"
    assert unknown_in("up --wrong --port") == ["--wrong"]
    assert unknown_in("levitate") == ["levitate"]
