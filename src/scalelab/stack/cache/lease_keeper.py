"""Keeps the leases of slow fetches alive, all of them with one call. A fetch that is done soon costs nothing here."""

import asyncio
from collections.abc import Awaitable, Callable

LEASE_S = 1.5
"""How long others wait for a holder that was killed."""
RENEWAL_INTERVAL_S = 0.5
LONGEST_S = 300.0
"""Whoever has not ended a fetch by then has forgotten it."""

_Lease = tuple[str, bytes]


class LeaseKeeper:
    """The leases that this process holds, each a tag and a key."""

    def __init__(
        self,
        renew: Callable[[list[_Lease]], Awaitable[list[int]]],
        clock_s: Callable[[], float],
        *,
        interval_s: float = RENEWAL_INTERVAL_S,
    ) -> None:
        """`renew` prolongs leases and says which of them, by number, are no longer ours."""
        self._renew = renew
        self._clock_s = clock_s
        self._interval_s = interval_s
        self._taken_at_s: dict[_Lease, float] = {}
        self._renewing: asyncio.Task[None] | None = None

    def taken(self, tag: str, key: bytes) -> None:
        """This process fetches the entry."""
        self._taken_at_s.setdefault((tag, key), self._clock_s())
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._keep(), name="lease-renewal")

    def given_back(self, tag: str, key: bytes) -> bool:
        """It does so no longer; whether it did."""
        return self._taken_at_s.pop((tag, key), None) is not None

    async def aclose(self) -> None:
        """Renew nothing any more."""
        self._taken_at_s.clear()
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)

    async def _keep(self) -> None:
        while self._taken_at_s:
            await asyncio.sleep(self._interval_s)
            now_s = self._clock_s()
            slow = [lease for lease, at_s in self._taken_at_s.items() if now_s - at_s >= self._interval_s / 2]
            for number in await self._renew(slow) if slow else ():
                self._taken_at_s.pop(slow[number], None)
            for lease in slow:
                if now_s - self._taken_at_s.get(lease, now_s) > LONGEST_S:
                    del self._taken_at_s[lease]
