"""What every task queue promises: one suite over the engine in memory and the one on Valkey."""

import asyncio

import pytest

from scalelab.contracts.long_tasks import LongTaskRequest, LongTaskView
from scalelab.stack.task_queue import (
    AlreadyFinished,
    Beat,
    Claim,
    Failed,
    HandedBack,
    KeyReused,
    NotDead,
    QueueFull,
    Refused,
    Stopped,
    Submission,
    Submitted,
    Succeeded,
    Sweep,
)

LEASE_S = 4.0
REQUEST = LongTaskRequest(duration_s=1, first_key=7, count=3)


async def submitted(engine, **values) -> LongTaskView:
    answer = await engine.queue.submit(Submission(**{"subject": "ada", "request": REQUEST} | values))
    assert isinstance(answer, Submitted)
    return answer.view


async def claimed(engine, owner="worker-1:a") -> Claim:
    task_id = engine.delivered()
    assert task_id is not None
    claim = await engine.queue.claim(task_id, owner, LEASE_S)
    assert isinstance(claim, Claim)
    return claim


async def view(engine, task_id, subject="ada"):
    return await engine.queue.view(task_id, subject)


async def test_a_task_goes_from_queued_over_running_to_succeeded(engine):
    """The plain life of a task, as its owner sees it."""
    queued = await submitted(engine, request_id="r1")
    claim = await claimed(engine)
    await engine.queue.renew([Beat(claim.task_id, claim.owner, 0.25)], LEASE_S)
    running = await view(engine, queued.id)
    engine.clock.now_s += 2
    settled = await engine.queue.settle(claim, Succeeded({"records": 3}))

    succeeded = await view(engine, queued.id)
    assert (queued.state, queued.progress, queued.attempts) == ("queued", 0, 0)
    assert queued.submitted_at_s == engine.clock.now_s - 2
    assert (claim.attempt, claim.request, claim.request_id) == (1, REQUEST, "r1")
    assert (running.state, running.progress, running.attempts) == ("running", 0.25, 1)
    assert settled == "succeeded"
    assert (succeeded.state, succeeded.progress, succeeded.result) == ("succeeded", 1, {"records": 3})
    assert succeeded.finished_at_s == engine.clock.now_s
    assert engine.delivered() is None


async def test_tasks_are_delivered_in_the_order_of_their_submission(engine):
    """First in, first out."""
    ids = [(await submitted(engine)).id for _ in range(3)]

    assert [engine.delivered() for _ in range(4)] == [*ids, None]


async def test_another_subject_sees_and_cancels_nothing(engine):
    """A foreign task is an unknown task."""
    task = await submitted(engine)

    assert await view(engine, task.id, "bob") is None
    assert await engine.queue.cancel(task.id, "bob") is None
    assert (await view(engine, task.id)).state == "queued"
    assert await view(engine, "f" * 32) is None
    assert await engine.queue.cancel("f" * 32, "ada") is None


async def test_fifty_submissions_at_once_with_one_key_make_one_task(engine):
    """E13: the idempotency key is checked and taken in one step."""
    submission = Submission("ada", REQUEST, idempotency_key="k")
    answers = await asyncio.gather(*(engine.queue.submit(submission) for _ in range(50)))

    assert len({answer.view.id for answer in answers}) == 1
    assert sum(answer.is_new for answer in answers) == 1
    assert engine.delivered() == answers[0].view.id
    assert engine.delivered() is None


async def test_a_key_with_another_request_is_refused(engine):
    """E14."""
    await submitted(engine, idempotency_key="k")
    other = LongTaskRequest(duration_s=2, first_key=7, count=3)

    assert await engine.queue.submit(Submission("ada", other, idempotency_key="k")) == KeyReused()


async def test_a_key_counts_within_its_subject_only(engine):
    """E16: the key of one user says nothing about another's."""
    mine = await submitted(engine, idempotency_key="k")
    theirs = await submitted(engine, idempotency_key="k", subject="bob")

    assert mine.id != theirs.id


async def test_a_key_answers_with_the_finished_task_until_that_expires(engine):
    """A late retry of the client gets the result, not a second execution."""
    first = await submitted(engine, idempotency_key="k")
    await engine.queue.settle(await claimed(engine), Succeeded({}))

    again = await engine.queue.submit(Submission("ada", REQUEST, idempotency_key="k"))

    assert isinstance(again, Submitted)
    assert (again.view.id, again.view.state, again.is_new) == (first.id, "succeeded", False)


