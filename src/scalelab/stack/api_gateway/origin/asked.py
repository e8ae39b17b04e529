"""A request as the cache in front of an origin sees it."""

from dataclasses import dataclass

from scalelab.stack.http_cache.exchange import Request


@dataclass(frozen=True)
class Asked:
    """Who asked where. Separate hosts have separate entries."""

    host: str
    """As the client said it."""
    url: str
    """Path and query, already encoded."""
    request: Request
    """What of it may make the answer, and what it says about caching."""
    partition: bytes = b""
    """What else the key has: answers are shared within one partition only."""
