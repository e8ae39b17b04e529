"""One answer: what is written to the client, and until when it may be. Who may have it is not said here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from scalelab.contracts.http_names import REQUEST_ID_HEADER
from scalelab.stack.http_cache.http_dates import format_http_date
from scalelab.stack.service_kit.request_counts import DURATION_BUCKETS_S, Durations

NEVER = float("-inf")
QUICK_S = DURATION_BUCKETS_S[0]
"""What takes no longer lies in the first bucket: it is counted without a call."""
_SAID_ANEW = frozenset({b"age", b"date", b"cache-status", b"x-request-id", b"x-cache", b"content-length"})
_BOOKKEEPING_BYTES = 512
_ID_NAME = REQUEST_ID_HEADER.lower().encode()


class HitCount:
    """Answers given on one route since they were last counted, and how long they took."""

    __slots__ = ("number", "quick_s", "route", "slow")

    def __init__(self, route: str) -> None:
        """`route` is its template."""
        self.route = route
        self.number = 0
        self.quick_s = 0.0
        """The sum over those of at most `QUICK_S`."""
        self.slow = Durations()
        """All others."""

    def take(self) -> Durations:
        """The durations of all of them; from now on it counts anew."""
        taken, quick = self.slow, self.number - self.slow.number
        taken.numbers[0] += quick
        taken.sum_s += self.quick_s
        self.number, self.quick_s, self.slow = 0, 0.0, Durations()
        return taken


@dataclass(slots=True, eq=False)
class HotAnswer:
    """The newest 200 under one key of the response cache, shared by all who may have it.

    What is written is `head`, a request id, `tail`. `stored_at_s` is Unix time; `fresh_until_s` and `good_until_s`
    are on the monotonic clock, so that a clock that is set back does not make an answer live longer.
    """

    hits: HitCount
    path: str
    """As the access line has it."""
    tag: str
    """What it is made from; invalidating the tag spoils it."""
    stored_at_s: float
    ttl_s: float
    fresh_until_s: float
    fixed_head: bytes
    """Status line and fields that do not change."""
    tail: bytes
    """What stands behind the request id: the end of its line, the last fields, an empty line, the body."""
    good_until_s: float = NEVER
    """Until then `head` says the truth, and the answer may be given without another question."""
    head: bytes = b""

    @property
    def size_bytes(self) -> int:
        """Its share of the table's bound."""
        return 2 * len(self.fixed_head) + len(self.tail) + _BOOKKEEPING_BYTES

    def spoil(self) -> None:
        """It is no longer true."""
        self.fresh_until_s = self.good_until_s = NEVER

    def renew(self, newer: "HotAnswer") -> None:
        """Give `newer` from now on, to all who may have this one."""
        self.stored_at_s, self.ttl_s, self.fresh_until_s = newer.stored_at_s, newer.ttl_s, newer.fresh_until_s
        self.fixed_head, self.tail, self.good_until_s = newer.fixed_head, newer.tail, NEVER

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
        said_for_s = min(second + 1, self.stored_at_s + age_s + 1) - now_s
        self.good_until_s = min(steady_s + said_for_s, self.fresh_until_s)


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
