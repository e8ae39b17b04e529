"""The engine on a Valkey (or Redis) server, shared by all gateways. Every call is bounded; trouble is a value."""

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

from scalelab.stack.cache import valkey_scripts as scripts
from scalelab.stack.cache.base import FaultKind, FaultListener, Lookup
from scalelab.stack.cache.call_limit import call_limit
from scalelab.stack.cache.outage import OutageLog
from scalelab.stack.cache.resp_client import RespClient, RespConnectionError, RespError

CALL_TIMEOUT_S = 0.05
MAX_CONNECTIONS = 16
"""The server works on one call at a time; more connections would only wait there."""
MAX_ENTRIES_PER_TAG = 1024
"""A tag with more is emptied: the entries of one record differ by host, query and subject only."""
MAX_FENCES = 100_000
SWEEP_LIMIT_S = 5.0
_SWEEP_BATCH = 2000


class ValkeyCache:
    """Entries in a server that other processes, and the task queue, share."""

    def __init__(
        self,
        url: str,
        *,
        password: str | None = None,
        on_fault: FaultListener = lambda _kind: None,
        call_timeout_s: float = CALL_TIMEOUT_S,
        max_fences: int = MAX_FENCES,
        clock_s: Callable[[], float] = monotonic,
    ) -> None:
        self._address = url.rpartition("@")[2]  # a password has no place in a log
        self._client = RespClient(url, password=password)
        self._on_fault = on_fault
        self._call_timeout_s = call_timeout_s
        self._max_fences = max_fences
        self._outage = OutageLog(self._address, clock_s)
        self._clock_s = clock_s
        self._get = self._client.script(scripts.GET)
        self._put = self._client.script(scripts.PUT)
        self._invalidate = self._client.script(scripts.INVALIDATE)
        self._flush = self._client.script(scripts.FLUSH)

    def __repr__(self) -> str:
        return f"<valkey cache at {self._address}>"

    async def get(self, key: bytes, tag: str) -> Lookup:
        """See `Cache.get`."""
        answer, fault = await self._bounded(self._get([scripts.STATE_KEY], [scripts.ENTRIES_PREFIX, tag, key]))
        if fault is not None:
            return Lookup(fault=fault)
        match answer:
            case [(bytes() | None) as value, bytes() as moment]:
                return Lookup(value=value, fence=int(moment))
            case [_, bytes() as moment]:
                self._on_fault("torn")
                return Lookup(fence=int(moment), fault="torn")
        self._on_fault("torn")
        return Lookup(fault="torn")

    async def put(self, key: bytes, value: bytes, *, ttl_s: float, tag: str, fence: int) -> bool:
        """See `Cache.put`."""
        ttl_ms = max(1, round(ttl_s * 1000))
        answer, _fault = await self._bounded(
            self._put(
                [scripts.STATE_KEY, scripts.FENCES_KEY],
                [scripts.ENTRIES_PREFIX, tag, key, value, ttl_ms, fence, MAX_ENTRIES_PER_TAG],
            )
        )
        return bool(answer == 1)

    async def invalidate(self, *tags: str) -> FaultKind | None:
        """See `Cache.invalidate`."""
        _answer, fault = await self._bounded(
            self._invalidate(
                [scripts.STATE_KEY, scripts.FENCES_KEY], [scripts.ENTRIES_PREFIX, self._max_fences, *tags]
            )
        )
        return fault

    async def flush(self) -> FaultKind | None:
        """See `Cache.flush`. All entries are out of reach at once; their memory is given back batch by batch."""
        epoch, fault = await self._bounded(
            self._flush([scripts.STATE_KEY, scripts.FENCES_KEY], [scripts.ENTRIES_PREFIX])
        )
        if fault is None:
            await self._sweep(bytes(epoch))
        return fault

    async def ping(self) -> FaultKind | None:
        """See `Cache.ping`."""
        _answer, fault = await self._bounded(self._client.execute("PING"))
        return fault

    async def aclose(self) -> None:
        """See `Cache.aclose`."""
        await self._client.aclose()

    async def _sweep(self, epoch: bytes) -> None:
        """Free the entries of earlier epochs. What is left after the limit or a fault dies by its time to live."""
        current = f"{scripts.ENTRIES_PREFIX}{epoch.decode()}:".encode()
        deadline_s = self._clock_s() + SWEEP_LIMIT_S
        cursor = 0
        while self._clock_s() < deadline_s:
            page, fault = await self._bounded(
                self._client.execute("SCAN", cursor, "MATCH", f"{scripts.ENTRIES_PREFIX}*", "COUNT", _SWEEP_BATCH)
            )
            if fault is not None:
                return
            cursor, keys = int(page[0]), page[1]
            old = [key for key in keys if not key.startswith(current)]
            if old:
                await self._bounded(self._client.execute("UNLINK", *old))
            if cursor == 0:
                return

    async def _bounded(self, call: Awaitable[Any]) -> tuple[Any, FaultKind | None]:
        """The answer of `call`, or its fault; the one place where the client's exceptions are known."""
        try:
            async with call_limit(self._call_timeout_s):
                answer = await call
        except TimeoutError:
            return None, self._count("timeout", f"no answer within {self._call_timeout_s} s")
        except RespError as error:
            kind: FaultKind = "torn" if "WRONGTYPE" in str(error) else "unavailable"
            return None, self._count(kind, str(error))
        except RespConnectionError as error:
            return None, self._count("unavailable", str(error))
        self._outage.success()
        return answer, None

    def _count(self, kind: FaultKind, detail: str) -> FaultKind:
        self._on_fault(kind)
        if kind != "torn":
            self._outage.fault(kind, detail)
        return kind
