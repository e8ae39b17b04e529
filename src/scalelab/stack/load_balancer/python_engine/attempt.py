"""One attempt of a request at one member: what is sent, what is relayed, and how it ended, as a value."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import Enum, auto

import aiohttp
from aiohttp.client_middlewares import ClientHandlerType
from starlette.types import Scope, Send

from scalelab.contracts.membership import Member
from scalelab.stack.load_balancer.python_engine.headers import client_response_headers, upstream_request_headers
from scalelab.stack.load_balancer.python_engine.health_checks import member_url
from scalelab.stack.load_balancer.python_engine.request_body import RequestBody


class Outcome(Enum):
    """How an attempt ended."""

    ANSWERED = auto()
    """The whole answer is with the client."""
    NOT_REACHED = auto()
    """No connection, so nothing was sent."""
    NO_ANSWER = auto()
    """Sent, perhaps in part, and no byte of an answer came."""
    TIMED_OUT = auto()
    """No answer in time."""
    BROKEN_OFF = auto()
    """The answer had begun and did not end properly."""
    UNSENDABLE = auto()
    """The request cannot be written as HTTP."""


class UpstreamLost(Exception):  # noqa: N818
    """Raised inside the client library in place of its own exception, which it would take as leave to repeat."""


@dataclass
class Exchange:
    """The request in hand and the way back to its client."""

    scope: Scope
    body: RequestBody
    send: Send
    has_started: bool = field(default=False)
    """Whether the client has been sent the head of an answer."""


class UpstreamCalls:
    """Calls members. One session for all of them."""

    def __init__(self, session: aiohttp.ClientSession, connect_timeout_s: float, response_timeout_s: float) -> None:
        self._session = session
        self._timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=connect_timeout_s, sock_read=response_timeout_s
        )

    async def attempt(self, exchange: Exchange, member: Member) -> Outcome:
        """Send the request to `member` and relay its answer."""
        try:
            await self._call(exchange, member)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return Outcome.NOT_REACHED
        except TimeoutError:
            return Outcome.BROKEN_OFF if exchange.has_started else Outcome.TIMED_OUT
        except (UpstreamLost, aiohttp.ClientError):
            return Outcome.BROKEN_OFF if exchange.has_started else Outcome.NO_ANSWER
        except ValueError:  # a target or a header that no client library writes
            return Outcome.BROKEN_OFF if exchange.has_started else Outcome.UNSENDABLE
        return Outcome.ANSWERED

    async def _call(self, exchange: Exchange, member: Member) -> None:
        scope = exchange.scope
        async with self._session.request(
            scope["method"],
            member_url(member, _target(scope)),
            headers=_request_headers(scope),
            data=exchange.body.chunks() if exchange.body.is_expected else None,
            timeout=self._timeout,
            allow_redirects=False,
            middlewares=(never_repeat,),
        ) as answer:
            exchange.has_started = True
            headers = client_response_headers(answer.raw_headers)
            await exchange.send({"type": "http.response.start", "status": answer.status, "headers": headers})
            async for chunk in _body(answer):
                await exchange.send({"type": "http.response.body", "body": chunk, "more_body": True})
        await exchange.send({"type": "http.response.body", "body": b"", "more_body": False})


async def never_repeat(request: aiohttp.ClientRequest, call: ClientHandlerType) -> aiohttp.ClientResponse:
    """Whether to send a request again is decided here and not by the library, which knows nothing of our body."""
    try:
        return await call(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise UpstreamLost(str(error)) from error


def _target(scope: Scope) -> str:
    query = scope["query_string"]
    return str(scope["raw_path"] + (b"?" + query if query else b""), "ascii")


def _request_headers(scope: Scope) -> list[tuple[str, str]]:
    client = scope["client"][0] if scope.get("client") else ""
    fields = upstream_request_headers(
        scope["headers"], client=client, scheme=scope["scheme"], request_id=scope["request_id"]
    )
    return [(str(name, "ascii"), str(value, "utf-8")) for name, value in fields]


async def _body(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async for chunk in answer.content.iter_any():
        yield chunk
