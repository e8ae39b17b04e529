"""What all requests of the engine share: members, connections, books and limits."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

from scalelab.stack.load_balancer.python_engine.connections import MemberConnections
from scalelab.stack.load_balancer.python_engine.pool import MemberPool
from scalelab.stack.load_balancer.python_engine.wire.received_request import RequestReader
from scalelab.stack.service_kit.request_context import RequestRecords

TUNNEL_TIMEOUT_S = 3600.0
"""Longest silence in a tunnel."""


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

    def abort(self) -> None:
        """Break it off."""
        ...


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
    is_stopping: bool = False
    """Whether every answer is the last one on its connection."""
    reader: RequestReader = field(default_factory=RequestReader)
    clients: set[Connected] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run it beside; kept until it ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def count_refusal(self, status: HTTPStatus) -> None:
        """A request that could not be read was answered."""
        self.records.begin()
        self.records.note("unmatched", "any", status, 0.0)

    def expire_late(self, now_s: float) -> None:
        """End what has waited for too long."""
        for client in [client for client in self.clients if client.deadline_s < now_s]:
            client.expire()
