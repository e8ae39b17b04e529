"""One verified answer: what is written to the client, and until when it may be. Never holds a credential."""

from collections.abc import Iterable
from dataclasses import dataclass, field

_SAID_ANEW = frozenset({b"age", b"date", b"cache-status", b"x-request-id", b"x-cache", b"content-length"})
_BOOKKEEPING_BYTES = 512


@dataclass(slots=True, eq=False)
class HotAnswer:
    """A 200 from the response cache, for one exact request head.

    `stored_at_s` and `token_valid_until_s` are Unix seconds; `fresh_until_s` is on the monotonic clock, so that a
    clock that is set back does not make an answer live longer.
    """

    route: str
    """Its template, for the counters."""
    tag: str
    """What it is made from; invalidating the tag drops it."""
    token_id: str
    """The `jti` of the token that was verified; revoking it drops the answer."""
    stored_at_s: float
    ttl_s: float
    fresh_until_s: float
    token_valid_until_s: float
    fixed_head: bytes
    """Status line and fields that do not change."""
    tail: bytes
    """What stands behind the request id: the last fields, an empty line, the body."""
    rendered_second: int = -1
    rendered_age_s: int = -1
    rendered_head: bytes = b""
    size_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        """Its share of the table's bound."""
        self.size_bytes = 2 * len(self.fixed_head) + len(self.tail) + _BOOKKEEPING_BYTES

    def is_usable(self, now_s: float, steady_s: float) -> bool:
        """Whether answer (monotonic clock) and token (Unix time) are both still good."""
        return steady_s < self.fresh_until_s and now_s < self.token_valid_until_s

    def head(self, now_s: float, date: bytes) -> bytes:
        """Everything before the request id, in the long way's order: Age, Date and Cache-Status are of now."""
        second, age_s = int(now_s), max(0, int(now_s - self.stored_at_s))
        if second != self.rendered_second or age_s != self.rendered_age_s:
            self.rendered_head = (
                b"%bage: %d\r\nx-cache: HIT\r\ncache-status: scalelab; hit; ttl=%d\r\ndate: %b\r\n"
                % (self.fixed_head, age_s, int(self.ttl_s) - age_s, date)
            )
            self.rendered_second, self.rendered_age_s = second, age_s
        return self.rendered_head


def fixed_head(fields: Iterable[tuple[bytes, bytes]], body_bytes: int) -> bytes:
    """Status line, the length, and the fields that do not change."""
    lines = [b"%b: %b\r\n" % (name, value) for name, value in fields if name not in _SAID_ANEW]
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n" % body_bytes + b"".join(lines)
