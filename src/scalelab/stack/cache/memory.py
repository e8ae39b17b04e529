"""The engine in this process's own memory: bounded, forgets the least recently used, never faults."""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from scalelab.stack.cache.base import FaultKind, Lookup, Turn

MAX_ENTRIES = 100_000
MAX_BYTES = 64 * 1024 * 1024
MAX_FENCES = 100_000
"""Remembered invalidations. Beyond them the older half goes, and fills that began before those are refused."""

MAX_ALONE = 10_000

_Place = tuple[str, bytes]


class MemoryCache:
    """Entries of one process; another process sees none of them."""

    def __init__(
        self,
        *,
        clock_s: Callable[[], float] = monotonic,
        max_entries: int = MAX_ENTRIES,
        max_bytes: int = MAX_BYTES,
        max_fences: int = MAX_FENCES,
    ) -> None:
        self._clock_s = clock_s
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._max_fences = max_fences
        self._entries: OrderedDict[_Place, tuple[float, bytes]] = OrderedDict()
        self._keys_of_tag: dict[str, set[bytes]] = {}
        self._held_bytes = 0
        self._moment = 0  # grows with each invalidation and flush; a fence is the moment of a lookup
        self._floor = 0
        self._invalidated_at: dict[str, int] = {}  # in the order of their moments
        self._holds: dict[str, dict[str, float]] = {}  # tag -> writer -> until when its write may last
        self._alone_until_s: OrderedDict[_Place, float] = OrderedDict()

    def __repr__(self) -> str:
        return f"<memory cache: {len(self._entries)} entries, {self._held_bytes} bytes>"

    async def get(self, key: bytes, tag: str, *, claims: bool = False) -> Lookup:
        """See `Cache.get`. In one process there is no need of leases: whoever misses leads."""
        place = (tag, key)
        generation = max(self._floor, self._invalidated_at.get(tag, 0))
        entry = self._entries.get(place)
        if entry is not None:
            expires_at_s, value = entry
            remaining_s = expires_at_s - self._clock_s()
            if remaining_s > 0:
                self._entries.move_to_end(place)
                return Lookup(value=value, fence=self._moment, remaining_s=remaining_s, generation=generation)
            self._forget(place)
        return Lookup(fence=self._moment, generation=generation, turn=self._turn(place) if claims else "lead")

    async def put(self, key: bytes, value: bytes, *, ttl_s: float, tag: str, fence: int) -> bool:
        """See `Cache.put`."""
        if fence < max(self._floor, self._invalidated_at.get(tag, 0)) or len(value) > self._max_bytes:
            return False
        if self._is_held(tag):
            return False
        place = (tag, key)
        self._forget(place)
        self._entries[place] = (self._clock_s() + ttl_s, value)
        self._keys_of_tag.setdefault(tag, set()).add(key)
        self._held_bytes += len(value)
        while len(self._entries) > self._max_entries or self._held_bytes > self._max_bytes:
            self._forget(next(iter(self._entries)))
        return True

    async def release(self, key: bytes, tag: str, *, fence: int, alone_s: float = 0.0) -> None:
        """See `Cache.release`."""
        if alone_s > 0 and fence >= max(self._floor, self._invalidated_at.get(tag, 0)):
            self._alone_until_s[(tag, key)] = self._clock_s() + alone_s
            self._alone_until_s.move_to_end((tag, key))
            if len(self._alone_until_s) > MAX_ALONE:
                self._alone_until_s.popitem(last=False)

    async def invalidate(self, *tags: str, writer: str = "", hold_s: float = 0.0) -> FaultKind | None:
        """See `Cache.invalidate`."""
        self._moment += 1
        for tag in tags:
            self._hold(tag, writer, hold_s)
            self._invalidated_at.pop(tag, None)
            self._invalidated_at[tag] = self._moment
            for key in tuple(self._keys_of_tag.get(tag, ())):
                self._forget((tag, key))
        if len(self._invalidated_at) > self._max_fences:
            self._forget_older_fences()
        return None

    async def flush(self) -> FaultKind | None:
        """See `Cache.flush`."""
        self._moment += 1
        self._floor = self._moment
        self._invalidated_at.clear()
        self._alone_until_s.clear()
        self._entries.clear()
        self._keys_of_tag.clear()
        self._held_bytes = 0
        return None

    async def ping(self) -> FaultKind | None:
        """Always answers."""
        return None

    async def aclose(self) -> None:
        """Forgets everything."""
        await self.flush()

    def _turn(self, place: _Place) -> Turn:
        if self._is_held(place[0]):
            return "held"
        return "alone" if self._alone_until_s.get(place, 0.0) > self._clock_s() else "lead"

    def _hold(self, tag: str, writer: str, hold_s: float) -> None:
        writers = self._holds.setdefault(tag, {})
        if hold_s > 0:
            writers[writer] = self._clock_s() + hold_s
        else:
            writers.pop(writer, None)
        if not writers:
            del self._holds[tag]

    def _is_held(self, tag: str) -> bool:
        now_s = self._clock_s()
        return any(until_s > now_s for until_s in self._holds.get(tag, {}).values())

    def _forget(self, place: _Place) -> None:
        entry = self._entries.pop(place, None)
        if entry is None:
            return
        self._held_bytes -= len(entry[1])
        tag, key = place
        keys = self._keys_of_tag[tag]
        keys.discard(key)
        if not keys:
            del self._keys_of_tag[tag]

    def _forget_older_fences(self) -> None:
        for tag in list(self._invalidated_at)[: len(self._invalidated_at) // 2]:
            self._floor = self._invalidated_at.pop(tag)
