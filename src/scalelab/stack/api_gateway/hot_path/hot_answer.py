"""One verified answer: what is written to the client, and until when it may be. Never holds a credential."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from scalelab.contracts.http_names import REQUEST_ID_HEADER
from scalelab.stack.http_cache.http_dates import format_http_date

NOT_RENDERED = float("-inf")
_SAID_ANEW = frozenset({b"age", b"date", b"cache-status", b"x-request-id", b"x-cache", b"content-length"})
_BOOKKEEPING_BYTES = 512
_ID_NAME = REQUEST_ID_HEADER.lower().encode()


class HitCount:
    """Answers given on one route since they were last counted."""

    __slots__ = ("number", "route")

    def __init__(self, route: str) -> None:
        """`route` is its template."""
        self.route = route
        self.number = 0


@dataclass(slots=True, eq=False)
class HotAnswer:
    """A 200 from the response cache, for one exact request head. What is written is `head`, a request id, `tail`.

    `stored_at_s` and `token_valid_until_s` are Unix seconds; `fresh_until_s` and `good_until_s` are on the monotonic
    clock, so that a clock that is set back does not make an answer live longer.
    """

    hits: HitCount
    path: str
    """As the access line has it."""
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
    """What stands behind the request id: the end of its line, the last fields, an empty line, the body."""
    good_until_s: float = NOT_RENDERED
    """Until then `head` says the truth, and the answer may be given without another question."""
    head: bytes = b""
    size_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        """Its share of the table's bound."""
        self.size_bytes = 2 * len(self.fixed_head) + len(self.tail) + _BOOKKEEPING_BYTES

    def is_usable(self, now_s: float, steady_s: float) -> bool:
        """Whether answer (monotonic clock) and token (Unix time) are both still good."""
        return steady_s < self.fresh_until_s and now_s < self.token_valid_until_s

    def render(self, now_s: float, steady_s: float, date_of: Callable[[int], bytes]) -> None:
        """Say Age, Date and Cache-Status of now, in the long way's order; good until one of them changes or it ends.

        Args:
            now_s: Unix time.
            steady_s: the same moment on the monotonic clock.
            date_of: `Date` for a whole second of Unix time.
        """
        second, age_s = int(now_s), max(0, int(now_s - self.stored_at_s))
        self.head = b"%bage: %d\r\nx-cache: HIT\r\ncache-status: scalelab; hit; ttl=%d\r\ndate: %b\r\n%b: " % (
            self.fixed_head,
            age_s,
            int(self.ttl_s) - age_s,
            date_of(second),
            _ID_NAME,
        )
        ends_s = min(second + 1, self.stored_at_s + age_s + 1, self.token_valid_until_s) - now_s
        self.good_until_s = min(steady_s + ends_s, self.fresh_until_s)


def fixed_head(fields: Iterable[tuple[bytes, bytes]], body_bytes: int) -> bytes:
    """Status line, the length, and the fields that do not change."""
    lines = [b"%b: %b\r\n" % (name, value) for name, value in fields if name not in _SAID_ANEW]
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n" % body_bytes + b"".join(lines)


class Dates:
    """`Date` as bytes; one is made a second."""

    def __init__(self) -> None:
        self._second = -1
        self._date = b""

    def __call__(self, second: int) -> bytes:
        """For this second of Unix time."""
        if second != self._second:
            self._second, self._date = second, format_http_date(second).encode()
        return self._date
