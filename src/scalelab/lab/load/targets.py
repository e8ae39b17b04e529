"""Where requests go: a URL as an origin (scheme, host, port) and the target that stands in the request line. Pure."""

from typing import NamedTuple
from urllib.parse import SplitResult, quote, urlsplit

_PORTS = {"http": 80, "https": 443}
_KEPT = "/{}%:@!$&'()*+,;=~-._?"
"""Characters of a target that stay as they were written."""


class TargetError(ValueError):
    """Raised when a URL cannot be asked; the message names the URL without its secrets."""


class Origin(NamedTuple):
    """One server, as connections know it."""

    scheme: str
    host: str
    port: int

    @property
    def is_secure(self) -> bool:
        """Whether it speaks TLS."""
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """As in the Host header: the port only where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


class Target(NamedTuple):
    """What a URL asks of its origin."""

    origin: Origin
    path: str
    """With the query, as sent; may hold `{key}`."""


def parse_url(url: str) -> Target:
    """The parts of a URL; `localhost:8000/x` is read as http.

    Raises:
        TargetError: not http or https, no host, a port that is none, or a password in it.
    """
    parts = _split(url if "://" in url else f"http://{url}", url)
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        raise TargetError(f"{url!r}: only http and https URLs can be measured")
    if "@" in parts.netloc:
        raise TargetError("a URL must not hold a user or password: give it with --token-file or in --requests")
    if not parts.hostname:
        raise TargetError(f"{url!r} names no host")
    path = quote(parts.path or "/", safe=_KEPT)
    query = f"?{quote(parts.query, safe=_KEPT + '/')}" if parts.query else ""
    return Target(Origin(scheme, parts.hostname, _port(parts, url)), path + query)


def _split(text: str, url: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError as error:
        raise TargetError(f"{url!r} is no URL: {error}") from error


def _port(parts: SplitResult, url: str) -> int:
    try:
        port = parts.port
    except ValueError as error:
        raise TargetError(f"{url!r}: the port must be between 1 and 65535") from error
    if port == 0:
        raise TargetError(f"{url!r}: the port must be between 1 and 65535")
    return port or _PORTS[parts.scheme.lower()]
