"""Every verb has examples, and `--help` shows them; that they work is tested with those of the documents."""

import pytest
import typer

from scalelab.cli.examples import EXAMPLES
from scalelab.cli.main import VERBS, build_app


def test_every_verb_has_examples_of_its_own():
    """Each a command of that verb."""
    assert EXAMPLES.keys() == set(VERBS)
    assert [
        command for verb, told in EXAMPLES.items() for command, _ in told if command.split()[:2] != ["scalelab", verb]
    ] == []


@pytest.mark.parametrize("verb", VERBS)
def test_help_shows_them_as_they_are_typed(verb):
    """A line each, neither wrapped nor joined."""
    command = typer.main.get_command(build_app(verb)).commands[verb]

    text = command.get_help(command.make_context(verb, [], resilient_parsing=True))

    lines = [line.strip() for line in text.splitlines()]
    assert [words for example in EXAMPLES[verb] for words in example if words not in lines] == []
