"""The engine in memory and the one on Valkey answer alike, whatever is asked in whatever order."""

import itertools
import random
import uuid
from functools import partial

import pytest

from scalelab.contracts.long_tasks import LongTaskRequest
from scalelab.stack.task_queue import (
    AlreadyFinished,
    Beat,
    Claim,
    Failed,
    HandedBack,
    Stopped,
    Submission,
    Submitted,
    Succeeded,
    Sweep,
)

OUTCOMES = (Succeeded({"n": 1}), Failed("no", 2.0), Failed("no", 0.0), Failed("no", None), HandedBack(), Stopped())
STEPS = 120
ACTS = ("submit", "claim", "claim", "settle", "renew", "cancel", "sweep", "sleep", "view", "dead", "retry", "drop")


@pytest.mark.parametrize("seed", range(12))
async def test_both_engines_tell_the_same_story(memory_engine, valkey_engine, monkeypatch, seed):
    """A random walk over all operations, with retries, dead workers and cancellations."""
    stories = []
    for name, engine in (("memory", memory_engine), ("valkey", valkey_engine)):
        ids = map(uuid.UUID, map("{:032x}".format, itertools.count()))  # they order what one millisecond brings
        monkeypatch.setattr(f"scalelab.stack.task_queue.{name}.uuid4", partial(next, ids))
        stories.append(await _story(engine, random.Random(seed)))

    assert stories[0] == stories[1]


async def _story(engine, draws):  # noqa: C901, PLR0912  one case for each operation
    """Ids are told by their order of birth, so that two engines can be compared."""
    names, claims, told = {}, [], []
    for _ in range(STEPS):
        _tick(engine)
        match draws.choice(ACTS):
            case "submit":
                key = draws.choice([None, "a", "b"])
                request = LongTaskRequest(count=draws.choice([1, 2]))
                answer = await engine.queue.submit(Submission(draws.choice(["ada", "bob"]), request, key))
                if isinstance(answer, Submitted):
                    names.setdefault(answer.view.id, f"task {len(names)}")
            case "claim":
                task_id = engine.delivered()
                answer = task_id and await engine.queue.claim(task_id, f"w:{len(claims)}", 3.0)
                claims += [answer] if isinstance(answer, Claim) else []
            case "settle" if claims:
                answer = await engine.queue.settle(draws.choice(claims), draws.choice(OUTCOMES))
            case "renew" if claims:
                beats = [Beat(claim.task_id, claim.owner, round(draws.random(), 2)) for claim in claims[-3:]]
                answer = [await engine.queue.renew(beats, 3.0)]
                for beat in beats:  # each lease ends at a time of its own, so that a sweep has one order
                    _tick(engine)
                    answer.append(await engine.queue.renew([beat], 3.0))
            case "cancel" if names:
                answer = await engine.queue.cancel(draws.choice(list(names)), draws.choice(["ada", "bob"]))
            case "sweep":
                answer = _in_any_order(await engine.queue.sweep(3), names)
            case "view" if names:
                answer = await engine.queue.view(draws.choice(list(names)), "ada")
            case "retry" if names:
                answer = await engine.queue.retry(draws.choice(list(names)))
            case "drop" if names:
                answer = await engine.queue.drop(draws.choice(list(names)))
            case "dead":
                answer = await engine.queue.dead_letters(draws.choice([None, "ada"]), 100)
                answer = sorted(answer, key=lambda task: names[task.id])
            case _:
                answer = None
                engine.clock.now_s = round(engine.clock.now_s + draws.choice([0.125, 0.5, 1.0]), 3)
        told.append(_named(answer, names))
    return told


def _tick(engine):
    """Whole milliseconds, as the server counts them."""
    engine.clock.now_s = round(engine.clock.now_s + 0.001, 3)


def _in_any_order(sweep, names):
    """Tasks whose leases end in the same millisecond have no order."""
    retried, dead, released = (
        tuple(sorted(names[i] for i in ids)) for ids in (sweep.retried, sweep.dead, sweep.released)
    )
    return Sweep(retried, dead, released, sweep.waiting)


def _named(answer, names):
    kind = "finished " if isinstance(answer, AlreadyFinished) else ""
    text = kind + repr(answer)
    for task_id, name in names.items():
        text = text.replace(task_id, name)
    return text
