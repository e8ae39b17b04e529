"""Runs and their ends."""

import asyncio

from scalelab.stack.task_queue import Succeeded
from scalelab.stack.worker.long_task import AttemptFailed


async def test_a_run_settles_what_the_job_returned(bench):
    """The result in the record, the outcome in the metrics, each claim under a name of its own."""
    tasks = [await bench.submitted(), await bench.submitted()]
    for task in tasks:
        run = await bench.started(task)
        bench.answers.put_nowait({"n": 1})
        await run

    views = [await bench.view(task) for task in tasks]
    assert [(view.state, view.result) for view in views] == [("succeeded", {"n": 1})] * 2
    assert bench.count("succeeded") == 2
    assert len({claim.owner for claim in bench.claims}) == 2


async def test_a_failed_attempt_waits_for_its_retry_and_the_last_one_is_given_up(bench):
    """Half of the first backoff, as drawn."""
    task = await bench.submitted()
    first = await bench.started(task)
    bench.answers.put_nowait(AttemptFailed("database service: 503"))
    await first
    retrying = await bench.view(task)
    bench.clock.now_s += 0.4
    too_soon = await bench.queue.sweep(2)
    bench.clock.now_s += 0.1
    due = await bench.queue.sweep(2)
    second = await bench.started(task)
    bench.answers.put_nowait(AttemptFailed("database service: 503"))
    await second

    assert (retrying.state, retrying.error) == ("retrying", "database service: 503")
    assert (too_soon.released, due.released) == ((), (task,))
    assert (await bench.view(task)).state == "dead"
    assert (bench.count("failed"), bench.count("dead")) == (1, 1)


async def test_a_job_that_raises_is_a_failed_attempt(bench):
    """Without the exception's text, which may hold anything."""
    task = await bench.submitted()
    run = await bench.started(task)
    bench.answers.put_nowait(ValueError("password=hunter2"))
    await run

    view = await bench.view(task)
    assert (view.state, view.error) == ("retrying", "unexpected ValueError")


async def test_a_message_without_work_starts_nothing(bench):
    """Unknown, or taken by another already."""
    task = await bench.submitted()
    run = await bench.started(task)
    await bench.runner.run(task)
    await bench.runner.run("0" * 32)
    bench.answers.put_nowait({})
    await run

    assert len(bench.claims) == 1


async def test_progress_travels_with_the_beat(bench):
    """The owner sees it while the task runs."""
    task = await bench.submitted()
    run = await bench.started(task)
    bench.reports[0](0.25)
    await bench.runner.renew()
    seen = await bench.view(task)
    bench.answers.put_nowait({})
    await run

    assert (seen.state, seen.progress) == ("running", 0.25)


async def test_a_cancellation_is_obeyed_with_the_next_beat(bench):
    """Even by a job that waits for ever."""
    task = await bench.submitted()
    run = await bench.started(task)
    await bench.queue.cancel(task, "ada")
    await bench.runner.renew()
    await run

    assert (await bench.view(task)).state == "cancelled"
    assert bench.count("cancelled") == 1


async def test_a_run_whose_task_is_anothers_by_now_stops_and_settles_nothing(bench):
    """The other one's result counts."""
    task = await bench.submitted()
    run = await bench.started(task)
    bench.clock.now_s += 3600
    await bench.queue.sweep(2)
    claim = await bench.queue.claim(task, "worker-2:b", 60)
    await bench.runner.renew()
    await run
    await bench.queue.settle(claim, Succeeded({"by": 2}))

    assert (await bench.view(task)).result == {"by": 2}
    assert bench.count("succeeded") == 0


async def test_a_run_that_cannot_renew_its_lease_ends_before_the_lease_does(bench_with_a_short_lease):
    """The queue may give the task away from then on, so nobody may work on it here."""
    bench = bench_with_a_short_lease
    task = await bench.submitted()
    run = await bench.started(task)
    bench.desk.is_gone = True
    await bench.runner.renew()
    await run

    assert (await bench.view(task)).state == "running"
    assert bench.pauses.empty()


