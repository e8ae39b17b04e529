"""The task itself, on a clock that only its own sleep moves."""

import pytest

from scalelab.contracts.long_tasks import LongTaskRequest
from scalelab.contracts.records import Record, record_checksum
from scalelab.stack.worker.long_task import AttemptFailed, Pace, run_long_task
from scalelab.stack.worker.record_source import SourceFault

LAST_KEY = 1000


class Time:
    def __init__(self):
        self.now_s = 100.0

    async def sleep(self, duration_s):
        self.now_s += duration_s


class Source:
    """Records 1 to 1000; each fetch takes `takes_s`."""

    def __init__(self, time, takes_s=0.0, fails_at=None):
        self.asked = []
        self._time = time
        self._takes_s = takes_s
        self._fails_at = fails_at

    async def fetch(self, first_key, count):
        self.asked.append((first_key, count))
        self._time.now_s += self._takes_s
        if len(self.asked) == self._fails_at:
            return SourceFault("database service: status 503")
        return tuple(record(key) for key in range(first_key, min(first_key + count, LAST_KEY + 1)))


def record(key):
    value = f"value {key}"
    return Record(key=key, version=1, value=value, checksum=record_checksum(key, 1, value))


async def run(request, source, time, attempt=1):
    reports = []

    def report(progress):
        reports.append((round(progress, 6), round(time.now_s - 100, 6)))

    result = await run_long_task(request, attempt, source.fetch, report, Pace(lambda: time.now_s, time.sleep))
    return result, reports


@pytest.mark.parametrize("takes_s", [0.0, 0.2])
async def test_the_duration_is_spread_over_the_steps(takes_s):
    """Twenty steps, each ending on time, however much of it the fetch took."""
    time = Time()
    source = Source(time, takes_s)
    result, reports = await run(LongTaskRequest(duration_s=10, first_key=5, count=40), source, time)

    assert source.asked == [(5 + 2 * step, 2) for step in range(20)]
    assert reports == [(round(step / 20, 6), step * 0.5) for step in range(1, 21)]
    assert result["records"] == 40
    assert result["value_bytes"] == sum(len(f"value {key}") for key in range(5, 45))


async def test_a_database_slower_than_the_pace_is_not_waited_for_further():
    """The duration is the least, not the most."""
    time = Time()
    _, reports = await run(LongTaskRequest(duration_s=1, count=20), Source(time, takes_s=1.0), time)

    assert reports[-1] == (1, 20)


@pytest.mark.parametrize(
    ("count", "fetches"), [(1, [(1, 1)]), (21, [*((1 + 2 * n, 2) for n in range(10)), (21, 1)]), (10_000, None)]
)
async def test_every_record_is_fetched_once(count, fetches):
    """In at most twenty steps of at most 500 records."""
    time = Time()
    source = Source(time)
    await run(LongTaskRequest(duration_s=0, count=count), source, time)

    assert sum(size for _, size in source.asked) == count
    assert len(source.asked) <= 20
    assert max(size for _, size in source.asked) <= 500
    assert source.asked == (fetches or source.asked)


async def test_the_result_is_that_of_the_records_alone():
    """Same range, same result; another range, another checksum; an end of the data is no fault."""
    time = Time()
    first, _ = await run(LongTaskRequest(duration_s=1, count=30), Source(time), time)
    again, _ = await run(LongTaskRequest(duration_s=9, count=30), Source(time, 0.5), time)
    other, _ = await run(LongTaskRequest(duration_s=0, first_key=2, count=30), Source(time), time)
    at_the_end, _ = await run(LongTaskRequest(duration_s=0, first_key=991, count=30), Source(time), time)

    assert first == again
    assert first["checksum"] != other["checksum"]
    assert at_the_end["records"] == 10


async def test_a_fault_of_the_database_fails_the_attempt():
    """At once, in its words."""
    time = Time()
    source = Source(time, fails_at=3)
    result, reports = await run(LongTaskRequest(duration_s=10, count=40), source, time)

    assert result == AttemptFailed("database service: status 503")
    assert len(reports) == 2


async def test_attempts_fail_on_purpose_as_asked():
    """The first two of three."""
    time = Time()
    request = LongTaskRequest(duration_s=0, count=40, fail_attempts=2)
    results = [(await run(request, Source(time), time, attempt))[0] for attempt in (1, 2, 3)]

    assert results[0] == AttemptFailed("attempt 1 of 2 that fail on purpose")
    assert results[1] == AttemptFailed("attempt 2 of 2 that fail on purpose")
    assert results[2]["records"] == 40
