"""The engine on a Valkey (or Redis) server, shared by all gateways. Every call is bounded; trouble is a value."""

import secrets
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any

from scalelab.stack.cache import valkey_scripts as scripts
from scalelab.stack.cache.base import FaultKind, FaultListener, Lookup, Turn
from scalelab.stack.cache.breaker import Breaker
from scalelab.stack.cache.call_limit import call_limit
from scalelab.stack.cache.lease_keeper import LEASE_S, LeaseKeeper
from scalelab.stack.cache.outage import OutageLog
from scalelab.stack.cache.resp_client import Argument, RespClient, RespConnectionError, RespError

CALL_TIMEOUT_S = 0.05
MAX_CONNECTIONS = 16
"""The server works on one call at a time; more connections would only wait there."""
MAX_ENTRIES_PER_TAG = 1024
"""A tag with more is emptied: the entries of one record differ by host, query and subject only."""
MAX_FENCES = 100_000
SWEEP_LIMIT_S = 5.0
_SWEEP_BATCH = 2000
_TURNS: dict[bytes, Turn] = {b"lead": "lead", b"follow": "follow", b"alone": "alone", b"held": "held"}
_LEASES: tuple[Argument, ...] = (scripts.LEASES_PREFIX, round(LEASE_S * 1000), scripts.WRITERS_PREFIX)


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
        self._breaker = Breaker(clock_s, on_open=self._client.drop)
        self._get = self._client.script(scripts.GET)
        self._put = self._client.script(scripts.PUT)
        self._invalidate = self._client.script(scripts.INVALIDATE)
        self._flush = self._client.script(scripts.FLUSH)
        self._release = self._client.script(scripts.RELEASE)
        self._renew = self._client.script(scripts.RENEW)
        self._holder = secrets.token_hex(8)
        self._leases = LeaseKeeper(self._renew_leases, clock_s)

    def __repr__(self) -> str:
        return f"<valkey cache at {self._address}>"

    async def get(self, key: bytes, tag: str, *, claims: bool = False) -> Lookup:
        """See `Cache.get`."""
        holder = self._holder if claims else ""
        answer, fault = await self._bounded(
            self._get(
                [scripts.STATE_KEY, scripts.FENCES_KEY],
                [scripts.ENTRIES_PREFIX, tag, key, holder, *_LEASES],
            )
        )
        if fault is not None:
            return Lookup(fault=fault)
        match answer:
            case [bytes() as value, bytes() as moment, int() as remaining_ms]:
                return Lookup(value=value, fence=int(moment), remaining_s=remaining_ms / 1000)
            case [None, bytes() as moment, 0, bytes() as generation, bytes() as turn]:
                if holder and turn == b"lead":
                    self._leases.taken(tag, key)
                return Lookup(fence=int(moment), generation=int(generation), turn=_TURNS[turn])
            case [_, bytes() as moment]:
                self._on_fault("torn")
                return Lookup(fence=int(moment), fault="torn")
        self._on_fault("torn")
        return Lookup(fault="torn")

    async def put(self, key: bytes, value: bytes, *, ttl_s: float, tag: str, fence: int) -> bool:
        """See `Cache.put`."""
        ttl_ms = max(1, round(ttl_s * 1000))
        holder = self._holder if self._leases.given_back(tag, key) else ""
        entry: tuple[Argument, ...] = (tag, key, value, ttl_ms, fence, MAX_ENTRIES_PER_TAG)
        lease = (holder, scripts.LEASES_PREFIX, scripts.WRITERS_PREFIX)
        answer, _fault = await self._bounded(
            self._put([scripts.STATE_KEY, scripts.FENCES_KEY], [scripts.ENTRIES_PREFIX, *entry, *lease])
        )
        return bool(answer == 1)

    async def release(self, key: bytes, tag: str, *, fence: int, alone_s: float = 0.0) -> None:
        """See `Cache.release`."""
        self._leases.given_back(tag, key)
        await self._bounded(
            self._release(
                [scripts.STATE_KEY, scripts.FENCES_KEY],
                [scripts.LEASES_PREFIX, tag, key, fence, self._holder, round(alone_s * 1000)],
            )
        )

    async def invalidate(self, *tags: str, writer: str = "", hold_s: float = 0.0) -> FaultKind | None:
        """See `Cache.invalidate`."""
        hold: tuple[Argument, ...] = (scripts.WRITERS_PREFIX, writer, round(hold_s * 1000))
        _answer, fault = await self._bounded(
            self._invalidate(
                [scripts.STATE_KEY, scripts.FENCES_KEY], [scripts.ENTRIES_PREFIX, self._max_fences, *hold, *tags]
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
        await self._leases.aclose()
        await self._client.aclose()

    async def _renew_leases(self, leases: list[tuple[str, bytes]]) -> list[int]:
        """Prolong these; which of them, by number, are no longer ours."""
        names: list[Argument] = [part for lease in leases for part in lease]
        lost, _fault = await self._bounded(
            self._renew(
                [scripts.STATE_KEY, scripts.FENCES_KEY],
                [scripts.LEASES_PREFIX, self._holder, round(LEASE_S * 1000), *names],
            )
        )
        return list(lost or ())

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

    async def _bounded(self, call: Coroutine[Any, Any, Any]) -> tuple[Any, FaultKind | None]:
        """The answer of `call`, or its fault; the one place where the client's exceptions are known."""
        if not self._breaker.may_call():
            call.close()
            return None, self._count("unavailable", "left alone after several faults")
        try:
            async with call_limit(self._call_timeout_s):
                answer = await call
        except TimeoutError:
            self._breaker.failed()
            return None, self._count("timeout", f"no answer within {self._call_timeout_s} s")
        except RespError as error:
            kind: FaultKind = "torn" if "WRONGTYPE" in str(error) else "unavailable"
            return None, self._count(kind, str(error))
        except RespConnectionError as error:
            self._breaker.failed()
            return None, self._count("unavailable", str(error))
        self._outage.success()
        self._breaker.succeeded()
        return answer, None

    def _count(self, kind: FaultKind, detail: str) -> FaultKind:
        self._on_fault(kind)
        if kind != "torn":
            self._outage.fault(kind, detail)
        return kind
