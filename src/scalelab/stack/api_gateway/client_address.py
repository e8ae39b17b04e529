"""Who the client really is: the peer of the connection, or, behind trusted peers, whom they name. Pure.

Nothing of it ever becomes part of a cache key or opens a door: it only counts attempts.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

UNKNOWN = "unknown"
"""A peer without an address: a Unix socket."""
_SITE_BITS = 64
"""One IPv6 client has a whole network of this length, and could be a new one with each attempt."""
_Address = IPv4Address | IPv6Address


class TrustedPeers:
    """Networks whose word about `X-Forwarded-For` counts."""

    def __init__(self, networks: Iterable[str]) -> None:
        """Raises ValueError for what is no network, with its text."""
        self._networks: tuple[IPv4Network | IPv6Network, ...] = tuple(map(ip_network, networks))

    def __contains__(self, address: _Address) -> bool:
        return any(address in network for network in self._networks if network.version == address.version)


def client_address(peer: str | None, forwarded_for: Sequence[str], trusted: TrustedPeers) -> str:
    """The address to count by.

    Args:
        peer: the other end of the connection.
        forwarded_for: values of all `X-Forwarded-For` fields, in order. Read from the right for as long as the one
            who said it is trusted; what is no address ends the reading.
        trusted: whose word counts.
    """
    address = _parsed(peer or "")
    if address is None:
        return UNKNOWN
    hops = [hop.strip(" \t") for value in forwarded_for for hop in value.split(",")]
    while hops and address in trusted:
        named = _parsed(hops.pop())
        if named is None:
            break
        address = named
    return _counted(address)


def _parsed(text: str) -> _Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _counted(address: _Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((int(address) >> _SITE_BITS << _SITE_BITS, _SITE_BITS)))
