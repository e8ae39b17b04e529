"""`/longtask` over a real queue in memory; only the token check is a stand-in: `Bearer ada` is Ada."""

import asyncio
import json
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette

from scalelab.contracts.long_tasks import LongTaskRequest
from scalelab.stack.api_gateway.authentication import NO_TOKEN
from scalelab.stack.api_gateway.long_tasks import long_task_routes
from scalelab.stack.api_gateway.tokens import VerifiedToken
from scalelab.stack.service_kit.client_gone import CLIENT_CLOSED_REQUEST
from scalelab.stack.task_queue import Claim, Failed, Succeeded
from scalelab.stack.task_queue.absent import AbsentTaskQueue
from scalelab.stack.task_queue.memory import MemoryTaskQueue

ADA = {"Authorization": "Bearer ada"}
BOB = {"Authorization": "Bearer bob"}
TASK = json.dumps({"duration_s": 1, "count": 10}).encode()


class NamesInClear:
    def authenticate(self, authorization):
        if not authorization:
            return NO_TOKEN
        name = authorization[0].removeprefix("Bearer ")
        return VerifiedToken(name, f"{name}-1", "k1", 0.0, 1e9)


def gateway(queue):
    app = Starlette(routes=long_task_routes(queue))

    async def authenticated(scope, receive, send):
        await app(scope | {"state": {"authenticator": NamesInClear()}, "request_id": "r1"}, receive, send)

    return authenticated


@pytest.fixture
def clock():
    return SimpleNamespace(now_s=1000.0)


@pytest.fixture
def queue(clock):
    return MemoryTaskQueue(lambda: clock.now_s, 60, max_open_tasks=3)


@pytest.fixture
def app(queue):
    return gateway(queue)


async def claimed(queue) -> Claim:
    return await queue.claim(queue.messages.popleft(), "worker-1:a", 4)


async def test_a_task_is_accepted_and_tells_where_it_stands(app, queue, ask):
    """202 with Location and the view; the request id travels with the task."""
    accepted = await ask(app, "POST", "/longtask", TASK, ADA)
    location = accepted.headers["location"]
    queued = await ask(app, "GET", location, headers=ADA)
    claim = await claimed(queue)

    assert accepted.status == 202
    assert location == f"/longtask/{accepted.document['id']}"
    assert queued.status == 200
    assert queued.document == accepted.document
    assert queued.document["state"] == "queued"
    assert queued.headers["retry-after"] == "1"
    assert (claim.request, claim.request_id) == (LongTaskRequest(duration_s=1, count=10), "r1")


async def test_a_finished_task_shows_its_result_and_asks_nobody_to_come_back(app, queue, ask):
    """E18: 200 with the result; a known entity tag gives 304."""
    accepted = await ask(app, "POST", "/longtask", TASK, ADA)
    await queue.settle(await claimed(queue), Succeeded({"records": 10}))
    location = accepted.headers["location"]
    done = await ask(app, "GET", location, headers=ADA)
    again = await ask(app, "GET", location, headers=ADA | {"If-None-Match": done.headers["etag"]})

    assert (done.status, done.document["state"], done.document["result"]) == (200, "succeeded", {"records": 10})
    assert "retry-after" not in done.headers
    assert done.headers["cache-control"] == "private, no-cache"
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", done.headers["etag"])


async def test_a_foreign_task_is_an_unknown_task(app, ask):
    """E17: 404 for both, in the same words."""
    mine = await ask(app, "POST", "/longtask", TASK, ADA)
    location = mine.headers["location"]
    foreign = [await ask(app, method, location, headers=BOB) for method in ("GET", "DELETE")]
    unknown = [await ask(app, method, f"/longtask/{'0' * 32}", headers=BOB) for method in ("GET", "DELETE")]
    nonsense = await ask(app, "GET", "/longtask/..%2f", headers=BOB)

    assert {answer.status for answer in [*foreign, *unknown, nonsense]} == {404}
    assert len({answer.body for answer in [*foreign, *unknown, nonsense]}) == 1


@pytest.mark.parametrize(
    ("method", "target"),
    [("POST", "/longtask"), ("GET", "/longtask?state=dead"), ("GET", "/longtask/x"), ("DELETE", "/longtask/x")],
)
async def test_nobody_gets_in_without_a_token(app, queue, ask, method, target):
    """401 on every route, and nothing is queued."""
    answer = await ask(app, method, target, TASK)

    assert answer.status == 401
    assert not queue.messages


async def test_fifty_posts_with_one_key_make_one_task(app, queue, ask):
    """E13: all are told the same location."""
    keyed = ADA | {"Idempotency-Key": "k-1"}
    answers = await asyncio.gather(*(ask(app, "POST", "/longtask", TASK, keyed) for _ in range(50)))

    assert {answer.status for answer in answers} == {202}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert len(queue.messages) == 1


async def test_a_key_with_another_body_is_422_unless_it_means_the_same(app, ask):
    """E14, E16: spelling does not matter, meaning does; another user's key is another key."""
    keyed = {"Idempotency-Key": "k-1"}
    first = await ask(app, "POST", "/longtask", TASK, ADA | keyed)
    spelled = await ask(app, "POST", "/longtask", b'{"count": 10, "first_key": 1, "duration_s": 1.0}', ADA | keyed)
    other = await ask(app, "POST", "/longtask", b'{"count": 11}', ADA | keyed)
    foreign = await ask(app, "POST", "/longtask", b'{"count": 11}', BOB | keyed)

    assert (spelled.status, spelled.headers["location"]) == (202, first.headers["location"])
    assert other.status == 422
    assert other.headers["content-type"] == "application/problem+json"
    assert foreign.status == 202
    assert foreign.headers["location"] != first.headers["location"]