async def test_the_queue_is_bounded(engine):
    """E21: beyond the limit a task is refused; a known key is answered still; a finished task makes room."""
    for _ in range(4):
        await submitted(engine)
    await submitted(engine, idempotency_key="k")

    refused = await engine.queue.submit(Submission("ada", REQUEST))
    known = await engine.queue.submit(Submission("ada", REQUEST, idempotency_key="k"))
    await engine.queue.settle(await claimed(engine), Succeeded({}))
    accepted = await engine.queue.submit(Submission("ada", REQUEST))

    assert refused == QueueFull(5)
    assert isinstance(known, Submitted)
    assert isinstance(accepted, Submitted)


async def test_fifty_claims_at_once_give_one(engine):
    """A message that came twice starts one execution."""
    task = await submitted(engine)
    answers = await asyncio.gather(*(engine.queue.claim(task.id, f"w:{n}", LEASE_S) for n in range(50)))

    assert sum(isinstance(answer, Claim) for answer in answers) == 1
    assert {answer for answer in answers if not isinstance(answer, Claim)} == {Refused("is running")}


async def test_a_claim_may_be_asked_for_again_by_its_owner(engine):
    """A claim whose answer was lost on the way is the same claim, and one attempt."""
    await submitted(engine)
    claim = await claimed(engine)

    assert await engine.queue.claim(claim.task_id, claim.owner, LEASE_S) == claim


async def test_a_renewed_lease_outlives_its_first_length(engine):
    """E03: a task of three leases is not given to another."""
    task = await submitted(engine)
    claim = await claimed(engine)
    verdicts = []
    for _ in range(12):
        engine.clock.now_s += 1
        verdicts += await engine.queue.renew([Beat(task.id, claim.owner, 0.5)], LEASE_S)
        assert await engine.queue.sweep(3) == Sweep((), (), (), waiting=0)

    assert set(verdicts) == {"kept"}
    assert await engine.queue.claim(task.id, "worker-2:b", LEASE_S) == Refused("is running")


async def test_a_lease_that_ran_out_puts_the_task_in_front(engine):
    """E01: what a dead worker left goes before what waits; the overslept owner has no say any more."""
    task = await submitted(engine)
    dead = await claimed(engine, "worker-1:a")
    later = await submitted(engine)
    engine.clock.now_s += LEASE_S - 0.001
    early = await engine.queue.sweep(3)
    engine.clock.now_s += 0.001
    swept = await engine.queue.sweep(3)
    again = await claimed(engine, "worker-2:b")

    assert early == Sweep((), (), (), waiting=1)
    assert swept == Sweep((task.id,), (), (), waiting=2)
    assert (again.task_id, again.attempt) == (task.id, 2)
    assert await engine.queue.renew([Beat(task.id, dead.owner, 0.9)], LEASE_S) == ("lost",)
    assert await engine.queue.settle(dead, Succeeded({"late": True})) is None
    assert (await view(engine, task.id)).progress == 0
    assert engine.delivered() == later.id


async def test_a_task_that_kills_each_worker_ends_as_a_dead_letter(engine):
    """E06: attempts are counted in the record, so nothing is tried for ever."""
    task = await submitted(engine)
    for _ in range(3):
        await claimed(engine)
        engine.clock.now_s += LEASE_S
        swept = await engine.queue.sweep(max_attempts=3)

    dead = await view(engine, task.id)
    assert swept == Sweep((), (task.id,), (), waiting=0)
    assert (dead.state, dead.attempts) == ("dead", 3)
    assert "worker was lost" in dead.error
    assert engine.delivered() is None


async def test_a_failure_is_retried_when_it_is_due(engine):
    """Waits out its delay, even when an old message comes early."""
    task = await submitted(engine)
    await engine.queue.settle(await claimed(engine), Failed("database: 503", retry_in_s=1.5))
    retrying = await view(engine, task.id)
    early = await engine.queue.claim(task.id, "w:early", LEASE_S)
    engine.clock.now_s += 1.4
    too_soon = await engine.queue.sweep(3)
    engine.clock.now_s += 0.1
    due = await engine.queue.sweep(3)
    claim = await claimed(engine)
    await engine.queue.settle(claim, Succeeded({}))

    assert (retrying.state, retrying.error, retrying.finished_at_s) == ("retrying", "database: 503", None)
    assert early == Refused("waits for its retry")
    assert too_soon == Sweep((), (), (), waiting=1)
    assert due == Sweep((), (), (task.id,), waiting=1)
    assert claim.attempt == 2
    assert (await view(engine, task.id)).error is None


