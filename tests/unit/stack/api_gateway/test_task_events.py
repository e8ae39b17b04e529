"""Progress as server-sent events, over a real queue in memory; each look at the task is a turn of the script."""

import asyncio
import json
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette

from scalelab.contracts.long_tasks import LongTaskRequest
from scalelab.stack.api_gateway.authentication import NO_TOKEN
from scalelab.stack.api_gateway.task_events import LOOK_INTERVAL_S, SIGN_OF_LIFE_S, Listeners, task_event_route
from scalelab.stack.api_gateway.tokens import VerifiedToken
from scalelab.stack.task_queue import Beat, QueueFault, Submission, Succeeded
from scalelab.stack.task_queue.absent import AbsentTaskQueue
from scalelab.stack.task_queue.memory import MemoryTaskQueue

ADA = {"Authorization": "Bearer ada"}
BOB = {"Authorization": "Bearer bob"}


class Tokens:
    """`Bearer ada` is Ada, until `is_over`."""

    def __init__(self):
        self.is_over = False

    def authenticate(self, authorization):
        if not authorization or self.is_over:
            return NO_TOKEN
        name = authorization[0].removeprefix("Bearer ")
        return VerifiedToken(name, f"{name}-1", "k1", 0.0, 1e9)


class Stage:
    """One task of Ada's, its gateway, and what happens at each look."""

    def __init__(self, turns=(), queue=None, listeners=None):
        self.clock = SimpleNamespace(now_s=1000.0)
        self.queue = queue or MemoryTaskQueue(lambda: self.clock.now_s, 60, max_open_tasks=3)
        self.tokens = Tokens()
        self.turns = list(turns)
        self.slept_s = 0.0
        self.listeners = listeners or Listeners()
        self.waits = asyncio.Event()
        app = Starlette(routes=[task_event_route(self.queue, self.listeners, self._sleep)])

        async def authenticated(scope, receive, send):
            await app(scope | {"state": {"authenticator": self.tokens}, "request_id": "r1"}, receive, send)

        self.app = authenticated

    async def submitted(self) -> str:
        answer = await self.queue.submit(Submission("ada", LongTaskRequest()))
        self.path = f"/longtask/{answer.view.id}/events"
        self.task_id = answer.view.id
        return self.path

    async def _sleep(self, duration_s):
        self.slept_s += duration_s
        if not self.turns:
            self.waits.set()
            await asyncio.Event().wait()
        turn = self.turns.pop(0)
        if turn is not None:
            await turn(self)


async def claim(stage):
    stage.claim = await stage.queue.claim(stage.queue.messages.popleft(), "w:a", 4)


async def progress(stage):
    await stage.queue.renew([Beat(stage.task_id, "w:a", 0.5)], 4)


async def succeed(stage):
    await stage.queue.settle(stage.claim, Succeeded({"records": 3}))


async def expire(stage):
    stage.clock.now_s += 1000


async def cancel(stage):
    await stage.queue.cancel(stage.task_id, "ada")


async def end_the_token(stage):
    stage.tokens.is_over = True


def events(answer) -> list[dict[str, str]]:
    blocks = [
        block for block in answer.body.decode().split("\n\n") if block and not block.startswith((":", "retry:"))
    ]
    return [dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks]


async def test_a_task_is_told_from_queued_to_its_end(ask):
    """Each change once, nothing where nothing changed, the final state last; no cache keeps it."""
    stage = Stage([None, claim, None, progress, succeed])
    answer = await ask(stage.app, "GET", await stage.submitted(), headers=ADA)

    told = [(event["event"], json.loads(event["data"])) for event in events(answer)]
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "no-store" in answer.headers["cache-control"]
    assert answer.body.startswith(b"retry: 1000\n\n")
    assert [(name, view["state"], view["progress"]) for name, view in told] == [
        ("state", "queued", 0.0),
        ("state", "running", 0.0),
        ("state", "running", 0.5),
        ("end", "succeeded", 1.0),
    ]
    assert told[-1][1]["result"] == {"records": 3}
    assert stage.slept_s == 5 * LOOK_INTERVAL_S


