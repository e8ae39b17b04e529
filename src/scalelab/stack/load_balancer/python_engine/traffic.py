"""What all requests of the engine share: members, connections, books and limits."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

from scalelab.stack.load_balancer.python_engine.connections import MemberConnections
from scalelab.stack.load_balancer.python_engine.pool import MemberPool
from scalelab.stack.load_balancer.python_engine.wire.received_request import ReceivedRequest, RequestReader
from scalelab.stack.resilience.budget import Budget
from scalelab.stack.service_kit.logs import write_access_line
from scalelab.stack.service_kit.request_context import RequestRecords

TUNNEL_TIMEOUT_S = 3600.0
"""Longest silence in a tunnel."""
_ROUTE = "forwarded"
"""What the metrics call every request of a known method; any token is a method, and labels stay few."""
_KNOWN_METHODS = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"))
_REPLAYS_PER_REQUEST = 0.2
_REPLAYS_AT_ONCE = 100.0
"""A gateway that dies has so many requests in hand, say: all of them are asked elsewhere."""
_UNKNOWN = ("unmatched", "any")


class Connected(Protocol):
    """The connection of a client."""

    deadline_s: float

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way, nor has one begun to come."""
        ...

    def expire(self) -> None:
        """The deadline has passed."""
        ...

    def close(self) -> None:
        """What was written still goes out."""
        ...

    def break_off(self) -> None:
        """No more time is given; what can still be said is said."""
        ...

    def abort(self) -> None:
        """Break it off."""
        ...


def _replay_budget() -> Budget:
    return Budget(_REPLAYS_PER_REQUEST, _REPLAYS_AT_ONCE)


@dataclass
class Traffic:
    """Of one event loop."""

    pool: MemberPool
    connections: MemberConnections
    records: RequestRecords
    response_timeout_s: float
    """Longest silence while a request is under way."""
    head_timeout_s: float = 10.0
    """Longest time for a request's head: a client that drips it gets 408."""
    body_timeout_s: float = 10.0
    """In each such time a request's body must come on, or end: see `BodyPace`."""
    max_connection_age_s: float = 0.0
    """See `MemberCare`."""
    replays: Budget = field(default_factory=_replay_budget)
    """Spent on requests that are sent a second time."""
    is_stopping: bool = False
    """Whether every answer is the last one on its connection."""
    reader: RequestReader = field(default_factory=RequestReader)
    most_clients: int = 10_000
    """Connections at a time."""
    clients: dict[Connected, None] = field(default_factory=dict)
    """In the order in which they came."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run it beside; kept until it ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def take_in(self, client: Connected) -> bool:
        """A new connection; whether there is room for it. The oldest that is idle makes room if need be."""
        if len(self.clients) >= self.most_clients:
            idle = next((one for one in self.clients if one.is_idle), None)
            if idle is None:
                return False
            del self.clients[idle]
            idle.close()
        self.clients[client] = None
        return True

    def note(self, request: ReceivedRequest, status: int, duration_s: float) -> None:
        """Into the books: a request was answered, or its client has gone."""
        records, method = self.records, request.method
        label, told = (_ROUTE, method.decode()) if method in _KNOWN_METHODS else _UNKNOWN
        records.note(label, told, status, duration_s)
        if records.is_told(status, request.request_id):
            write_access_line(method.decode(), request.path, status, duration_s, request.request_id.decode())

    def count_refusal(self, status: HTTPStatus) -> None:
        """A request that could not be read was answered."""
        self.records.begin()
        self.records.note(*_UNKNOWN, status.value, 0.0)

    def expire_late(self, now_s: float) -> None:
        """End what has waited for too long."""
        for client in [client for client in self.clients if client.deadline_s < now_s]:
            client.expire()
