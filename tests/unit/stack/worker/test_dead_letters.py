"""The operator's list, and what can be done with it."""

from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from scalelab.stack.task_queue import Failed
from scalelab.stack.task_queue.absent import AbsentTaskQueue
from scalelab.stack.worker.dead_letters import dead_letter_routes


@asynccontextmanager
async def operator(queue):
    """`await ask(method, path)`: status and document."""
    app = web.Application()
    app.add_routes(dead_letter_routes(queue))
    async with TestClient(TestServer(app)) as client:

        async def ask(method, path):
            answer = await client.request(method, path)
            return answer.status, await answer.json()

        yield ask


async def given_up(bench):
    task = await bench.submitted()
    await bench.queue.settle(await bench.queue.claim(task, "w:a", 4), Failed("broken for good", None))
    bench.clock.now_s += 1
    return task


async def test_tasks_that_were_given_up_are_listed_newest_first(bench):
    """Of every user, with the reason."""
    tasks = [await given_up(bench) for _ in range(2)]

    async with operator(bench.queue) as ask:
        status, document = await ask("GET", "/dead-letters")

    assert status == 200
    assert [(letter["id"], letter["error"]) for letter in document["dead_letters"]] == [
        (tasks[1], "broken for good"),
        (tasks[0], "broken for good"),
    ]


async def test_one_is_tried_again_and_one_dropped(bench):
    """Each answers with the task; a second time there is nothing to do, and it says so."""
    first, second = [await given_up(bench) for _ in range(2)]

    async with operator(bench.queue) as ask:
        retried = await ask("POST", f"/dead-letters/{first}/retry")
        dropped = await ask("DELETE", f"/dead-letters/{second}")
        again = [await ask("POST", f"/dead-letters/{first}/retry"), await ask("DELETE", f"/dead-letters/{second}")]
        _, left = await ask("GET", "/dead-letters")

    assert (retried[0], retried[1]["id"], retried[1]["state"], retried[1]["attempts"]) == (200, first, "queued", 0)
    assert (dropped[0], dropped[1]["id"], dropped[1]["state"]) == (200, second, "dead")
    assert again[0] == (409, {"detail": "the task is queued, no dead letter"})
    assert again[1][0] == 404
    assert left == {"dead_letters": []}


async def test_a_queue_that_is_gone_is_503():
    """With the reason, for an operator, on every route."""
    async with operator(AbsentTaskQueue()) as ask:
        answers = [
            await ask("GET", "/dead-letters"),
            await ask("POST", "/dead-letters/x/retry"),
            await ask("DELETE", "/dead-letters/x"),
        ]

    assert answers == [(503, {"detail": "this stack has no task queue"})] * 3
