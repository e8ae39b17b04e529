"""The task itself: aggregates a range of records step by step, no faster than asked. Knows no queue and no clock."""

import math
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b

from scalelab.contracts.long_tasks import LongTaskRequest
from scalelab.contracts.records import Record
from scalelab.stack.worker.record_source import SourceFault

Fetch = Callable[[int, int], Awaitable[tuple[Record, ...] | SourceFault]]
Report = Callable[[float], None]

STEPS = 20
"""At most, of one task; each fetches at most 500 records."""


@dataclass(frozen=True)
class Pace:
    """Time as the task needs it."""

    now_s: Callable[[], float]
    sleep: Callable[[float], Awaitable[object]]


@dataclass(frozen=True)
class AttemptFailed:
    """The attempt came to nothing, and why, in a sentence for the task's owner."""

    error: str


class Aggregate:
    """What the records add up to; the same for the same records in the same order."""

    def __init__(self) -> None:
        self._records = 0
        self._value_bytes = 0
        self._digest = blake2b(digest_size=8)

    def add(self, records: tuple[Record, ...]) -> None:
        """Take in the next records."""
        for record in records:
            self._records += 1
            self._value_bytes += len(record.value.encode())
            self._digest.update(record.checksum.encode())

    def result(self) -> dict[str, object]:
        """As the task's owner gets it."""
        return {"records": self._records, "value_bytes": self._value_bytes, "checksum": self._digest.hexdigest()}


async def run_long_task(
    request: LongTaskRequest, attempt: int, fetch: Fetch, report: Report, pace: Pace
) -> dict[str, object] | AttemptFailed:
    """One attempt. May be cancelled at any await.

    Args:
        request: what to aggregate, and how long it must take at least.
        attempt: counts from 1; the first `request.fail_attempts` fail on purpose after their first step.
        fetch: records from a key on, at most so many.
        report: hears of the progress, 0 to 1, after each step.
        pace: clock and sleep.
    """
    started_s = pace.now_s()
    aggregate = Aggregate()
    steps = list(_steps(request))
    for done, (first_key, count) in enumerate(steps, start=1):
        records = await fetch(first_key, count)
        if isinstance(records, SourceFault):
            return AttemptFailed(records.detail)
        aggregate.add(records)
        due_s = started_s + request.duration_s * done / len(steps)
        await pace.sleep(max(0.0, due_s - pace.now_s()))
        report(done / len(steps))
        if attempt <= request.fail_attempts:
            return AttemptFailed(f"attempt {attempt} of {request.fail_attempts} that fail on purpose")
    return aggregate.result()


def _steps(request: LongTaskRequest) -> Iterator[tuple[int, int]]:
    """First key and count of each step."""
    size = math.ceil(request.count / STEPS)
    for offset in range(0, request.count, size):
        yield request.first_key + offset, min(size, request.count - offset)
