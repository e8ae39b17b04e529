"""Faults that somebody begins and walks away from: each in a thread that undoes it when its time is over.

At most one on each target.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread

from scalelab.contracts.faults import Fault, IsNoticed
from scalelab.deployment.errors import DeploymentError, DisturbanceError
from scalelab.deployment.events import EventLog

BEGIN_LIMIT_S = 45.0
"""A drain lets requests finish before it is in effect."""


@dataclass
class _Held:
    fault: Fault
    over: Event = field(default_factory=Event)
    is_settled: Event = field(default_factory=Event)
    """It is in effect, or could not be done."""
    error: Exception | None = None
    thread: Thread | None = None


class TimedFaults:
    """Those of one stack."""

    def __init__(self, disturb: Callable[[Fault], AbstractContextManager[IsNoticed]], events: EventLog) -> None:
        self._disturb, self._events = disturb, events
        self._lock = Lock()
        self._held: dict[str, _Held] = {}
        self._is_closed = False

    def begin(self, fault: Fault) -> None:
        """Return when it is in effect.

        Raises:
            DisturbanceError: it cannot be done, or something is in effect on its target.
        """
        held = _Held(fault)
        with self._lock:
            if self._is_closed:
                raise DisturbanceError("the stack is being stopped")
            if fault.target in self._held:
                raise DisturbanceError(f"{self._held[fault.target].fault.what} is not over yet")
            self._held[fault.target] = held
            held.thread = Thread(target=self._hold, args=(held,), name=f"fault-{fault.target}", daemon=True)
            held.thread.start()
        if not held.is_settled.wait(BEGIN_LIMIT_S):
            held.over.set()
            raise DisturbanceError(f"{fault.what} did not take effect within {BEGIN_LIMIT_S:g} s")
        if held.error is not None:
            raise DisturbanceError(str(held.error)) from held.error

    def end(self, target: str) -> None:
        """Undo what is in effect on it, before its time.

        Raises:
            DisturbanceError: there is nothing.
        """
        with self._lock:
            held = self._held.get(target)
        if held is None:
            raise DisturbanceError(f"nothing is in effect on {target}")
        held.over.set()

    def close(self, limit_s: float) -> None:
        """Undo everything, and take no more. Returns when the faults have been told to end, and waits a little."""
        with self._lock:
            self._is_closed = True
            left = list(self._held.values())
        for held in left:
            held.over.set()
        for held in left:
            if held.thread is not None:
                held.thread.join(limit_s)

    def _hold(self, held: _Held) -> None:
        try:
            with self._disturb(held.fault):
                held.is_settled.set()
                self._events.write("fault", what=held.fault.what)
                held.over.wait(held.fault.duration_s)
        except (DeploymentError, OSError) as error:
            held.error = error
            self._events.write("fault_failed", what=held.fault.what, reason=str(error))
        finally:
            with self._lock:
                del self._held[held.fault.target]
            held.is_settled.set()