async def test_dead_letters_are_listed_newest_first_to_their_owner(engine):
    """All of them for an operator, one's own for a user."""
    ids = []
    for subject in ("ada", "bob", "ada"):
        ids.append((await submitted(engine, subject=subject)).id)
        await engine.queue.settle(await claimed(engine), Failed("broken for good", retry_in_s=None))
        engine.clock.now_s += 1

    everyone = await engine.queue.dead_letters(None, 10)
    assert [task.id for task in everyone] == ids[::-1]
    assert {(task.state, task.error) for task in everyone} == {("dead", "broken for good")}
    assert [task.id for task in await engine.queue.dead_letters("ada", 10)] == [ids[2], ids[0]]
    assert [task.id for task in await engine.queue.dead_letters(None, 1)] == [ids[2]]
    assert await engine.queue.dead_letters("eve", 10) == ()


async def given_up(engine, **values) -> LongTaskView:
    task = await submitted(engine, **values)
    await engine.queue.settle(await claimed(engine), Failed("broken for good", retry_in_s=None))
    return await view(engine, task.id)


async def test_a_dead_task_that_is_tried_again_is_the_same_task(engine):
    """Same id, owner and idempotency key, attempts from the start, behind what waits; it does not expire."""
    dead = await given_up(engine, idempotency_key="k")
    waiting = await submitted(engine)
    retried = await engine.queue.retry(dead.id)
    listed = [await engine.queue.dead_letters(whose, 10) for whose in (None, "ada")]
    engine.clock.now_s += 1000
    known = await engine.queue.submit(Submission("ada", REQUEST, idempotency_key="k"))
    order = [engine.delivered()]
    claim = await claimed(engine)
    await engine.queue.settle(claim, Succeeded({}))

    done = await view(engine, dead.id)
    assert (retried.id, retried.subject, retried.state) == (dead.id, "ada", "queued")
    assert (retried.attempts, retried.progress, retried.error, retried.finished_at_s) == (0, 0, None, None)
    assert listed == [(), ()]
    assert (known.view.id, known.is_new) == (dead.id, False)
    assert order == [waiting.id]
    assert (claim.task_id, claim.attempt) == (dead.id, 1)
    assert (done.state, done.attempts) == ("succeeded", 1)


async def test_a_dead_task_that_is_dropped_is_unknown_and_its_key_free(engine):
    """Nothing of it is left."""
    dead = await given_up(engine, idempotency_key="k")
    dropped = await engine.queue.drop(dead.id)
    again = await engine.queue.submit(Submission("ada", REQUEST, idempotency_key="k"))

    assert dropped == dead
    assert await view(engine, dead.id) is None
    assert await engine.queue.dead_letters(None, 10) == ()
    assert again.is_new


@pytest.mark.parametrize("act", ["retry", "drop"])
async def test_only_a_dead_task_is_tried_again_or_dropped(engine, act):
    """Neither one that waits, nor one that runs, nor one that nobody knows; and nothing happens to it."""
    task = await submitted(engine)
    waiting = await getattr(engine.queue, act)(task.id)
    claim = await claimed(engine)
    running = await getattr(engine.queue, act)(task.id)

    assert waiting == NotDead(task)
    assert isinstance(running, NotDead)
    assert await getattr(engine.queue, act)("0" * 32) is None
    assert await engine.queue.settle(claim, Succeeded({})) == "succeeded"


async def test_a_full_queue_takes_no_dead_task_back(engine):
    """E21: the bound is a bound; the task stays a dead letter."""
    dead = await given_up(engine)
    for _ in range(5):
        await submitted(engine)

    assert await engine.queue.retry(dead.id) == QueueFull(5)
    assert (await view(engine, dead.id)).state == "dead"


