"""A stage without sockets or sleep: a clock that jumps from event to event, and connections to a scripted server."""

import heapq
import itertools

import pytest

from scalelab.lab.load.engine import Engine
from scalelab.lab.load.faults import Fault
from scalelab.lab.load.machines import MachineResult
from scalelab.lab.load.plan import LoadPlan, OpenLoad
from scalelab.lab.load.processes import LoadOutcome
from scalelab.lab.load.recorder import MeasuredWindow, Recorder
from scalelab.lab.load.requests import Request, RequestTemplate
from scalelab.lab.load.stop_rule import StopRule
from scalelab.lab.load.tally import Tally
from scalelab.lab.load.targets import Origin

ORIGIN = Origin("http", "somewhere", 80)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class FakeTransport:
    def __init__(self, stage, connection):
        self.stage = stage
        self.connection = connection
        self.written = b""
        self.is_aborted = False

    def write(self, data):
        self.written += data
        self.stage.requests.append((self.stage.clock_s, data))
        for delay_s, answer in self.stage.answer(self.stage.clock_s, len(self.stage.requests)):
            self.stage.after(delay_s, self._deliver, answer)

    def abort(self):
        self.is_aborted = True

    def _deliver(self, answer):
        if self.is_aborted:
            return
        if answer is None:
            self.connection.connection_lost(None)
        else:
            self.connection.data_received(answer)


class Stage:
    """Runs an engine against a script. `answer(now_s, number)` gives (delay, bytes) pairs; bytes None is a loss."""

    def __init__(self):
        self.clock_s = 1000.0
        self.answer = lambda _now_s, _number: [(0.01, OK)]
        self.connect_s = 0.0
        self.connect_fault = None
        self.requests = []
        self.connections = []
        self.alarms = 0
        self._events = []
        self._order = itertools.count()

    def engine(self, pacer, duration_s=1.0, drain_limit_s=1.0, warm_up_s=0.0, **options):
        self.recorder = Recorder(MeasuredWindow(warm_up_s, duration_s))
        request = Request(b"GET / HTTP/1.1\r\n\r\n", 0, ORIGIN, is_head=False)
        next_request = options.pop("next_request", lambda _user: request)
        stop = StopRule(duration_s, drain_limit_s, options.pop("most_requests", None))
        options = {"connections": 100, "timeout_s": 10.0, **options}
        self.of = Engine(
            pacer,
            next_request,
            self.recorder,
            stop,
            clock=lambda: self.clock_s,
            open_connection=self._open,
            **options,
        )
        self.of.begin(self.clock_s, self)
        return self.of

    def run(self, limit_s=60.0):
        """To the end of the load."""
        end_s = self.clock_s + limit_s
        self.after(0.05, self._sweep)
        while self._events and not self.of.is_over and self.clock_s < end_s:
            at_s, _, callback, arguments = heapq.heappop(self._events)
            self.clock_s = max(self.clock_s, at_s)
            callback(*arguments)
        return self.recorder.snapshot(self.of.now_s(), 0.0)

    def after(self, delay_s, callback, *arguments):
        heapq.heappush(self._events, (self.clock_s + delay_s, next(self._order), callback, arguments))

    # --- the timer of the engine
    def set(self, at_s):
        self.alarms += 1
        self.after(max(0.0, at_s - self.clock_s), self._wake)

    def close(self):
        pass

    def _wake(self):
        self.of.wake()

    def _sweep(self):
        self.of.sweep()
        self.after(0.05, self._sweep)

    def _open(self, connection):
        self.connections.append(connection)
        if self.connect_fault is not None:
            self.after(self.connect_s, connection.fail_to_open, Fault(*self.connect_fault))
        else:
            self.after(self.connect_s, connection.connection_made, FakeTransport(self, connection))


@pytest.fixture
def stage():
    return Stage()


@pytest.fixture
def outcome_of():
    """An outcome with latencies from the intended start (in seconds) and counts of one's own."""

    def make(completed=(), timed_out=(), failed=(), actual=None, lag=(0.0001,) * 10, load=None, **options):
        tally = Tally()
        for latency_s, actual_s in zip(completed, actual or completed, strict=True):
            tally.histogram("intended", 0, "completed").enter(latency_s)
            tally.histogram("actual", 0, "completed").enter(actual_s)
        for outcome, latencies in (("timed_out", timed_out), ("failed", failed)):
            for latency_s in latencies:
                tally.histogram("intended", 0, outcome).enter(latency_s)
        for value_s in lag:
            tally.lag.enter(value_s)
        answers = len(completed) + len(timed_out) + len(failed)
        tally.counts.update(
            offered=answers, sent=answers, completed=len(completed), failed=len(failed), timed_out=len(timed_out)
        )
        tally.counts["completed_in_window"] = len(completed)
        for name, number in options.pop("counts", {}).items():
            tally.counts[name] = number
        if failed or timed_out:
            tally.failure_kinds["made up"] = len(failed) + len(timed_out)
        tally.first_latencies = list(options.pop("first_latencies", ()))
        tally.statuses.update(options.pop("statuses", {}))
        plan = LoadPlan(
            requests=(RequestTemplate(url="http://somewhere/"),),
            load=load or OpenLoad(rate_per_s=100),
            duration_s=10,
            connections=options.pop("connections", 100),
        )
        machine = MachineResult(
            name="this machine",
            processes=1,
            losses=("killed",) * options.pop("lost_generators", 0),
            sent=tally.counts["sent"],
            cpu_share=options.pop("generator_cpu_share", 0.1),
            machine_cpu_share=options.pop("machine_cpu_share", 0.2),
            lag_p99_s=tally.lag_p99_s,
            lag_max_s=tally.lag_max_s,
            clock_uncertainty_s=None,
        )
        rows = options.pop("rows", [])
        options = {"machines": (machine,), **options}
        return LoadOutcome(plan, tally, rows, started_at_unix_s=0.0, elapsed_s=10.0, window_s=10.0, **options)

    return make
