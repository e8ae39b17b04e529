"""The connections to all members: kept for a short while when nothing is under way on them."""

import asyncio
from collections.abc import Callable

from scalelab.stack.load_balancer.python_engine.member_side import MemberSide
from scalelab.stack.load_balancer.python_engine.pool import PooledMember
from scalelab.stack.upstream.idle_connections import IdleConnections

IDLE_LIMIT_S = 5.0
"""Idle connections are closed from then on: long before a gateway would (75 s)."""


class MemberConnections:
    """One event loop only."""

    def __init__(self, connect_timeout_s: float, clock: Callable[[], float]) -> None:
        self._connect_timeout_s = connect_timeout_s
        self._clock = clock
        self._idle: dict[PooledMember, IdleConnections[MemberSide]] = {}
        self._all: set[MemberSide] = set()

    def take(self, member: PooledMember) -> MemberSide | None:
        """One that was kept."""
        idle = self._idle.get(member)
        return None if idle is None else idle.take()

    async def open(self, member: PooledMember) -> MemberSide:
        """A fresh one.

        Raises:
            OSError: it could not be made, or not in time.
        """
        loop, address = asyncio.get_running_loop(), member.member
        async with asyncio.timeout(self._connect_timeout_s):
            _, opened = await loop.create_connection(
                lambda: MemberSide(self._all.discard), address.host, address.port
            )
        self._all.add(opened)
        return opened

    def keep(self, member: PooledMember, connection: MemberSide) -> None:
        """Nothing is under way on it; kept unless the member is going."""
        if member.is_leaving:
            connection.close()
            return
        idle = self._idle.get(member)
        if idle is None:
            idle = self._idle[member] = IdleConnections(IDLE_LIMIT_S, self._clock)
        idle.keep(connection)

    def forget(self, member: PooledMember) -> None:
        """It is gone."""
        idle = self._idle.pop(member, None)
        if idle is not None:
            idle.close()

    def close(self) -> None:
        """Break all of them off."""
        for idle in self._idle.values():
            idle.close()
        for connection in tuple(self._all):
            connection.close()
