"""What comes back from an upstream: a whole answer, one that is still arriving, or a fault."""

from dataclasses import dataclass
from typing import Literal, Protocol, Self

HeaderPairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class UpstreamAnswer:
    """A whole answer. `headers` are as received, in order; `body` is complete."""

    status: int
    headers: HeaderPairs
    body: bytes


class StreamedBody(Protocol):
    """A body that is still arriving. Iterating raises `BrokenBodyError` when it does not end as it should."""

    def __aiter__(self) -> Self:
        """Itself."""

    async def __anext__(self) -> bytes:
        """The next piece."""

    async def aclose(self) -> None:
        """Let go of the connection, whatever has been read. Idempotent."""


@dataclass(frozen=True)
class StreamedAnswer:
    """An answer whose body must be read to its end or closed."""

    status: int
    headers: HeaderPairs
    body: StreamedBody


UpstreamFaultKind = Literal[
    "unreachable", "timeout", "broken", "left_alone", "no_slot", "too_large", "deadline", "untrusted"
]


@dataclass(frozen=True)
class UpstreamFault:
    """No answer: not reached, not in time, broken off, too large to be held; or not asked.

    The latter because it failed too often of late, because as many requests as may are under way, because its
    certificate is not believed, or because the time of the request was over, or nearly so: a fault of `deadline` says
    nothing of the service.
    """

    kind: UpstreamFaultKind
    detail: str


class BrokenBodyError(Exception):
    """Raised when a body that is being streamed breaks off, stalls past the deadline, or is malformed."""
