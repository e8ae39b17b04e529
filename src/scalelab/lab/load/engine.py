"""The one loop of every load: takes what is due from the pacer, sends it, records what becomes of it, stops.

Open and closed load differ in their pacer alone. Clock, timer and connections are arguments; nothing here sleeps.
Times are seconds from the start of the load.
"""

import math
from collections.abc import Callable, Sequence

from scalelab.lab.load.connection import Connection, Listener
from scalelab.lab.load.faults import Fault
from scalelab.lab.load.fine_timer import Timer
from scalelab.lab.load.mix import KeysUsedUpError, NextRequest
from scalelab.lab.load.pacer import Pacer
from scalelab.lab.load.pool import Pool
from scalelab.lab.load.recorder import Recorder
from scalelab.lab.load.requests import Request
from scalelab.lab.load.stop_rule import StopRule
from scalelab.lab.load.targets import Origin

_STEP_S = 0.0002
"""Arrivals closer than this are sent together, so that the timer does not become the load."""
_FIRST_FAILED_STATUS = 400


class Engine:
    """One load of one generator. `Listener` of its connections."""

    def __init__(
        self,
        pacer: Pacer,
        next_request: NextRequest,
        recorder: Recorder,
        stop: StopRule,
        *,
        connections: int,
        timeout_s: float,
        clock: Callable[[], float],
        open_connection: Callable[[Connection], None],
        make_connection: Callable[[Origin, Listener], Connection] = Connection,
        noted_fields: Sequence[str] = (),
    ) -> None:
        self._pacer = pacer
        self._next_request = next_request
        self._recorder = recorder
        self._stop = stop
        self._timeout_s = timeout_s
        self._clock = clock
        self._open_connection = open_connection
        self._make_connection = make_connection
        self._noted_fields = tuple(noted_fields)
        self._pool = Pool(connections, self._new_connection)
        self._timer: Timer | None = None
        self._zero_s = 0.0
        self._armed_s = math.inf
        self._waiting: tuple[float, int, Request] | None = None
        """Due, taken from the pacer, and without a connection. All later ones wait behind it, in the pacer."""
        self._was_full_s = -1.0
        """Until then requests waited for a connection, so that their delay is no lag of ours."""
        self._ended_s: float | None = None
        self.is_over = False
        """Nothing is under way, and nothing will be sent."""
        self.is_interrupted = False
        self.are_keys_used_up = False

    # --- its life -----------------------------------------------------------------------------------------------
    def begin(self, zero_s: float, timer: Timer) -> None:
        """The load starts at that time of the clock; the timer is to call `wake`."""
        self._zero_s = zero_s
        self._timer = timer
        self._arm(0.0)

    def now_s(self) -> float:
        """Since the start of the load."""
        return self._clock() - self._zero_s

    def wake(self) -> None:
        """Send what is due. Called by the timer."""
        self._armed_s = math.inf
        self._advance(self.now_s())

    def sweep(self) -> None:
        """Give up what waits too long; end what has to end. To be called some tens of times a second."""
        now_s = self.now_s()
        for connection in self._pool.busy():
            if now_s - connection.actual_s >= self._timeout_s:
                self._give_up(connection, now_s)
        self._advance(now_s)
        if self._ended_s is not None and self._stop.must_cut(now_s, self._ended_s):
            self._cut(now_s)

    def interrupt(self) -> None:
        """Stop now: nothing more is sent, nothing is awaited."""
        now_s = self.now_s()
        self.is_interrupted = not self.is_over
        self._end(now_s)
        self._cut(now_s)

    # --- what connections tell ----------------------------------------------------------------------------------
    def opened(self, connection: Connection) -> None:
        """See `Listener`."""
        tally = self._recorder.tally
        tally.counts["connections_opened"] += 1
        tally.connect.enter(self.now_s() - connection.actual_s)

    def answered(self, connection: Connection, status: int, *, can_serve_again: bool) -> None:
        """See `Listener`."""
        now_s = self._clock() - self._zero_s
        request: Request = connection.request  # type: ignore[assignment]  # an answer has a request
        times = connection.intended_s, connection.actual_s, now_s
        if status >= _FIRST_FAILED_STATUS:
            self._recorder.fail_with_status(request.route, status, *times)
        elif request.check is not None and (defect := connection.defect()):
            self._recorder.fail_with_defect(request.route, status, defect, *times)
        else:
            self._recorder.complete(request.route, status, *times)
            for name in self._noted_fields:
                self._recorder.note(name, connection.field(name), now_s)
        if can_serve_again:
            self._pool.give_back(connection)
        else:
            self._forget(connection)
        self._settle(connection, now_s)

    def broke(self, connection: Connection, fault: Fault) -> None:
        """See `Listener`."""
        now_s = self.now_s()
        route = connection.request.route if connection.request is not None else 0
        self._recorder.fail(route, fault.kind, now_s, is_generator_fault=fault.is_generator_fault)
        self._forget(connection)
        self._settle(connection, now_s)

    def lost(self, connection: Connection) -> None:
        """See `Listener`."""
        self._forget(connection)
        if self._waiting is not None:
            self._advance(self.now_s())

    # --- inside -------------------------------------------------------------------------------------------------
    def _settle(self, connection: Connection, now_s: float) -> None:
        """A request has its outcome: its user goes on, and whatever waits may go."""
        pacer = self._pacer
        if pacer.wants_answers:
            pacer.answered(connection.user, now_s)
            if self._ended_s is None:
                self._arm(pacer.due_s)
        if self._waiting is not None or pacer.due_s <= now_s or self._ended_s is not None:
            self._advance(now_s)

    def _advance(self, now_s: float) -> None:
        if self.is_over:
            return
        if self._ended_s is None:
            self._send_due(now_s)
            if not self._stop.may_send(now_s, self._recorder.sent):
                self._end(now_s)
            else:
                next_s = math.inf if self._waiting is not None else self._pacer.due_s
                self._arm(max(min(next_s, self._stop.duration_s), now_s + _STEP_S))
        if self._ended_s is not None and self._recorder.in_flight == 0:
            self._finish()

    def _send_due(self, now_s: float) -> None:
        """All that is due and finds a connection, also what was due in the last instant of the load."""
        pacer, stop, recorder = self._pacer, self._stop, self._recorder
        if self._waiting is not None:
            if now_s >= stop.duration_s or not self._send(*self._waiting, now_s):
                return
            self._waiting = None
            self._was_full_s = now_s
        last_s = min(now_s, math.nextafter(stop.duration_s, 0))
        while pacer.due_s <= last_s:
            if stop.most_requests is not None and recorder.sent >= stop.most_requests:
                return
            intended_s = pacer.take()
            user = pacer.user
            try:
                request = self._next_request(user)
            except KeysUsedUpError:
                self.are_keys_used_up = True
                self._end(now_s)
                return
            if intended_s <= self._was_full_s:
                recorder.tally.counts["waited_for_connection"] += 1
            else:
                recorder.enter_lag(now_s - intended_s)
            if not self._send(intended_s, user, request, now_s):
                self._waiting = (intended_s, user, request)
                recorder.tally.counts["waited_for_connection"] += intended_s > self._was_full_s
                return

    def _send(self, intended_s: float, user: int, request: Request, now_s: float) -> bool:
        connection = self._pool.take(request.origin)
        if connection is None:
            return False
        self._recorder.start(request.route, now_s)
        is_open = connection.is_open
        connection.start(request, intended_s, now_s, user)
        if not is_open:
            self._open_connection(connection)
        return True

    def _arm(self, at_s: float) -> None:
        if at_s < self._armed_s - _STEP_S and self._timer is not None:
            self._armed_s = at_s
            self._timer.set(self._zero_s + at_s)

    def _new_connection(self, origin: Origin) -> Connection:
        return self._make_connection(origin, self)

    def _give_up(self, connection: Connection, now_s: float) -> None:
        request = connection.request
        assert request is not None
        self._recorder.time_out(request.route, connection.intended_s, connection.actual_s, self._timeout_s, now_s)
        connection.abandon()
        self._forget(connection)
        self._settle(connection, now_s)

    def _forget(self, connection: Connection) -> None:
        self._pool.drop(connection)
        self._recorder.tally.counts["bytes_received"] += connection.bytes_received
        connection.bytes_received = 0

    def _end(self, now_s: float) -> None:
        """From now on nothing is sent."""
        if self._ended_s is None:
            self._ended_s = min(now_s, self._stop.duration_s)
            self._recorder.cut_window(math.nextafter(self._ended_s, math.inf))  # who started now is within

    def _cut(self, now_s: float) -> None:
        if not self.is_over:
            for connection in self._pool.busy():
                self._recorder.censor(connection.intended_s, now_s)
            self._finish()

    def _finish(self) -> None:
        for connection in list(self._pool.connections):
            self._recorder.tally.counts["bytes_received"] += connection.bytes_received
        self._pool.close()
        assert self._ended_s is not None
        sent = self._recorder.sent
        was_counted_out = self._stop.most_requests is not None and sent >= self._stop.most_requests
        offered = sent if was_counted_out else self._pacer.offered_until(self._ended_s)
        self._recorder.tally.counts["offered"] = max(sent, offered)
        self.is_over = True
        if self._timer is not None:
            self._timer.close()
            self._timer = None
