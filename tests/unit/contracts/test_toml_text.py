"""Documents with an end, and words for the others."""

import pytest

from scalelab.contracts.toml_text import MOST_LEVELS, parse_toml


def test_a_document_is_what_it_says():
    """Tables, arrays, values."""
    assert parse_toml("a = 1\n[b]\nc = [[2], {d = 3}]") == {"a": 1, "b": {"c": [[2], {"d": 3}]}}
    assert parse_toml("a = " + "[" * (MOST_LEVELS - 2) + "]" * (MOST_LEVELS - 2))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = " + "[" * 9000, "nested deeper than 64 levels"),
        ("a" + ".a" * 5000 + " = 1", "nested deeper than 64 levels"),
        ("a = " + "9" * 5000, "digits"),
        ("a = ", "Invalid value"),
    ],
)
def test_what_is_beyond_reason_is_a_fault_in_words(text, reason):
    """As anything else that is not TOML."""
    with pytest.raises(ValueError, match=reason):
        parse_toml(text)