async def test_the_worker_that_lost_a_task_has_no_say_when_it_is_tried_again(engine):
    """A late result of an attempt before the dead letter is not the task's result."""
    task = await submitted(engine)
    stale = await claimed(engine)
    engine.clock.now_s += LEASE_S
    await engine.queue.sweep(max_attempts=1)
    await engine.queue.retry(task.id)

    assert await engine.queue.settle(stale, Succeeded({"late": True})) is None
    assert await engine.queue.renew([Beat(task.id, stale.owner, 0.9)], LEASE_S) == ("lost",)
    assert (await view(engine, task.id)).state == "queued"


async def test_a_task_handed_back_is_next_and_its_attempt_does_not_count(engine):
    """E02: a worker that stops costs the task neither time nor an attempt."""
    task = await submitted(engine)
    claim = await claimed(engine)
    await submitted(engine)
    state = await engine.queue.settle(claim, HandedBack())
    again = await claimed(engine, "worker-2:b")

    assert state == "queued"
    assert (again.task_id, again.attempt) == (task.id, 1)


async def test_cancelling_before_the_start_means_that_it_never_starts(engine):
    """E19, before."""
    task = await submitted(engine)
    cancelled = await engine.queue.cancel(task.id, "ada")
    again = await engine.queue.cancel(task.id, "ada")

    assert cancelled.state == "cancelled"
    assert cancelled.finished_at_s == engine.clock.now_s
    assert again == cancelled
    assert await engine.queue.claim(engine.delivered(), "w:a", LEASE_S) == Refused("is cancelled")


async def test_cancelling_a_retry_that_waits_ends_it(engine):
    """E19, between two attempts."""
    task = await submitted(engine)
    await engine.queue.settle(await claimed(engine), Failed("no", retry_in_s=1))
    cancelled = await engine.queue.cancel(task.id, "ada")
    engine.clock.now_s += 2

    assert cancelled.state == "cancelled"
    assert await engine.queue.sweep(3) == Sweep((), (), (), waiting=0)
    assert engine.delivered() is None


@pytest.mark.parametrize(
    "outcome", [Stopped(), Succeeded({"too": "late"}), Failed("no", 1.0), Failed("no", None), HandedBack()]
)
async def test_cancelling_a_running_task_ends_it_whatever_its_attempt_came_to(engine, outcome):
    """E19, during: the worker hears of it with its next beat."""
    task = await submitted(engine)
    claim = await claimed(engine)
    answer = await engine.queue.cancel(task.id, "ada")
    verdicts = await engine.queue.renew([Beat(task.id, claim.owner, 0.5)], LEASE_S)
    state = await engine.queue.settle(claim, outcome)

    cancelled = await view(engine, task.id)
    assert (answer.state, verdicts, state) == ("cancelling", ("stop",), "cancelled")
    assert (cancelled.state, cancelled.result, cancelled.error) == ("cancelled", None, None)
    assert engine.delivered() is None


async def test_a_cancelled_task_whose_worker_died_is_cancelled_in_the_end(engine):
    """Nobody waits for a worker that is gone."""
    task = await submitted(engine)
    await claimed(engine)
    await engine.queue.cancel(task.id, "ada")
    engine.clock.now_s += LEASE_S

    assert await engine.queue.sweep(3) == Sweep((), (), (), waiting=0)
    assert (await view(engine, task.id)).state == "cancelled"


@pytest.mark.parametrize("outcome", [Succeeded({}), Failed("no", None)])
async def test_a_finished_task_is_not_cancelled(engine, outcome):
    """E19, after."""
    task = await submitted(engine)
    await engine.queue.settle(await claimed(engine), outcome)

    answer = await engine.queue.cancel(task.id, "ada")

    assert answer == AlreadyFinished(await view(engine, task.id))


async def test_a_claim_is_settled_once(engine):
    """The second answer finds nothing to end."""
    await submitted(engine)
    claim = await claimed(engine)

    assert await engine.queue.settle(claim, Succeeded({})) == "succeeded"
    assert await engine.queue.settle(claim, Failed("no", None)) is None
    assert await engine.queue.settle(claim, Stopped()) is None


async def test_an_unknown_task_is_neither_claimed_nor_renewed(engine):
    """A message can outlive its record."""
    assert await engine.queue.claim("0" * 32, "w:a", LEASE_S) == Refused("unknown")
    assert await engine.queue.renew([Beat("0" * 32, "w:a", 0)], LEASE_S) == ("lost",)
    assert await engine.queue.renew([], LEASE_S) == ()
