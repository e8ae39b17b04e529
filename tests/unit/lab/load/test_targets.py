"""URLs as origins and targets."""

import pytest

from scalelab.lab.load.targets import Origin, TargetError, parse_url


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("http://a.example", Origin("http", "a.example", 80), "/"),
        ("https://a.example/x?y=1", Origin("https", "a.example", 443), "/x?y=1"),
        ("localhost:8000/x", Origin("http", "localhost", 8000), "/x"),
        ("http://[::1]:81/a b", Origin("http", "::1", 81), "/a%20b"),
        ("http://a/data?key={key}&v=%20", Origin("http", "a", 80), "/data?key={key}&v=%20"),
        ("HTTP://A/x#part", Origin("http", "a", 80), "/x"),
    ],
)
def test_a_url_has_an_origin_and_a_target(url, origin, path):
    """Port by scheme, blanks quoted, what is quoted stays, the fragment is not sent."""
    assert parse_url(url) == (origin, path)


def test_the_host_header_has_the_port_only_where_it_is_unusual():
    """As RFC 9110 has it; IPv6 in brackets."""
    assert Origin("http", "a", 80).authority == "a"
    assert Origin("https", "a", 80).authority == "a:80"
    assert Origin("http", "::1", 81).authority == "[::1]:81"


@pytest.mark.parametrize(
    "url", ["ftp://a/", "http://", "http://a:0/", "http://a:99999/", "http://[::1", "http://user:secret@a/"]
)
def test_what_cannot_be_asked_is_refused(url):
    """One line; a password is not repeated in it."""
    with pytest.raises(TargetError) as refusal:
        parse_url(url)

    assert "secret" not in str(refusal.value)
