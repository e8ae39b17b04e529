"""Runs a load in processes, here or on other machines, and merges what they counted; nobody who draws disturbs it.

A generator that dies is noticed: what it had counted a second ago at most is kept, and the outcome is partial.
No generator outlives this process, even when it is killed.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest

from scalelab.lab.load.crew import THIS_MACHINE, Crew, Generator
from scalelab.lab.load.generator import pacer_of
from scalelab.lab.load.generator_messages import STOP_LINE, Go, Report
from scalelab.lab.load.machines import MachineResult, machines_of, merged_tally
from scalelab.lab.load.plan import LoadPlan
from scalelab.lab.load.recorder import SecondRow
from scalelab.lab.load.tally import Tally
from scalelab.lab.load.workers.addresses import Workers

_READY_LIMIT_S = 30.0
_HEAD_START_S = 0.05
_HEAD_START_OF_WORKERS_S = 0.5
"""The order to begin has to reach them first; one that comes late makes the generator late, which is measured."""
_GRACE_S = 5.0
"""What a generator may need beyond duration and drain before it is ended."""
_STOP_GRACE_S = 3.0
_LOOK_EVERY_S = 0.2
_END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class GeneratorFailedError(Exception):
    """Raised when a generator could not start; the message holds its last words."""


class WorkerFailedError(GeneratorFailedError):
    """Raised when a load worker does not do as asked; the message names it and the reason."""


@dataclass
class LoadOutcome:
    """What a load did, before anybody judges it."""

    plan: LoadPlan
    tally: Tally
    rows: list[SecondRow]
    started_at_unix_s: float
    elapsed_s: float
    """From the start to the last outcome."""
    window_s: float
    """Length of the measured window, as it was."""
    is_interrupted: bool = False
    are_keys_used_up: bool = False
    machines: tuple[MachineResult, ...] = ()

    @property
    def lost_generators(self) -> int:
        """Processes that ended without a report."""
        return sum(len(machine.losses) for machine in self.machines)


@dataclass
class Progress:
    """How far a running load has come."""

    elapsed_s: float
    tally: Tally
    rows: Sequence[SecondRow] = ()
    started_at_unix_s: float = 0.0

    @property
    def last_row(self) -> SecondRow | None:
        """The newest second."""
        return self.rows[-1] if self.rows else None


Follow = Callable[[Progress], None]


def run_load(
    plan: LoadPlan,
    follow: Follow | None = None,
    started: Callable[[Sequence[int]], None] = lambda _pids: None,
    workers: Workers | None = None,
    ending: threading.Event | None = None,
) -> LoadOutcome:
    """Run a load to its end; Ctrl-C and SIGTERM end it, and what was measured is returned.

    Args:
        plan: what to do.
        follow: called about once a second while it runs.
        started: hears the process ids of the generators (or of those that stand for them) before the load begins.
        workers: the machines that make the load; None: this one.
        ending: ends it as an interruption does, once it is set.

    Raises:
        UnresolvedError: a host has no address.
        GeneratorFailedError: a generator did not start.
        WorkerFailedError: a worker could not be reached, or refused.
    """
    crew = Crew(plan, workers)
    head_start_s = _HEAD_START_S if workers is None else _HEAD_START_OF_WORKERS_S
    try:
        _await_ready(crew)
        started([generator.process.pid for generator in crew.generators])
        started_at_unix_s, start_s = time.time() + head_start_s, time.monotonic() + head_start_s
        crew.tell(Go(start_s=start_s).model_dump_json().encode() + b"\n")
        is_interrupted = _follow_to_end(crew, start_s, started_at_unix_s, follow, ending or threading.Event())
    finally:
        crew.close()
    return _outcome(crew, started_at_unix_s, time.monotonic() - start_s, is_interrupted=is_interrupted)


def _await_ready(crew: Crew) -> None:
    limit_s = time.monotonic() + _READY_LIMIT_S
    while not all(generator.is_ready for generator in crew.generators):
        crew.look(_LOOK_EVERY_S)
        for generator in crew.generators:
            if not generator.is_ready and (not generator.open_pipes or time.monotonic() > limit_s):
                raise _failure(generator)


def _failure(generator: Generator) -> GeneratorFailedError:
    reason = f"it was not ready within {_READY_LIMIT_S:g} s" if generator.open_pipes else generator.reason()
    if generator.machine != THIS_MACHINE:
        return WorkerFailedError(f"load worker {generator.machine}: {reason}")
    return GeneratorFailedError(f"a load generator did not start: {reason}")


def _follow_to_end(
    crew: Crew, start_s: float, started_at_unix_s: float, follow: Follow | None, ending: threading.Event
) -> bool:
    """Whether it was interrupted."""
    limit_s = start_s + crew.plan.duration_s + crew.plan.drain_limit_s + _GRACE_S
    was_told = False
    with _interruptions() as interruptions:
        while crew.is_at_work and time.monotonic() < limit_s and len(interruptions) <= 1:
            if crew.look(_LOOK_EVERY_S) and follow is not None:
                follow(_progress(crew, started_at_unix_s))
            if (interruptions or ending.is_set()) and not was_told:
                was_told = True
                limit_s = time.monotonic() + _STOP_GRACE_S
                crew.tell(STOP_LINE)
    return was_told or bool(interruptions)


@contextmanager
def _interruptions() -> Iterator[list[int]]:
    """Signals to end, noted instead of raised: an exception between reading and keeping would tear a report.

    A second one ends the wait. Outside the main thread there are no signals to note.
    """
    noted: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    before = {number: signal.signal(number, lambda number, _frame: noted.append(number)) for number in _END_SIGNALS}
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _progress(crew: Crew, started_at_unix_s: float) -> Progress:
    tally = merged_tally(crew.generators)
    rows = _rows(crew)
    elapsed_s = max((generator.last.elapsed_s for generator in crew.generators if generator.last), default=0.0)
    return Progress(elapsed_s, tally, rows, started_at_unix_s)


def _outcome(crew: Crew, started_at_unix_s: float, elapsed_s: float, *, is_interrupted: bool) -> LoadOutcome:
    finals = [generator.last for generator in crew.generators if generator.last is not None]
    lost = [generator for generator in crew.generators if not generator.is_final]
    tally = merged_tally(crew.generators)
    for generator in lost:
        _close_books(crew.plan, generator, tally, min(elapsed_s, crew.plan.duration_s))
    return LoadOutcome(
        plan=crew.plan,
        tally=tally,
        rows=_rows(crew),
        started_at_unix_s=started_at_unix_s,
        elapsed_s=max((report.elapsed_s for report in finals), default=0.0),
        window_s=max((_window_s(report) for report in finals), default=0.0),
        is_interrupted=is_interrupted,
        are_keys_used_up=any(report.are_keys_used_up for report in finals),
        machines=machines_of(crew.generators, crew.plan.duration_s),
    )


def _close_books(plan: LoadPlan, generator: Generator, tally: Tally, end_s: float) -> None:
    """Of a generator that never gave its last report: what was under way has no outcome, and never will."""
    last = generator.last
    counts = {} if last is None or last.tally is None else last.tally["counts"]
    sent = counts.get("sent", 0)
    under_way = sent - sum(counts.get(name, 0) for name in ("completed", "failed", "timed_out"))
    tally.counts["censored"] += under_way
    tally.counts["offered"] += max(sent, pacer_of(plan, generator.part).offered_until(end_s))


def _window_s(report: Report) -> float:
    """Length of the measured window, as far as this generator came."""
    start_s, end_s = report.window
    return max(0.0, (end_s if report.kind == "final" else min(end_s, report.elapsed_s)) - start_s)


def _rows(crew: Crew) -> list[SecondRow]:
    rows = []
    for same_second in zip_longest(*(generator.rows for generator in crew.generators)):
        present = [row for row in same_second if row is not None]
        total = present[0]
        for row in present[1:]:
            total = total + row
        rows.append(total)
    return rows


__all__ = ["Follow", "GeneratorFailedError", "LoadOutcome", "Progress", "WorkerFailedError", "run_load"]