async def test_who_comes_back_hears_only_what_is_new(ask):
    """Last-Event-ID; and who knows the end is told to stop asking."""
    stage = Stage([claim, succeed])
    first = events(await ask(stage.app, "GET", await stage.submitted(), headers=ADA))
    other = Stage([], queue=stage.queue)  # another gateway
    from_running = await ask(other.app, "GET", stage.path, headers=ADA | {"Last-Event-ID": first[1]["id"]})
    from_end = await ask(other.app, "GET", stage.path, headers=ADA | {"Last-Event-ID": first[-1]["id"]})

    assert len({event["id"] for event in first}) == 3
    assert events(from_running) == first[2:]
    assert (from_end.status, from_end.body) == (204, b"")


async def test_a_long_silence_is_broken_by_a_sign_of_life(ask):
    """So that no balancer takes the connection for dead."""
    turns = round(SIGN_OF_LIFE_S / LOOK_INTERVAL_S)
    stage = Stage([None] * (2 * turns) + [cancel])
    answer = await ask(stage.app, "GET", await stage.submitted(), headers=ADA)

    assert answer.body.count(b"\n:\n") == 2
    assert [event["event"] for event in events(answer)] == ["state", "end"]


@pytest.mark.parametrize("turns", [[end_the_token], [cancel, expire]])
async def test_it_ends_with_the_token_and_with_the_task(ask, turns):
    """What was let in once is not let in for ever."""
    stage = Stage(turns)
    answer = await ask(stage.app, "GET", await stage.submitted(), headers=ADA)

    assert events(answer)[0]["event"] == "state"
    assert stage.listeners.enter("ada") is None


async def test_a_queue_that_is_gone_for_a_while_is_waited_for(ask):
    """Nothing is told meanwhile, and nothing is lost."""
    stage = Stage([None, None, cancel])
    path = await stage.submitted()
    view, faults = stage.queue.view, [QueueFault("gone"), QueueFault("gone")]

    async def flaky(*arguments):
        return faults.pop() if faults and stage.slept_s else await view(*arguments)

    stage.queue.view = flaky
    answer = await ask(stage.app, "GET", path, headers=ADA)

    assert [json.loads(event["data"])["state"] for event in events(answer)] == ["queued", "cancelled"]


async def test_whose_task_it_is_not_hears_nothing(ask):
    """404 in the same words for a foreign, an unknown and an impossible task; 401 without a token."""
    stage = Stage()
    path = await stage.submitted()
    foreign = [
        await ask(stage.app, "GET", one, headers=BOB)
        for one in (path, f"/longtask/{'0' * 32}/events", "/longtask/x/events")
    ]
    nobody = await ask(stage.app, "GET", path)
    gone = await ask(Stage(queue=AbsentTaskQueue()).app, "GET", path, headers=ADA)

    assert {answer.status for answer in foreign} == {404}
    assert len({answer.body for answer in foreign}) == 1
    assert nobody.status == 401
    assert (gone.status, gone.headers["retry-after"]) == (503, "5")


async def test_listeners_are_bounded_and_those_who_leave_make_room(ask):
    """429 for one who listens too often, 503 for who finds no place; a client that goes gives its place back."""
    stage = Stage(listeners=Listeners(most=2, most_of_one=1))
    path = await stage.submitted()
    gone = asyncio.Event()
    listening = asyncio.create_task(ask(stage.app, "GET", path, headers=ADA, gone=gone))
    await stage.waits.wait()
    again = await ask(stage.app, "GET", path, headers=ADA)
    places = [stage.listeners.enter(name) for name in ("bob", "eve")]
    gone.set()
    await listening

    assert (again.status, again.headers["retry-after"]) == (429, "5")
    assert places == [None, 503]
    assert stage.listeners.enter("ada") is None


async def test_head_has_no_body_and_takes_no_place(ask):
    """It ends at once."""
    stage = Stage()
    answer = await ask(stage.app, "HEAD", await stage.submitted(), headers=ADA)

    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")
