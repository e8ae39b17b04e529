"""The peers' line on a Valkey server: scripts on one connection, a subscription on another."""

import json
import math
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from typing import Any

from scalelab.stack.cache import peer_scripts as scripts
from scalelab.stack.cache.base import FaultKind
from scalelab.stack.cache.call_limit import call_limit
from scalelab.stack.cache.peers import Acknowledged, Announced, Heard
from scalelab.stack.cache.resp_client import RespClient, RespConnectionError, RespError
from scalelab.stack.cache.subscription import subscribed

CALL_TIMEOUT_S = 0.05


class ValkeyPeers:
    """See `Peers`."""

    def __init__(
        self, url: str, member: str, *, password: str | None = None, call_timeout_s: float = CALL_TIMEOUT_S
    ) -> None:
        self.member = member
        self._url = url
        self._password = password
        self._call_timeout_s = call_timeout_s
        self._client = RespClient(url, password=password)
        self._renew = self._client.script(scripts.RENEW)
        self._announce = self._client.script(scripts.ANNOUNCE)

    async def renew(self, lease_s: float) -> int | FaultKind:
        """See `Peers.renew`."""
        answer = await self._bounded(
            self._renew([scripts.STATE_KEY, scripts.LEASES_KEY], [self.member, _milliseconds(lease_s)])
        )
        return int(answer) if isinstance(answer, bytes) else _fault(answer)

    async def announce(self, kind: str, names: tuple[str, ...], lease_s: float) -> Announced | FaultKind:
        """See `Peers.announce`."""
        said = f"{self.member} {json.dumps([kind, names])}"
        answer = await self._bounded(
            self._announce(
                [scripts.STATE_KEY, scripts.LEASES_KEY], [scripts.TOLD_CHANNEL, said, _milliseconds(lease_s)]
            )
        )
        match answer:
            case [bytes() as position, int() as grace_ms, *leases]:
                members = {leases[i].decode(): leases[i + 1] / 1000 for i in range(0, len(leases), 2)}
                return Announced(int(position), members, grace_ms / 1000)
        return _fault(answer)

    async def acknowledge(self, heard: Heard) -> None:
        """See `Peers.acknowledge`."""
        channel = f"{scripts.DONE_CHANNEL_PREFIX}{heard.sender}"
        await self._bounded(self._client.execute("PUBLISH", channel, f"{heard.position} {self.member}"))

    async def leave(self) -> None:
        """See `Peers.leave`."""
        await self._bounded(self._client.execute("ZREM", scripts.LEASES_KEY, self.member))

    async def listen(self) -> AsyncGenerator[Heard | Acknowledged | None, None]:
        """See `Peers.listen`."""
        channels = (scripts.TOLD_CHANNEL, f"{scripts.DONE_CHANNEL_PREFIX}{self.member}")
        async with aclosing(subscribed(self._url, channels, password=self._password)) as messages:
            async for message in messages:
                if message is None:
                    yield None
                elif (understood := _understood(*message)) is not None:
                    yield understood

    async def aclose(self) -> None:
        """See `Peers.aclose`."""
        await self._client.aclose()

    async def _bounded(self, call: Awaitable[Any]) -> Any:
        """The answer, or the exception that stands for its fault."""
        try:
            async with call_limit(self._call_timeout_s):
                return await call
        except (TimeoutError, RespError, RespConnectionError) as error:
            return error


def _understood(channel: str, text: bytes) -> Heard | Acknowledged | None:
    """What a message says; None for one that nobody of ours has sent."""
    try:
        position, who, *said = text.decode().split(" ", 2)
        if channel != scripts.TOLD_CHANNEL:
            return Acknowledged(int(position), who)
        kind, names = json.loads(said[0])
        return Heard(int(position), who, str(kind), tuple(map(str, names)))
    except (ValueError, IndexError, TypeError):
        return None


def _fault(answer: Any) -> FaultKind:
    if isinstance(answer, TimeoutError):
        return "timeout"
    return "unavailable" if isinstance(answer, Exception) else "torn"


def _milliseconds(duration_s: float) -> int:
    return math.ceil(duration_s * 1000)
