"""Looks at every service about once a second, all at the same time: metrics over HTTP, processes by the system.

A service that answers late does not hold up the others: its answer counts when it comes.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import aiohttp
import psutil

from scalelab.contracts.http_names import METRICS_PATH
from scalelab.contracts.stack_view import ServiceView
from scalelab.lab.probes.process_use import ProcessTrees
from scalelab.lab.watch.readings import read_figures
from scalelab.lab.watch.sampling import Look, Reading, Use

WAIT_LIMIT_S = 0.3
"""Longest wait for the answers of one round, so that what a viewer sees is never old."""
ANSWER_LIMIT_S = 5.0
_KEPT = 2
_OF_INTEREST = {"scope": ["frontend", "backend", "server"]}
"""HAProxy leaves out the rest; the others do not read it."""


@dataclass
class _Watched:
    """What is known of one process."""

    pid: int
    look: Look
    asking: "asyncio.Task[None] | None" = None


@dataclass
class Poller:
    """One system. A context manager, of one event loop."""

    trees: ProcessTrees = field(default_factory=ProcessTrees)
    _watched: dict[str, _Watched] = field(default_factory=dict)
    _session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=ANSWER_LIMIT_S)
        self._session = aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._forget(list(self._watched))
        if self._session is not None:
            await self._session.close()

    async def looks(self, services: Sequence[ServiceView]) -> list[Look]:
        """A look at each of them."""
        present = {service.instance: service for service in services}
        self._forget(
            [name for name, one in self._watched.items() if name not in present or one.pid != present[name].pid]
        )
        for service in services:
            self._begin(service)
        asking = [one.asking for one in self._watched.values() if one.asking is not None]
        if asking:
            await asyncio.wait(asking, timeout=WAIT_LIMIT_S)
        return [self._watched[service.instance].look for service in services]

    def _begin(self, service: ServiceView) -> None:
        one = self._watched.setdefault(service.instance, _Watched(service.pid, Look(service)))
        uses = one.look.uses
        use = self._use(service.pid)
        one.look = Look(service, one.look.readings, (*uses, use)[-_KEPT:] if use is not None else ())
        if service.admin_url and (one.asking is None or one.asking.done()):
            one.asking = asyncio.create_task(self._ask(one, service), name=f"look-{service.instance}")

    async def _ask(self, one: _Watched, service: ServiceView) -> None:
        assert self._session is not None
        try:
            async with self._session.get(service.admin_url + METRICS_PATH, params=_OF_INTEREST) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError, UnicodeDecodeError):
            return  # its newest reading grows old, which is told
        reading = Reading(time.monotonic(), read_figures(text))
        one.look = Look(one.look.service, (*one.look.readings, reading)[-_KEPT:], one.look.uses)

    def _use(self, pid: int) -> Use | None:
        used = self.trees.use_of(pid) if pid > 0 else None
        if used is None:
            return None
        return Use(time.monotonic(), used.cpu_s, used.rss_bytes, _is_stopped(pid))

    def _forget(self, instances: Sequence[str]) -> None:
        for name in instances:
            one = self._watched.pop(name)
            if one.asking is not None:
                one.asking.cancel()


def _is_stopped(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.Error:
        return False
