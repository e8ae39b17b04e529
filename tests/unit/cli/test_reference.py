"""The page of commands is what the program says."""

from pathlib import Path

from scalelab.cli.exit_codes import MEANINGS, ExitCode
from scalelab.cli.main import VERBS
from scalelab.cli.reference import reference_text, up_to_date

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "commands.md"


def test_the_page_is_up_to_date():
    """Else: make reference."""
    text = PAGE.read_text(encoding="utf-8")
    assert up_to_date(text) == text


def test_every_verb_and_every_exit_code_is_there():
    """Options with what they take, too."""
    text = reference_text()

    assert [verb for verb in VERBS if f"## `scalelab {verb}`" not in text] == []
    assert "`action <check\\|apply>`" in text
    assert "`--rate" in text
    assert MEANINGS.keys() == set(ExitCode)
