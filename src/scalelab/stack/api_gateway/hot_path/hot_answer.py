"""One verified answer: what is written to the client, and until when it may be. Never holds a credential."""

from collections.abc import Iterable
from dataclasses import dataclass, field

_CHANGING = frozenset({b"age", b"date", b"cache-status", b"x-request-id", b"x-cache", b"content-length"})


@dataclass(slots=True, eq=False)
class HotAnswer:
    """A 200 from the response cache, for one exact request head. Times are Unix seconds."""

    route: str
    """Its template, for the counters."""
    tag: str
    """What it is made from; invalidating the tag drops it."""
    token_id: str
    """The `jti` of the token that was verified; revoking it drops the answer."""
    stored_at_s: float
    fresh_until_s: float
    token_valid_until_s: float
    fixed_head: bytes
    """Status line and fields that do not change."""
    body: bytes
    rendered_second: int = -1
    rendered_head: bytes = b""
    size_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        """Its share of the table's bound."""
        self.size_bytes = len(self.fixed_head) + len(self.body) + 512

    def is_usable(self, now_s: float) -> bool:
        """Whether answer and token are both still good."""
        return now_s < self.fresh_until_s and now_s < self.token_valid_until_s

    def head(self, now_s: float, date: bytes) -> bytes:
        """Everything before the request id, rendered once a second: Age, Date and Cache-Status are of now."""
        second = int(now_s)
        if second != self.rendered_second:
            age_s = max(0, int(now_s - self.stored_at_s))
            ttl_s = int(self.fresh_until_s - self.stored_at_s) - age_s
            self.rendered_head = (
                b"%bage: %d\r\ncache-status: scalelab; hit; ttl=%d\r\nx-cache: HIT\r\ndate: %b\r\n"
                % (
                    self.fixed_head,
                    age_s,
                    ttl_s,
                    date,
                )
            )
            self.rendered_second = second
        return self.rendered_head


def fixed_head(fields: Iterable[tuple[bytes, bytes]], body_bytes: int) -> bytes:
    """Status line, the fields that do not change, and the length."""
    lines = [b"%b: %b\r\n" % (name, value) for name, value in fields if name not in _CHANGING]
    return b"HTTP/1.1 200 OK\r\n" + b"".join(lines) + b"content-length: %d\r\n" % body_bytes
