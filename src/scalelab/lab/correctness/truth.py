"""What a load knows of the truth: versions that it wrote, tasks that it handed in. Pure and bounded.

Only what was answered counts: a write without an answer may have happened or not, so it proves nothing.
"""

from bisect import bisect_right
from collections import OrderedDict

MOST_KEYS = 100_000
_MOST_WRITES_PER_KEY = 64
LONGEST_READ_S = 600.0
"""No read takes longer: of the writes before, the last one is enough."""
MOST_NAMES_PER_SUBJECT = 64
"""A name is used again only while it is its subject's newest, or on its way."""


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
        settled = max(0, bisect_right(moments, answered_s - LONGEST_READ_S) - 1, len(moments) - _MOST_WRITES_PER_KEY)
        del moments[:settled], newest[:settled]
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

    def __init__(self, most_per_subject: int = MOST_NAMES_PER_SUBJECT) -> None:
        self._most = most_per_subject
        self._ids: dict[str, OrderedDict[str, str]] = {}

    def first_id(self, subject: str, name: str, task_id: str) -> str:
        """The task that this subject's name became before; empty for a new name, which is noted."""
        names = self._ids.setdefault(subject, OrderedDict())
        first = names.get(name, "")
        if not first:
            names[name] = task_id
            if len(names) > self._most:
                names.popitem(last=False)
        return first
