"""Whose attempts are whose."""

import pytest

from scalelab.stack.api_gateway.client_address import TrustedPeers, client_address

TRUSTED = TrustedPeers(["127.0.0.0/8", "::1/128", "10.0.0.0/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("9.9.9.9", [], "9.9.9.9"),
        ("9.9.9.9", ["1.2.3.4"], "9.9.9.9"),
        ("9.9.9.9", ["127.0.0.1", "10.0.0.1"], "9.9.9.9"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["8.8.8.8"], "8.8.8.8"),
        ("127.0.0.1", ["1.2.3.4, 8.8.8.8"], "8.8.8.8"),
        ("127.0.0.1", ["1.2.3.4", "8.8.8.8"], "8.8.8.8"),
        ("127.0.0.1", ["1.2.3.4, 8.8.8.8, 10.0.0.7"], "8.8.8.8"),
        ("127.0.0.1", ["1.2.3.4, nonsense, 10.0.0.7"], "10.0.0.7"),
        ("127.0.0.1", ["1.2.3.4, , 10.0.0.7"], "10.0.0.7"),
        ("127.0.0.1", ["8.8.8.8:80"], "127.0.0.1"),
        ("127.0.0.1", ["10.0.0.7"], "10.0.0.7"),
        ("::ffff:127.0.0.1", ["::ffff:8.8.8.8"], "8.8.8.8"),
        ("::1", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
        ("2001:db8:1:2::99", [], "2001:db8:1:2::/64"),
        (None, ["1.2.3.4"], "unknown"),
        ("", [], "unknown"),
    ],
)
def test_who_is_counted(peer, forwarded, counted):
    """A stranger's word counts for nothing; a trusted one's for the hop that it saw itself."""
    assert client_address(peer, forwarded, TRUSTED) == counted


def test_a_forged_header_gives_no_new_attempts():
    """A thousand names in the header are one client."""
    seen = {client_address("127.0.0.1", [f"1.2.{n // 256}.{n % 256}, 8.8.8.8"], TRUSTED) for n in range(1000)}

    assert seen == {"8.8.8.8"}


@pytest.mark.parametrize("network", ["nonsense", "10.0.0.1/8"])
def test_what_is_no_network_is_refused(network):
    """With its text."""
    with pytest.raises(ValueError, match=network):
        TrustedPeers([network])
