"""What a lease keeper does for a worker that speaks, and for one that is silent."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from scalelab.stack.task_queue import Stopped
from scalelab.stack.worker.keeping import Keeping, is_stopped, keep

LEASE_S = 4.0


@pytest.fixture
async def kept(bench):
    """A claimed task, its keeper, and what that has said."""
    task = await bench.submitted()
    claim = await bench.queue.claim(task, "worker-1:a", LEASE_S)
    said, process = [], SimpleNamespace(is_stopped=False)
    keeping = Keeping(bench.desk, LEASE_S, 60.0, is_stopped=lambda: process.is_stopped, say=said.append)
    keeping.hear(json.dumps([[task, claim.owner, 0.5]]).encode(), 100.0)
    return SimpleNamespace(task=task, keeping=keeping, said=said, process=process)


async def lives(bench, kept) -> bool:
    """Whether the lease is there 3 s later: it was 2 s old, so only if it has been renewed since."""
    bench.clock.now_s += 3.0
    await bench.queue.sweep(9)
    return (await bench.view(kept.task)).state in {"running", "cancelling"}


async def test_a_silent_worker_keeps_its_leases(bench, kept):
    """And is told when it was vouched for, and for what."""
    bench.clock.now_s += 2.0
    await kept.keeping.vouch(101.0)

    assert await lives(bench, kept)
    assert [json.loads(line) for line in kept.said] == [[101.0, ["worker-1:a"]]]


async def test_a_stopped_worker_is_not_vouched_for(bench, kept):
    """It cannot go on by itself; who knows when it is let."""
    kept.process.is_stopped = True
    bench.clock.now_s += 2.0
    await kept.keeping.vouch(101.0)

    assert not await lives(bench, kept)
    assert kept.said == []


async def test_a_silence_without_end_is_not_vouched_for(bench, kept):
    """Until it speaks again."""
    bench.clock.now_s += 2.0
    await kept.keeping.vouch(160.5)

    assert not await lives(bench, kept)
    assert kept.said == []


async def test_what_the_worker_has_lost_or_ended_is_forgotten(bench, kept):
    """A cancelled task is the worker's until it has heard of that; a claim that is another's by now is not."""
    await bench.queue.cancel(kept.task, "ada")
    await kept.keeping.vouch(101.0)
    await bench.queue.settle(SimpleNamespace(task_id=kept.task, owner="worker-1:a"), Stopped())
    await kept.keeping.vouch(102.0)
    await kept.keeping.vouch(103.0)

    assert [json.loads(line) for line in kept.said] == [[101.0, ["worker-1:a"]], [102.0, []]]


async def test_a_queue_that_does_not_answer_is_asked_again(bench, kept):
    """Nothing is said that is not known."""
    bench.desk.is_gone = True
    await kept.keeping.vouch(101.0)
    bench.desk.is_gone = False
    await kept.keeping.vouch(102.0)

    assert [json.loads(line)[0] for line in kept.said] == [102.0]


async def test_it_ends_with_its_worker(bench, kept):
    """A worker that speaks needs no keeper; the end of the connection is its end."""
    lines = [b"[]\n", b""]

    async def read():
        return lines.pop(0)

    await asyncio.wait_for(keep(kept.keeping, read, 60.0), 5)

    assert kept.said == []


@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_a_process_that_is_stopped_or_gone_cannot_go_on(monkeypatch, system):
    """As Linux tells it by a file, and as it is asked elsewhere."""
    monkeypatch.setattr(sys, "platform", system)
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    running = is_stopped(process.pid)
    process.send_signal(signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)
    stopped = is_stopped(process.pid)
    process.kill()
    process.communicate()

    assert (running, stopped, is_stopped(process.pid), is_stopped(os.getpid())) == (False, True, True, False)
