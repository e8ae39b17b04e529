"""The bounded table of the hit path. Everything that makes an answer wrong spoils it here, at once."""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from typing import TypeVar

from scalelab.stack.api_gateway.hot_path.hot_answer import NEVER, Dates, HitCount, HotAnswer
from scalelab.stack.api_gateway.hot_path.known_head import KnownHead
from scalelab.stack.service_kit.request_counts import Durations

Name = TypeVar("Name", str, bytes)
MAX_BYTES = 64 * 1024 * 1024
OPEN_FOR_EVER = float("inf")


class HotTable:
    """Verified heads, and the answers that they share; the least recently used head goes first.

    One event loop only. `open_until_s` (monotonic clock) says until when answers may be given without asking the
    shared cache: it lies in the past while this gateway cannot be told of writes elsewhere. Use is noted about once a
    second.
    """

    def __init__(
        self,
        *,
        clock_s: Callable[[], float],
        steady_clock_s: Callable[[], float],
        max_bytes: int = MAX_BYTES,
        open_until_s: float = NEVER,
    ) -> None:
        """`clock_s` is Unix time, for tokens; `steady_clock_s` monotonic, for everything else."""
        self.clock_s = clock_s
        self.steady_clock_s = steady_clock_s
        self._max_bytes = max_bytes
        self._heads: OrderedDict[bytes, KnownHead] = OrderedDict()
        self._heads_of_token: defaultdict[str, set[bytes]] = defaultdict(set)
        self._answers: dict[bytes, HotAnswer] = {}
        self._heads_of_key: defaultdict[bytes, set[bytes]] = defaultdict(set)
        self._keys_of_tag: defaultdict[str, set[bytes]] = defaultdict(set)
        self._held_bytes = 0
        self._date_of = Dates()
        self._hits: dict[str, HitCount] = {}
        self.open_until_s = open_until_s
        self.moment = 0
        """Grows with each drop: what was verified or looked up before a drop may not be added after it."""
        self.peek = self._heads.get
        """`peek(head)`: what is known of it, whether or not its answer may be given now. Ask `may_be_given`."""

    def __repr__(self) -> str:
        return f"<hot table: {len(self._heads)} heads, {len(self._answers)} answers, {self._held_bytes} bytes>"

    def __len__(self) -> int:
        return len(self._heads)

    @property
    def held_bytes(self) -> int:
        """What heads and answers take."""
        return self._held_bytes

    def hits_of(self, route: str) -> HitCount:
        """Where the answers given on a route are counted."""
        return self._hits.setdefault(route, HitCount(route))

    def counted_hits(self) -> dict[str, Durations]:
        """How long the answers took that were given since the last call, by route."""
        return {count.route: count.take() for count in self._hits.values() if count.number}

    def may_be_given(self, known: KnownHead, steady_s: float) -> bool:
        """Whether the answer may be given to this head at this moment; then its `head` is of now."""
        if steady_s >= self.open_until_s:
            return False
        if steady_s < known.good_until_s and steady_s < known.answer.good_until_s:
            return True
        return self._look_again(known, steady_s)

    def add(
        self, head: bytes, key: bytes, answer: HotAnswer, *, token_id: str, token_valid_until_s: float, moment: int
    ) -> bool:
        """Keep an answer, for this head and for all that have the same key of the response cache.

        False when something was dropped since `moment`, or it is not usable or too large.
        """
        now_s, steady_s = self.clock_s(), self.steady_clock_s()
        if moment != self.moment or steady_s >= self.open_until_s:
            return False
        if now_s >= token_valid_until_s or steady_s >= answer.fresh_until_s:
            return False
        if answer.size_bytes + len(head) > self._max_bytes // 8:
            return False
        self._forget(head)
        known = KnownHead(head, key, token_id, token_valid_until_s, self._shared(key, answer, steady_s))
        self._heads[head] = known
        self._heads_of_token[token_id].add(head)
        self._heads_of_key[key].add(head)
        self._held_bytes += known.size_bytes
        while self._held_bytes > self._max_bytes:
            self._forget(next(iter(self._heads)))
        return True

    def open_until(self, until_s: float) -> None:
        """Answers may be given until then."""
        self.open_until_s = until_s

    def drop_tags(self, tags: Iterable[str]) -> None:
        """What was made from any of `tags` is no longer true."""
        for tag in tags:
            self.moment += 1
            for key in self._keys_of_tag.get(tag, ()):
                self._answers[key].spoil()

    def drop_tokens(self, token_ids: Iterable[str]) -> None:
        """These tokens are no longer good."""
        for token_id in token_ids:
            self.moment += 1
            for head in tuple(self._heads_of_token.get(token_id, ())):
                self._forget(head)

    def on_revoked(self, jti: str) -> None:
        """See `RevocationListener`."""
        self.drop_tokens([jti])

    def clear(self) -> None:
        """Forget everything: the cache was flushed, a key was rotated, or writes may have been missed."""
        self.moment += 1
        self._heads.clear()
        self._answers.clear()
        for index in (self._heads_of_token, self._heads_of_key, self._keys_of_tag):
            index.clear()
        self._held_bytes = 0

    def _look_again(self, known: KnownHead, steady_s: float) -> bool:
        now_s = self.clock_s()
        if not known.trust(now_s, steady_s):
            self._forget(known.head)
            return False
        answer = known.answer
        if steady_s >= answer.fresh_until_s:
            return False  # the head stays: whoever fetches it anew does so for all
        self._heads.move_to_end(known.head)
        if steady_s >= answer.good_until_s:
            answer.render(now_s, steady_s, self._date_of)
        return True

    def _shared(self, key: bytes, newer: HotAnswer, steady_s: float) -> HotAnswer:
        answer = self._answers.setdefault(key, newer)
        if answer is newer:
            self._keys_of_tag[answer.tag].add(key)
        elif steady_s >= answer.fresh_until_s or newer.stored_at_s > answer.stored_at_s:
            self._held_bytes -= answer.size_bytes
            answer.renew(newer)
        else:
            return answer
        self._held_bytes += answer.size_bytes
        return answer

    def _forget(self, head: bytes) -> None:
        known = self._heads.pop(head, None)
        if known is None:
            return
        self._held_bytes -= known.size_bytes
        _discard(self._heads_of_token, known.token_id, head)
        _discard(self._heads_of_key, known.key, head)
        if known.key not in self._heads_of_key:
            self._held_bytes -= known.answer.size_bytes
            del self._answers[known.key]
            _discard(self._keys_of_tag, known.answer.tag, known.key)


def _discard(index: defaultdict[Name, set[bytes]], name: Name, what: bytes) -> None:
    index[name].discard(what)
    if not index[name]:
        del index[name]
