"""Tells one outage from a thousand failed calls: a log line when it begins and one when it is over."""

from collections.abc import Callable
from time import monotonic

import structlog

from scalelab.stack.cache.base import FaultKind

QUIET_S = 1.0
"""Time without a fault after which a success ends the outage; a flapping server is one outage."""


class OutageLog:
    """Hears of each call's outcome."""

    def __init__(self, address: str, clock_s: Callable[[], float] = monotonic) -> None:
        self._address = address
        self._clock_s = clock_s
        self._log = structlog.get_logger()
        self._faults = 0
        self._began_at_s = 0.0
        self._last_at_s = 0.0

    def fault(self, kind: FaultKind, detail: str) -> None:
        """A call failed."""
        self._last_at_s = self._clock_s()
        if self._faults == 0:
            self._began_at_s = self._last_at_s
            self._log.warning("cache_outage_began", address=self._address, kind=kind, detail=detail)
        self._faults += 1

    def success(self) -> None:
        """A call went well."""
        if self._faults == 0 or self._clock_s() - self._last_at_s < QUIET_S:
            return
        lasted_s = round(self._last_at_s - self._began_at_s, 3)
        self._log.info("cache_outage_over", address=self._address, faults=self._faults, lasted_s=lasted_s)
        self._faults = 0
