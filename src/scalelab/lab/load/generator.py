"""The process that generates load: reads an order, says ready, waits for the start, runs the engine, reports.

Never prints for people, never outlives its supervisor: when standard input ends, it is gone.
"""

import asyncio
import gc
import os
import resource
import sys
import threading
import time
from contextlib import suppress

import psutil
import uvloop

from scalelab.lab.load.closed_loop import UserPacer
from scalelab.lab.load.connection import Connection, ProvingConnection
from scalelab.lab.load.connector import Connector, tls_context
from scalelab.lab.load.engine import Engine
from scalelab.lab.load.fine_timer import finest_timer
from scalelab.lab.load.generator_messages import STOP_LINE, Go, Order, Report
from scalelab.lab.load.mix import request_stream
from scalelab.lab.load.open_loop import ScheduledPacer
from scalelab.lab.load.pacer import Pacer
from scalelab.lab.load.plan import ClosedLoad, LoadPlan, arrivals_of
from scalelab.lab.load.recorder import MeasuredWindow, Recorder
from scalelab.lab.load.stop_rule import StopRule

_SWEEPS_PER_TIMEOUT = 20
_LONGEST_SWEEP_S = 0.05
_SHORTEST_SWEEP_S = 0.005
_REPORT_EVERY_S = 1.0
_REPORTS_PER_COST = 200
"""A whole report may take a two-hundredth of the time: with hundreds of routes, they come less often."""
_OBJECTS_BETWEEN_COLLECTIONS = 100_000
_OPEN_MAX = 10_240
"""As many files as macOS allows though its hard limit is infinite: setrlimit(2) there, under "Compatibility"."""


def main() -> None:
    """Entry point of `python -m scalelab.lab.load.generator`."""
    order = Order.model_validate_json(sys.stdin.buffer.readline())
    _raise_descriptor_limit()
    with suppress(KeyboardInterrupt, BrokenPipeError):
        uvloop.run(_generate(order))
    os._exit(0)  # the thread that reads orders still waits for one, and nothing here is worth waiting for it


def pacer_of(plan: LoadPlan, part: int) -> Pacer:
    """What paces this generator's share of the load."""
    load = plan.load
    if isinstance(load, ClosedLoad):
        return UserPacer(
            load.users,
            load.think_time_min_s,
            load.think_time_max_s,
            plan.seed,
            part=part,
            parts=plan.processes,
            spawn_rate_per_s=load.spawn_rate_per_s,
        )
    return ScheduledPacer(arrivals_of(load, plan.duration_s, plan.seed), part, plan.processes)


def share_of(whole: int, part: int, parts: int) -> int:
    """A whole number, dealt out to the parts."""
    return whole // parts + (part < whole % parts)


def engine_of(plan: LoadPlan, part: int, connector: Connector) -> tuple[Engine, Recorder]:
    """This generator's engine and its books."""
    recorder = Recorder(MeasuredWindow(plan.warm_up_s, plan.duration_s), is_fine=plan.has_fine_timeline)
    keeps_answers = bool(plan.noted_fields) or any(template.proof for template in plan.requests)
    most = None if plan.most_requests is None else share_of(plan.most_requests, part, plan.processes)
    engine = Engine(
        pacer_of(plan, part),
        request_stream(plan.requests, plan.keys, plan.tokens, plan.seed, part, plan.processes),
        recorder,
        StopRule(plan.duration_s, plan.drain_limit_s, most),
        connections=share_of(plan.connections, part, plan.processes),
        timeout_s=plan.timeout_s,
        clock=time.monotonic,
        open_connection=connector.open,
        make_connection=ProvingConnection if keeps_answers else Connection,
        noted_fields=plan.noted_fields,
    )
    return engine, recorder


async def _generate(order: Order) -> None:
    loop, plan = asyncio.get_running_loop(), order.plan
    is_secure = any(template.target.origin.is_secure for template in plan.requests)
    context = (
        tls_context(plan.certificates, is_certificate_checked=plan.is_certificate_checked) if is_secure else None
    )
    connector = Connector(dict(order.addresses), context)
    engine, recorder = engine_of(plan, order.part, connector)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 20, 20)
    _write(Report(kind="ready"))
    go = Go.model_validate_json(sys.stdin.buffer.readline())
    threading.Thread(target=_obey, args=(engine, loop), name="orders", daemon=True).start()
    psutil.cpu_percent(None)  # from here on
    engine.begin(go.start_s, finest_timer(loop, engine.wake, time.monotonic))
    await _run(engine, recorder, connector, plan)


async def _run(engine: Engine, recorder: Recorder, connector: Connector, plan: LoadPlan) -> None:
    """Sweep and report until the engine is over."""
    sweep_s = min(max(plan.timeout_s / _SWEEPS_PER_TIMEOUT, _SHORTEST_SWEEP_S), _LONGEST_SWEEP_S)
    reported_s, next_whole_s, cpu_before_s = 0.0, 0.0, time.process_time()
    while not engine.is_over:
        await asyncio.sleep(sweep_s)
        engine.sweep()
        connector.cancel_abandoned()
        if engine.now_s() - reported_s >= _REPORT_EVERY_S and not engine.is_over:
            reported_s += _REPORT_EVERY_S
            is_whole, before_s = engine.now_s() >= next_whole_s, time.monotonic()
            _write(_report("progress", engine, recorder, time.process_time() - cpu_before_s, is_whole=is_whole))
            if is_whole:
                next_whole_s = engine.now_s() + (time.monotonic() - before_s) * _REPORTS_PER_COST
    _write(_report("final", engine, recorder, time.process_time() - cpu_before_s, is_whole=True))


def _report(kind: str, engine: Engine, recorder: Recorder, cpu_s: float, *, is_whole: bool) -> Report:
    now_s, is_final = engine.now_s(), kind == "final"
    return Report(
        kind="final" if is_final else "progress",
        elapsed_s=now_s,
        tally=recorder.snapshot(now_s, cpu_s).as_json() if is_whole else None,
        row=recorder.row(now_s, cpu_s),
        window=(recorder.window.start_s, recorder.window.end_s),
        is_interrupted=engine.is_interrupted,
        are_keys_used_up=engine.are_keys_used_up,
        machine_cpu_share=psutil.cpu_percent(None) / 100 if is_final else None,
    )


def _obey(engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
    """Wait for the order to stop, or for the end of the pipe; in a thread, so that a stuck load is ended, too."""
    while line := sys.stdin.buffer.readline():
        if line == STOP_LINE:
            loop.call_soon_threadsafe(engine.interrupt)
    os._exit(1)  # nobody listens: go at once, whatever is under way


def _write(report: Report) -> None:
    sys.stdout.buffer.write(report.model_dump_json().encode() + b"\n")
    sys.stdout.buffer.flush()


def _raise_descriptor_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = hard if hard != resource.RLIM_INFINITY else _OPEN_MAX
    if soft == resource.RLIM_INFINITY or soft >= limit:
        return
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


if __name__ == "__main__":
    main()