async def test_a_run_goes_on_while_the_keeper_renews_its_lease(bench_with_a_short_lease):
    """What this process could not do is asked about when the lease would be over; then the run ends as before."""
    bench = bench_with_a_short_lease
    task = await bench.submitted()
    bench.keeper.answers_s = [asyncio.get_running_loop().time() + after_s for after_s in (0.02, 0.04)]
    run = await bench.started(task)
    await run

    assert bench.keeper.answers_s == []
    assert bench.keeper.told == [[task], []]
    assert (await bench.view(task)).state == "running"


async def test_a_renewed_lease_moves_the_end_of_the_run(bench):
    """And a beat that was not answered does not."""
    run = await bench.started(await bench.submitted())
    [known] = bench.runner._runs
    ends_s = [known.fence.when()]
    for is_gone in (False, True):
        bench.desk.is_gone = is_gone
        await bench.runner.renew()
        ends_s.append(known.fence.when())
    bench.desk.is_gone = False
    bench.answers.put_nowait({})
    await run

    assert ends_s[0] < ends_s[1] == ends_s[2]
    assert known.fence.cancelled()


async def test_a_message_is_not_given_up_while_the_queue_is_gone(bench):
    """Claiming is tried again until there is an answer."""
    task = await bench.submitted()
    bench.desk.is_gone = True
    run = asyncio.create_task(bench.runner.run(task))
    await bench.pauses.get()
    bench.desk.is_gone = False
    bench.answers.put_nowait({})
    await run

    assert (await bench.view(task)).state == "succeeded"


async def test_a_result_is_kept_while_the_queue_is_gone(bench):
    """Settling is tried again until there is an answer."""
    task = await bench.submitted()
    run = await bench.started(task)
    bench.desk.is_gone = True
    bench.answers.put_nowait({"n": 1})
    await bench.pauses.get()
    bench.desk.is_gone = False
    await run

    assert (await bench.view(task)).result == {"n": 1}


async def test_handing_back_stops_every_run_and_queues_its_task_in_front(bench):
    """The attempt does not count, and a message that comes later is handed back too."""
    tasks = [await bench.submitted() for _ in range(3)]
    bench.queue.messages.clear()
    runs = [await bench.started(task) for task in tasks[:2]]
    bench.runner.hand_back()
    await asyncio.gather(*runs)
    await bench.runner.run(tasks[2])

    views = [await bench.view(task) for task in tasks]
    assert [(view.state, view.attempts) for view in views] == [("queued", 0)] * 3
    assert sorted(bench.queue.messages) == sorted(tasks)


async def test_handing_back_waits_for_no_queue_that_is_gone(bench):
    """The stop is bounded; the lease will end by itself."""
    task = await bench.submitted()
    run = await bench.started(task)
    bench.desk.is_gone = True
    bench.runner.hand_back()
    await run

    assert (await bench.view(task)).state == "running"


async def test_the_running_are_counted(bench):
    """As the metric reads them."""
    run = await bench.started(await bench.submitted())
    during = bench.metrics.registry.get_sample_value("scalelab_tasks_running")
    bench.answers.put_nowait({})
    await run

    assert during == 1
    assert bench.metrics.registry.get_sample_value("scalelab_tasks_running") == 0


async def test_work_done_twice_is_counted_twice_though_recorded_once(bench):
    """The lease ended unnoticed, another run did the task as well: one success, two executions."""
    task = await bench.submitted()
    first = await bench.started(task)
    bench.clock.now_s += 3601.0
    await bench.queue.sweep(2)
    second = await bench.started(task)
    bench.answers.put_nowait({"n": 1})
    bench.answers.put_nowait({"n": 1})
    await asyncio.gather(first, second)

    executions = bench.metrics.registry.get_sample_value("scalelab_task_executions_total")
    assert (bench.count("succeeded"), executions) == (1, 2)


async def test_a_failed_attempt_is_no_execution(bench):
    """What is done again after it is not done twice."""
    task = await bench.submitted()
    run = await bench.started(task)
    bench.answers.put_nowait(AttemptFailed("database service: 503"))
    await run

    assert bench.metrics.registry.get_sample_value("scalelab_task_executions_total") == 0