@pytest.mark.parametrize("keys", [[""], ["a b"], ["ä"], ["x" * 256], ["a", "a"]])
async def test_a_key_that_is_none_is_400(app, queue, ask, keys):
    """Once, visible ASCII, bounded."""
    fields = [*ADA.items(), *(("Idempotency-Key", key) for key in keys)]
    answer = await ask(app, "POST", "/longtask", TASK, SimpleNamespace(items=lambda: fields))

    assert answer.status == 400
    assert not queue.messages


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, []),
        (b"{", 400, []),
        (b"[1]", 400, []),
        (b'{"duration_s": -1, "count": 0, "extra": 1}', 422, ["duration_s", "count", "extra"]),
        (b'{"duration_s": NaN}', 422, ["duration_s"]),
        (b'{"count": "many"}', 422, ["count"]),
        (b'{"count": 10001}', 422, ["count"]),
        (b'{"fail_attempts": false, "count": "5"}', 422, ["fail_attempts", "count"]),
        (b'{"first_key": 1000000000000000000}', 422, ["first_key"]),
        (b'{"first_key": 1e400}', 422, ["first_key"]),
        (b"{" + b",".join(b'"k%d": 1' % n for n in range(2000)) + b"}", 422, ["k0", "and 1980 more"]),
    ],
)
async def test_a_bad_body_is_told_every_fault(app, queue, ask, body, status, words):
    """400 for what is no JSON object, 422 for one that says impossible things."""
    answer = await ask(app, "POST", "/longtask", body, ADA)

    assert answer.status == status
    assert answer.document["request_id"] == "r1"
    assert [word for word in words if word not in answer.document["detail"]] == []
    assert len(answer.body) < 4096
    assert not queue.messages


@pytest.mark.parametrize("declared", [{}, {"Content-Length": str(64 * 1024 + 1)}])
async def test_a_body_beyond_64_kib_is_413(app, queue, ask, declared):
    """Declared or not."""
    answer = await ask(app, "POST", "/longtask", b" " * (64 * 1024 + 1), ADA | declared)

    assert answer.status == 413
    assert not queue.messages


async def test_a_client_that_leaves_before_its_body_is_whole_queues_nothing(app, queue):
    """499, read by nobody."""
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    headers = [(b"authorization", b"Bearer ada")]
    scope = {"type": "http", "method": "POST", "path": "/longtask", "query_string": b"", "headers": headers}
    await app(scope, receive, send)

    assert sent[0]["status"] == CLIENT_CLOSED_REQUEST
    assert not queue.messages


async def test_a_full_queue_is_503_with_retry_after(app, ask):
    """E21."""
    answers = [await ask(app, "POST", "/longtask", TASK, ADA) for _ in range(4)]

    assert [answer.status for answer in answers] == [202, 202, 202, 503]
    assert answers[3].headers["retry-after"] == "5"


async def test_a_queue_that_is_gone_is_503_on_every_route(ask):
    """With Retry-After, and without a word about the inside."""
    app = gateway(AbsentTaskQueue())
    task = f"/longtask/{'0' * 32}"
    calls = [
        ("POST", "/longtask", TASK),
        ("GET", "/longtask?state=dead", b""),
        ("GET", task, b""),
        ("DELETE", task, b""),
    ]
    answers = [await ask(app, method, target, body, ADA) for method, target, body in calls]

    assert {answer.status for answer in answers} == {503}
    assert {answer.headers["retry-after"] for answer in answers} == {"5"}


async def test_cancelling_before_during_and_after(app, queue, ask):
    """E19: 200 when it is over at once, 202 while it stops, 200 when it has stopped, 409 when it had finished."""
    waiting = await ask(app, "POST", "/longtask", TASK, ADA)
    before = await ask(app, "DELETE", waiting.headers["location"], headers=ADA)
    queue.messages.clear()
    running = await ask(app, "POST", "/longtask", TASK, ADA)
    claim = await claimed(queue)
    during = await ask(app, "DELETE", running.headers["location"], headers=ADA)
    await queue.settle(claim, Succeeded({}))
    stopped = await ask(app, "DELETE", running.headers["location"], headers=ADA)
    finished = await ask(app, "POST", "/longtask", TASK, ADA)
    await queue.settle(await claimed(queue), Succeeded({}))
    after = await ask(app, "DELETE", finished.headers["location"], headers=ADA)

    assert (before.status, before.document["state"]) == (200, "cancelled")
    assert (during.status, during.document["state"], during.headers["retry-after"]) == (202, "cancelling", "1")
    assert (stopped.status, stopped.document["state"]) == (200, "cancelled")
    assert after.status == 409


async def test_a_user_lists_the_own_dead_letters(app, queue, ask):
    """And nobody else's."""
    for who in (ADA, BOB):
        await ask(app, "POST", "/longtask", TASK, who)
        await queue.settle(await claimed(queue), Failed("broken for good", None))
    listed = await ask(app, "GET", "/longtask?state=dead", headers=ADA)

    assert listed.status == 200
    assert [(task["state"], task["error"]) for task in listed.document["tasks"]] == [("dead", "broken for good")]


@pytest.mark.parametrize("query", ["", "?state=queued", "?state=dead&state=dead", "?state=dead&more=1"])
async def test_no_other_list_is_offered(app, ask, query):
    """400 says which one is."""
    answer = await ask(app, "GET", f"/longtask{query}", headers=ADA)

    assert answer.status == 400
    assert "state=dead" in answer.document["detail"]


async def test_an_expired_task_is_404(app, queue, clock, ask):
    """E24."""
    accepted = await ask(app, "POST", "/longtask", TASK, ADA)
    await queue.settle(await claimed(queue), Succeeded({}))
    clock.now_s += 61

    assert (await ask(app, "GET", accepted.headers["location"], headers=ADA)).status == 404
