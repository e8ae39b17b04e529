"""The form of a refresh token."""

import pytest

from scalelab.stack.api_gateway.refresh_tokens import new_family, new_refresh_token, parse_refresh_token


def test_a_refresh_token_is_read_as_it_was_made():
    """With its session and its hash; the secret does not show."""
    token = new_refresh_token(new_family())

    assert parse_refresh_token(token.text) == token
    assert len(token.digest) == 64
    assert token.text not in repr(token)
    assert token.digest not in token.text


def test_no_two_are_alike():
    """Neither of one session nor of two."""
    family = new_family()

    assert new_refresh_token(family).text != new_refresh_token(family).text
    assert family != new_family()


@pytest.mark.parametrize("text", ["", ".", "a" * 76, "g" * 32 + "." + "a" * 43, "a" * 32 + "." + "a" * 42 + "\n"])
def test_another_form_is_none(text):
    """Nothing else forms a key of the store."""
    assert parse_refresh_token(text) is None
