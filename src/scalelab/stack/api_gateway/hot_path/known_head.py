"""One request head that was verified to the last byte, and the answer that it may have."""

from dataclasses import dataclass

from scalelab.stack.api_gateway.hot_path.hot_answer import NEVER, HotAnswer

LONGEST_TRUST_S = 1.0
"""After so long the token's end is compared with the clock again."""
_BOOKKEEPING_BYTES = 256


@dataclass(slots=True, eq=False)
class KnownHead:
    """`token_valid_until_s` is Unix time; `good_until_s` is on the monotonic clock."""

    head: bytes
    key: bytes
    """Of the response cache."""
    token_id: str
    """The `jti` of the token that was verified; revoking it drops the head."""
    token_valid_until_s: float
    answer: HotAnswer
    good_until_s: float = NEVER
    """Until then the token need not be looked at."""

    @property
    def size_bytes(self) -> int:
        """Its share of the table's bound, without the answer, which others may share."""
        return len(self.head) + len(self.key) + _BOOKKEEPING_BYTES

    def trust(self, now_s: float, steady_s: float) -> bool:
        """Whether the token is still good, at Unix time `now_s`; if so, for a while."""
        left_s = self.token_valid_until_s - now_s
        self.good_until_s = steady_s + min(left_s, LONGEST_TRUST_S)
        return left_s > 0
