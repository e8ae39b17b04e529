"""Passwords in URLs never reach a file."""

import pytest

from scalelab.lab.results.redaction import without_passwords


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://:secret@host:6379/0", "redis://:***@host:6379/0"),
        ("postgresql://user:p%40ss@host/name", "postgresql://user:***@host/name"),
        ("postgresql://user@host/name", "postgresql://user@host/name"),
        ("http://127.0.0.1:8080/a:b@c", "http://127.0.0.1:8080/a:b@c"),
        ("no url: at all", "no url: at all"),
    ],
)
def test_only_the_password_goes(text, shown):
    """Everything else stays readable, at any depth."""
    assert without_passwords({"a": [{"url": text}], "n": 1}) == {"a": [{"url": shown}], "n": 1}
