"""What happened in each tenth of a second: fine enough to see how long a fault was felt. Pure; generators add up."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from scalelab.contracts.http_names import FROM_CACHE
from scalelab.lab.results.recording import FineRecord

STEP_S = 0.1
_FIELDS = ("completed", "failed", "hits", "slowest_s")


@dataclass
class FineTimeline:
    """By tenth from the start of the load. A tenth in which nothing happened is not there."""

    completed: Counter[int] = field(default_factory=Counter)
    """Good answers that arrived in it."""
    failed: Counter[int] = field(default_factory=Counter)
    """Requests that failed or timed out in it."""
    hits: Counter[int] = field(default_factory=Counter)
    """Of its good answers, those from the cache."""
    slowest_s: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))
    """Of its good answers, from the intended start."""

    def complete(self, now_s: float, latency_s: float) -> None:
        """A good answer."""
        tenth = int(now_s / STEP_S)
        self.completed[tenth] += 1
        self.slowest_s[tenth] = max(self.slowest_s[tenth], latency_s)

    def note_cache(self, now_s: float, outcome: str) -> None:
        """What the cache header of a good answer said."""
        self.hits[int(now_s / STEP_S)] += outcome in FROM_CACHE

    def fail(self, now_s: float) -> None:
        """None, or a bad one."""
        self.failed[int(now_s / STEP_S)] += 1

    def add(self, other: "FineTimeline") -> None:
        """Merge another generator's."""
        self.completed.update(other.completed)
        self.failed.update(other.failed)
        self.hits.update(other.hits)
        for tenth, slowest_s in other.slowest_s.items():
            self.slowest_s[tenth] = max(self.slowest_s[tenth], slowest_s)

    def as_json(self) -> dict[str, Any]:
        """For a pipe; `from_json` reads it."""
        return {name: list(getattr(self, name).items()) for name in _FIELDS}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "FineTimeline":
        """What `as_json` gave."""
        return cls(
            Counter(dict(document["completed"])),
            Counter(dict(document["failed"])),
            Counter(dict(document["hits"])),
            defaultdict(float, dict(document["slowest_s"])),
        )

    def as_record(self, elapsed_s: float) -> FineRecord:
        """Every tenth until then, those in which nothing happened included."""
        steps = range(int(elapsed_s / STEP_S) + 1)
        return FineRecord(
            step_s=STEP_S,
            completed=tuple(self.completed[step] for step in steps),
            failed=tuple(self.failed[step] for step in steps),
            hits=tuple(self.hits[step] for step in steps),
            slowest_s=tuple(self.slowest_s.get(step, 0.0) for step in steps),
        )
