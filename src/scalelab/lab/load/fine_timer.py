"""Wakes an event loop at a point in time, within tens of microseconds where the system has timerfd (Linux).

uvloop and epoll count whole milliseconds, which is half a millisecond of error in every latency from the intended
start. Elsewhere the loop's own timer serves. Never calls back early by more than the loop's rounding.
"""

import asyncio
import ctypes
import math
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

_CLOCK_MONOTONIC = 1
_ABSOLUTE = 1
_NS_PER_S = 1_000_000_000


class Timer(Protocol):
    """One alarm at a time."""

    def set(self, at_s: float) -> None:
        """Call back once at that time of `time.monotonic`; an alarm set before is forgotten."""

    def close(self) -> None:
        """No alarm any more."""


class _TimeSpec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Alarm(ctypes.Structure):
    _fields_ = (("interval", _TimeSpec), ("value", _TimeSpec))


class DescriptorTimer:
    """A timerfd that the loop reads."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        self._set_time = library.timerfd_settime
        self._descriptor = library.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._loop = loop
        self._callback = callback
        self._alarm = _Alarm()
        self._pointer = ctypes.byref(self._alarm)
        loop.add_reader(self._descriptor, self._ring)

    def set(self, at_s: float) -> None:
        """See `Timer`."""
        seconds = int(at_s)
        value = self._alarm.value
        value.seconds = seconds
        value.nanoseconds = max(1, int((at_s - seconds) * _NS_PER_S))
        self._set_time(self._descriptor, _ABSOLUTE, self._pointer, None)

    def close(self) -> None:
        """See `Timer`."""
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _ring(self) -> None:
        with suppress(BlockingIOError):  # set again between the alarm and now
            os.read(self._descriptor, 8)
            self._callback()


class LoopTimer:
    """The loop's own timer, rounded up to whole milliseconds."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None], clock: Callable[[], float]
    ) -> None:
        self._loop = loop
        self._callback = callback
        self._clock = clock
        self._handle: asyncio.TimerHandle | None = None

    def set(self, at_s: float) -> None:
        """See `Timer`."""
        self.close()
        self._handle = self._loop.call_later(math.ceil(max(0.0, at_s - self._clock()) * 1000) / 1000, self._callback)

    def close(self) -> None:
        """See `Timer`."""
        if self._handle is not None:
            self._handle.cancel()


def finest_timer(loop: asyncio.AbstractEventLoop, callback: Callable[[], None], clock: Callable[[], float]) -> Timer:
    """The most precise one there is here."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            return DescriptorTimer(loop, callback)
    return LoopTimer(loop, callback, clock)
