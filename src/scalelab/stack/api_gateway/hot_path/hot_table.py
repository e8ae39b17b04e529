"""The bounded table of the hit path. Everything that makes an answer wrong drops it here, at once."""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable

from scalelab.stack.api_gateway.hot_path.hot_answer import Dates, HitCount, HotAnswer

MAX_BYTES = 64 * 1024 * 1024
SHUT = float("-inf")
OPEN_FOR_EVER = float("inf")


class HotTable:
    """Answers by request head; the least recently used goes first, use being noted about once a second.

    One event loop only. `open_until_s` (monotonic clock) says until when answers may be given without asking the
    shared cache: it lies in the past while this gateway cannot be told of writes elsewhere.
    """

    def __init__(
        self,
        *,
        clock_s: Callable[[], float],
        steady_clock_s: Callable[[], float],
        max_bytes: int = MAX_BYTES,
        open_until_s: float = SHUT,
    ) -> None:
        """`clock_s` is Unix time, for tokens; `steady_clock_s` monotonic, for everything else."""
        self.clock_s = clock_s
        self.steady_clock_s = steady_clock_s
        self._max_bytes = max_bytes
        self._answers: OrderedDict[bytes, HotAnswer] = OrderedDict()
        self._by_tag: defaultdict[str, set[bytes]] = defaultdict(set)
        self._by_token: defaultdict[str, set[bytes]] = defaultdict(set)
        self._held_bytes = 0
        self._date_of = Dates()
        self._hits: dict[str, HitCount] = {}
        self.open_until_s = open_until_s
        self.moment = 0
        """Grows with each drop: an answer that was looked up before a drop may not be added after it."""
        self.peek = self._answers.get
        """`peek(head)`: the answer for this head, whether or not it may be given now. Ask `may_be_given`."""

    def __repr__(self) -> str:
        return f"<hot table: {len(self._answers)} answers, {self._held_bytes} bytes>"

    def __len__(self) -> int:
        return len(self._answers)

    @property
    def held_bytes(self) -> int:
        """What the answers and their heads take."""
        return self._held_bytes

    def hits_of(self, route: str) -> HitCount:
        """Where the answers given on a route are counted."""
        return self._hits.setdefault(route, HitCount(route))

    def counted_hits(self) -> dict[str, int]:
        """Answers given since the last call, by route."""
        counted = {count.route: count.number for count in self._hits.values() if count.number}
        for count in self._hits.values():
            count.number = 0
        return counted

    def may_be_given(self, head: bytes, answer: HotAnswer, steady_s: float) -> bool:
        """Whether `answer`, which stands under `head`, may be given at this moment; then `answer.head` is of now."""
        if steady_s >= self.open_until_s:
            return False
        return steady_s < answer.good_until_s or self._renew(head, answer, steady_s)

    def add(self, head: bytes, answer: HotAnswer, moment: int) -> bool:
        """Keep an answer; False when something was dropped since `moment`, or it is not usable or too large."""
        steady_s = self.steady_clock_s()
        if moment != self.moment or steady_s >= self.open_until_s:
            return False
        if not answer.is_usable(self.clock_s(), steady_s):
            return False
        size_bytes = answer.size_bytes + len(head)
        if size_bytes > self._max_bytes // 8:
            return False
        self._forget(head)
        self._answers[head] = answer
        self._by_tag[answer.tag].add(head)
        self._by_token[answer.token_id].add(head)
        self._held_bytes += size_bytes
        while self._held_bytes > self._max_bytes:
            self._forget(next(iter(self._answers)))
        return True

    def open_until(self, until_s: float) -> None:
        """Answers may be given until then."""
        self.open_until_s = until_s

    def drop_tags(self, tags: Iterable[str]) -> None:
        """What was made from any of `tags` is no longer true."""
        for tag in tags:
            self.drop_tag(tag)

    def drop_tokens(self, token_ids: Iterable[str]) -> None:
        """These tokens are no longer good."""
        for token_id in token_ids:
            self.drop_token(token_id)

    def on_revoked(self, jti: str) -> None:
        """See `RevocationListener`."""
        self.drop_token(jti)

    def drop_tag(self, tag: str) -> None:
        """What was made from `tag` is no longer true."""
        self.moment += 1
        for head in tuple(self._by_tag.get(tag, ())):
            self._forget(head)

    def drop_token(self, token_id: str) -> None:
        """This token is no longer good."""
        self.moment += 1
        for head in tuple(self._by_token.get(token_id, ())):
            self._forget(head)

    def clear(self) -> None:
        """Forget everything: the cache was flushed, a key was rotated, or writes may have been missed."""
        self.moment += 1
        self._answers.clear()
        self._by_tag.clear()
        self._by_token.clear()
        self._held_bytes = 0

    def _renew(self, head: bytes, answer: HotAnswer, steady_s: float) -> bool:
        now_s = self.clock_s()
        if not answer.is_usable(now_s, steady_s):
            self._forget(head)
            return False
        self._answers.move_to_end(head)
        answer.render(now_s, steady_s, self._date_of)
        return True

    def _forget(self, head: bytes) -> None:
        answer = self._answers.pop(head, None)
        if answer is None:
            return
        self._held_bytes -= answer.size_bytes + len(head)
        for index, name in ((self._by_tag, answer.tag), (self._by_token, answer.token_id)):
            index[name].discard(head)
            if not index[name]:
                del index[name]
