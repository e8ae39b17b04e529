"""Forwards one request: chooses members, decides on another attempt, answers for them when none does.

Never sends a request again that a member may have acted on.
"""

import asyncio
from http import HTTPStatus
from urllib.parse import parse_qs

import structlog
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from scalelab.stack.load_balancer.python_engine.attempt import Exchange, Outcome, UpstreamCalls
from scalelab.stack.load_balancer.python_engine.headers import is_framed_plainly
from scalelab.stack.load_balancer.python_engine.policies import RequestFacts
from scalelab.stack.load_balancer.python_engine.pool import MemberPool, PooledMember
from scalelab.stack.load_balancer.python_engine.request_body import RequestBody
from scalelab.stack.service_kit.problems import problem

IDEMPOTENT_METHODS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"))
"""RFC 9110, 9.2.2."""
_MOST_CONNECTS = 4
"""Members tried for one request when they refuse the connection."""
_RETRY_AFTER = {"Retry-After": "1"}
_ANSWERS = {
    Outcome.NOT_REACHED: (HTTPStatus.SERVICE_UNAVAILABLE, "no gateway could be reached"),
    Outcome.NO_ANSWER: (HTTPStatus.BAD_GATEWAY, "the gateway broke off"),
    Outcome.TIMED_OUT: (HTTPStatus.GATEWAY_TIMEOUT, "the gateway did not answer in time"),
    Outcome.UNSENDABLE: (HTTPStatus.BAD_REQUEST, "the request cannot be forwarded"),
}


def may_try_again(outcome: Outcome, method: str, *, is_body_touched: bool, replays: int, connects: int) -> bool:
    """Whether another attempt is safe and worth it. Pure.

    Without a connection nothing was sent: safe for every method. A request that was sent is replayed once, and
    only if doing it twice is doing it once and its body is still whole.
    """
    if outcome is Outcome.NOT_REACHED:
        return not is_body_touched and connects < _MOST_CONNECTS
    return outcome is Outcome.NO_ANSWER and method in IDEMPOTENT_METHODS and not is_body_touched and replays == 0


class Forwarder:
    """The ASGI application behind the request context."""

    def __init__(self, pool: MemberPool, calls: UpstreamCalls) -> None:
        self._pool = pool
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; stop at once when its client goes."""
        if not is_framed_plainly(scope["headers"]):
            refusal = problem(Request(scope), HTTPStatus.BAD_REQUEST, headers={"Connection": "close"})
            await refusal(scope, receive, send)
            return
        body = RequestBody(scope, receive)
        exchange = Exchange(scope, body, send)
        forwarding = asyncio.create_task(self._forward(exchange), name="forward")
        watching = asyncio.create_task(body.client_gone(), name="client-gone")
        try:
            await asyncio.wait({forwarding, watching}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            watching.cancel()
            if not forwarding.done():
                forwarding.cancel()
        await asyncio.gather(forwarding, return_exceptions=True)
        await self._conclude(exchange, forwarding)

    async def _conclude(self, exchange: Exchange, forwarding: asyncio.Task[Outcome]) -> None:
        if exchange.body.is_client_gone:
            return
        outcome = Outcome.NO_ANSWER if forwarding.cancelled() else forwarding.result()  # cut at the drain's end
        if outcome is Outcome.ANSWERED:
            return
        structlog.get_logger().warning("not_forwarded", outcome=outcome.name.lower())
        if exchange.has_started:
            return  # the server sees an answer without an end, and breaks the connection off
        await self._answer(exchange, *_ANSWERS[outcome])

    async def _forward(self, exchange: Exchange) -> Outcome:
        facts = facts_of(exchange.scope)
        tried: list[PooledMember] = []
        replays = 0
        member = self._pool.choose(facts)
        if member is None:
            await self._answer(exchange, HTTPStatus.SERVICE_UNAVAILABLE, "no gateway is up")
            return Outcome.ANSWERED
        while True:
            tried.append(member)
            outcome = await self._attempt(exchange, member)
            again = may_try_again(
                outcome,
                facts.method,
                is_body_touched=exchange.body.is_touched,
                replays=replays,
                connects=len(tried),
            )
            following = self._pool.choose(facts, tried) if again else None
            if following is None and again and outcome is Outcome.NO_ANSWER:
                following = member  # alone, it may have closed an idle connection: a fresh one will do
            if following is None:
                return outcome
            replays += outcome is Outcome.NO_ANSWER
            member = following

    async def _attempt(self, exchange: Exchange, pooled: PooledMember) -> Outcome:
        task = asyncio.current_task()
        assert task is not None
        with pooled.request_in_flight(task):
            return await self._calls.attempt(exchange, pooled.member)

    async def _answer(self, exchange: Exchange, status: HTTPStatus, detail: str) -> None:
        exchange.has_started = True
        headers = _RETRY_AFTER if status is HTTPStatus.SERVICE_UNAVAILABLE else None
        response = problem(Request(exchange.scope), status, detail, headers)
        await response(exchange.scope, _no_more, exchange.send)


def facts_of(scope: Scope) -> RequestFacts:
    """What a policy may know. A user is who has a token, whatever is in it: it is told apart, not believed."""
    keys = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("key", [""])
    tokens = [value for name, value in scope.get("headers", ()) if name == b"authorization"]
    user = tokens[0].decode("latin-1") if tokens else ""
    return RequestFacts(scope["method"], scope["path"], _client(scope), key=keys[0], user=user)


def _client(scope: Scope) -> str:
    return str(scope["client"][0]) if scope.get("client") else ""


async def _no_more() -> dict[str, str]:
    return {"type": "http.disconnect"}
