"""The operator's list."""

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from scalelab.stack.task_queue import Failed
from scalelab.stack.task_queue.absent import AbsentTaskQueue
from scalelab.stack.worker.dead_letters import dead_letter_route


async def asked(queue):
    app = web.Application()
    app.add_routes([dead_letter_route(queue)])
    async with TestClient(TestServer(app)) as client:
        answer = await client.get("/dead-letters")
        return answer.status, await answer.json()


async def test_tasks_that_were_given_up_are_listed_newest_first(bench):
    """Of every user, with the reason."""
    tasks = []
    for _ in range(2):
        tasks.append(await bench.submitted())
        claim = await bench.queue.claim(tasks[-1], "w:a", 4)
        await bench.queue.settle(claim, Failed("broken for good", None))
        bench.clock.now_s += 1

    status, document = await asked(bench.queue)

    assert status == 200
    assert [(letter["id"], letter["error"]) for letter in document["dead_letters"]] == [
        (tasks[1], "broken for good"),
        (tasks[0], "broken for good"),
    ]


async def test_a_queue_that_is_gone_is_503():
    """With the reason, for an operator."""
    assert await asked(AbsentTaskQueue()) == (503, {"detail": "this stack has no task queue"})
