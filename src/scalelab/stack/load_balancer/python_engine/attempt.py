"""One attempt at one member: a connection, kept or made, and the member's books, which balance in any case."""

import asyncio
from collections.abc import Callable
from time import monotonic

import structlog

from scalelab.stack.load_balancer.python_engine.member_side import MemberSide
from scalelab.stack.load_balancer.python_engine.pool import InFlight, PooledMember
from scalelab.stack.load_balancer.python_engine.traffic import Traffic


class Attempt:
    """From its making to `end` the member has `request` in hand."""

    __slots__ = ("_began_s", "_connection", "_is_over", "_opening", "_request", "_traffic", "member")

    def __init__(self, traffic: Traffic, member: PooledMember, request: InFlight) -> None:
        self.member = member
        self._traffic = traffic
        self._request = request
        self._began_s = monotonic()
        self._connection: MemberSide | None = None
        self._opening: asyncio.Task[None] | None = None
        self._is_over = False
        member.begin(request)

    def start(self, reached: Callable[[MemberSide], None], not_reached: Callable[[], None]) -> None:
        """One of the two is called, once, unless it is ended before."""
        connection = self._traffic.connections.take(self.member)
        if connection is None:
            self._opening = self._traffic.spawn(self._open(reached, not_reached))
        else:
            self._connection = connection
            reached(connection)

    async def _open(self, reached: Callable[[MemberSide], None], not_reached: Callable[[], None]) -> None:
        try:
            connection = await self._traffic.connections.open(self.member)
        except OSError:
            self._opening = None
            not_reached()
            return
        self._opening = None
        if self._is_over:
            connection.close()
        else:
            self._connection = connection
            reached(connection)

    def end(self, *, is_request_sent: bool, has_failed: bool | None) -> None:
        """Once.

        Args:
            is_request_sent: whether another request may follow on the connection, for all that was sent.
            has_failed: what it says of the member; None: nothing.
        """
        self._is_over = True
        if self._opening is not None:
            self._opening.cancel()
        pool, member, connection = self._traffic.pool, self.member, self._connection
        if connection is not None and connection.release(is_request_sent=is_request_sent):
            self._traffic.connections.keep(member, connection)
        member.finish(self._request)
        pool.policy.answered(member.name, monotonic() - self._began_s, has_failed=bool(has_failed))
        if has_failed is not None and pool.note_answer(member, has_failed=has_failed):
            structlog.get_logger().warning("member_ejected", member=member.name)
