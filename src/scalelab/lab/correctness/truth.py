"""What a load knows of the truth: versions that it wrote, tasks that it handed in. Pure and bounded.

Only what was answered counts: a write without an answer may have happened or not, so it proves nothing.
"""

from bisect import bisect_right
from collections import OrderedDict

MOST_KEYS = 100_000
_MOST_WRITES_PER_KEY = 64


class AcknowledgedVersions:
    """Per key: since when no read that starts may see less. The least recently written keys are forgotten."""

    def __init__(self, most_keys: int = MOST_KEYS) -> None:
        self._most_keys = most_keys
        self._writes: OrderedDict[int, tuple[list[float], list[int]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._writes)

    def note(self, key: int, version: int, answered_s: float) -> None:
        """A write was answered with this version. To be told in the order of the answers."""
        moments, newest = self._writes.setdefault(key, ([], []))
        moments.append(answered_s)
        newest.append(max(version, newest[-1] if newest else 0))
        del moments[:-_MOST_WRITES_PER_KEY], newest[:-_MOST_WRITES_PER_KEY]
        self._writes.move_to_end(key)
        while len(self._writes) > self._most_keys:
            self._writes.popitem(last=False)

    def least_version(self, key: int, asked_s: float) -> int:
        """What a read that started then must see at least; 0 when nothing is known."""
        moments, newest = self._writes.get(key, ((), ()))
        place = bisect_right(moments, asked_s)
        return newest[place - 1] if place else 0


class Submissions:
    """Tasks by the name under which they were handed in: one name, one task, however often it is sent."""

    def __init__(self, most: int = MOST_KEYS) -> None:
        self._most = most
        self._ids: OrderedDict[str, str] = OrderedDict()

    def first_id(self, name: str, task_id: str) -> str:
        """The task that this name became before; empty for a new name, which is noted."""
        first = self._ids.get(name, "")
        if not first:
            self._ids[name] = task_id
            if len(self._ids) > self._most:
                self._ids.popitem(last=False)
        return first
