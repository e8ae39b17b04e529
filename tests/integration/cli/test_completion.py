"""What a shell is told when somebody presses the tab key: of the verb in hand, whole."""

import os
import subprocess
import sys

import pytest


def scalelab(*arguments, **variables):
    finished = subprocess.run(
        [sys.executable, "-P", "-m", "scalelab.cli.main", *arguments], env=os.environ | variables,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.stderr == ""
    return finished.stdout


@pytest.mark.parametrize(
    ("line", "expected"),
    [("scalelab ca", "capacity"), ("scalelab run --qu", "--quick"), ("scalelab run hedg", "hedging")],
)
def test_bash_is_told_verbs_options_and_experiments(line, expected):
    """One word a line."""
    place = str(len(line.split()) - 1)

    told = scalelab(_SCALELAB_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=place)

    assert told.split() == [expected]


def test_zsh_and_fish_are_told_what_it_means_too():
    """In their own forms."""
    zsh = scalelab(_SCALELAB_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS="scalelab ca")
    fish = scalelab(
        _SCALELAB_COMPLETE="complete_fish",
        _TYPER_COMPLETE_ARGS="scalelab load --ra",
        _TYPER_COMPLETE_FISH_ACTION="get-args",
    )

    assert '"capacity":"Find the highest rate' in zsh
    assert fish.startswith("--rate\t")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_each_shell_can_be_printed(shell):
    """For whoever does not want it installed."""
    told = scalelab("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")

    assert "_SCALELAB_COMPLETE" in told
