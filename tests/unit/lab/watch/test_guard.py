import pytest

from scalelab.lab.watch.guard import holds_token, is_our_host, is_our_origin


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "localhost:8000", "localhost", "[::1]:8000", "10.0.0.7:80", "LAB"]
)
def test_addresses_and_our_own_names_are_let_in(host):
    """An address cannot be rebound."""
    assert is_our_host(host, "lab")


@pytest.mark.parametrize(
    "host", [None, "", "evil.example", "localhost.evil.example:80", "127.0.0.1.evil.example", "[x"]
)
def test_other_names_are_refused(host):
    """A name that somebody pointed at us is no name of ours."""
    assert not is_our_host(host, "127.0.0.1")


def test_another_sites_page_is_refused():
    """Same host, another port or scheme is another origin; programs send none."""
    assert is_our_origin("http://127.0.0.1:80", "127.0.0.1:80")
    assert is_our_origin(None, "127.0.0.1:80")
    assert not is_our_origin("http://127.0.0.1:81", "127.0.0.1:80")
    assert not is_our_origin("https://127.0.0.1:80", "127.0.0.1:80")
    assert not is_our_origin("null", "127.0.0.1:80")


@pytest.mark.parametrize("header", [None, "", "Bearer ", "Bearer x", "Basic secret", "Bearer sécret"])
def test_only_the_token_proves_it(header):
    """Nothing near it does."""
    assert not holds_token(header, "secret")
    assert holds_token("Bearer secret", "secret")
