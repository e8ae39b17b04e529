"""What all of this wraps: one service that can be asked."""

from typing import Protocol

from scalelab.stack.upstream import UpstreamAnswer, UpstreamFault

REPEATABLE = frozenset({"GET", "HEAD"})
"""Asked twice, these do nothing twice. PUT is idempotent, too, but its cost at the service is another."""


class Asks(Protocol):
    """As `UpstreamClient` does."""

    async def request(
        self, method: str, path_and_query: str, *, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> UpstreamAnswer | UpstreamFault:
        """One request, one answer or fault."""
        ...
