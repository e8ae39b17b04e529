"""What a worker does beside its tasks."""

import asyncio

import pytest

from scalelab.stack.service_kit.admin import Readiness
from scalelab.stack.worker.upkeep import Sweeper, keep_leases


class OutOfTimeError(Exception):
    pass


class Pauses:
    """Lets so many pauses pass."""

    def __init__(self, count):
        self.taken_s = []
        self._count = count

    async def __call__(self, duration_s):
        if len(self.taken_s) == self._count:
            raise OutOfTimeError
        self.taken_s.append(duration_s)


@pytest.fixture
def readiness():
    return Readiness()


@pytest.fixture
def sweeper(bench, readiness):
    return Sweeper(bench.desk, 2, bench.worker_metrics, readiness)


async def test_a_sweep_counts_what_it_finds(bench, sweeper):
    """Tasks of dead workers as failed or dead attempts, and how many tasks wait."""
    waiting, task = await bench.submitted(), await bench.submitted()
    for _ in range(2):
        await bench.queue.claim(task, "worker-9:x", 1)
        bench.clock.now_s += 1
        await sweeper.sweep()

    assert (bench.count("failed"), bench.count("dead")) == (1, 1)
    assert bench.metrics.registry.get_sample_value("scalelab_task_queue_length") == 1
    assert (await bench.view(waiting)).state == "queued"


async def test_a_worker_is_ready_while_its_queue_answers(bench, sweeper, readiness):
    """And says why it is not."""
    seen = []
    for is_gone in (True, False, True, False):
        bench.desk.is_gone = is_gone
        await sweeper.sweep()
        seen.append((readiness.is_ready, readiness.reason))

    gone = (False, "the task queue does not answer")
    assert seen == [gone, (True, ""), gone, (True, "")]


async def test_a_worker_that_no_message_can_reach_is_not_ready(bench, readiness):
    """Its task queue may be there all the same; the queue's own trouble comes first."""
    reasons = iter(["the broker does not answer", ""])
    sweeper = Sweeper(bench.desk, 2, bench.worker_metrics, readiness, lambda: next(reasons))
    seen = []
    for bench.desk.is_gone in (False, True, False):
        await sweeper.sweep()
        seen.append(readiness.reason)

    assert seen == ["the broker does not answer", "the task queue does not answer", ""]


async def test_sweeps_follow_one_another(sweeper):
    """Every half second, the first at once."""
    pauses = Pauses(3)
    with pytest.raises(OutOfTimeError):
        await sweeper.sweep_for_ever(pauses)

    assert pauses.taken_s == [0.5] * 3


@pytest.mark.parametrize(("lease_s", "beat_s"), [(4.0, 0.25), (1.0, 0.125)])
async def test_leases_are_renewed_well_before_they_end(bench, lease_s, beat_s):
    """Often enough that a cancellation is heard of in a quarter of a second, too."""
    task = await bench.submitted()
    run = await bench.started(task)
    bench.reports[0](0.5)
    pauses = Pauses(2)
    with pytest.raises(OutOfTimeError):
        await keep_leases(bench.runner, lease_s, pauses)
    seen = await bench.view(task)
    bench.answers.put_nowait({})
    await asyncio.wait_for(run, 5)

    assert pauses.taken_s == [beat_s] * 2
    assert seen.progress == 0.5
