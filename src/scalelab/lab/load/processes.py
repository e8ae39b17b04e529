"""Runs a load in processes of its own and merges what they counted; nobody who draws or waits disturbs the load.

A generator that dies is noticed: what it had counted a second ago at most is kept, and the outcome is partial.
No generator outlives this process, even when it is killed.
"""

import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import IO

import psutil

from scalelab.lab.load.connector import resolve
from scalelab.lab.load.generator import pacer_of
from scalelab.lab.load.generator_messages import STOP_LINE, Go, Order, Report
from scalelab.lab.load.plan import LoadPlan
from scalelab.lab.load.recorder import SecondRow
from scalelab.lab.load.tally import Tally

_READY_LIMIT_S = 30.0
_HEAD_START_S = 0.05
_GRACE_S = 5.0
"""What a generator may need beyond duration and drain before it is ended."""
_STOP_GRACE_S = 3.0
_LOOK_EVERY_S = 0.2
_ERROR_BYTES = 4096
_READ_BYTES = 1 << 20
_END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class GeneratorFailedError(Exception):
    """Raised when a generator could not start; the message holds its last words."""


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
    lost_generators: int = 0
    are_keys_used_up: bool = False
    generator_cpu_share: float = 0.0
    """Of one core, of the busiest generator."""
    machine_cpu_share: float | None = None


@dataclass
class Progress:
    """How far a running load has come."""

    elapsed_s: float
    tally: Tally
    last_row: SecondRow | None


Follow = Callable[[Progress], None]


@dataclass(eq=False)
class _Generator:
    part: int
    process: "subprocess.Popen[bytes]"
    buffer: bytes = b""
    last_words: bytes = b""
    last: Report | None = None
    rows: list[SecondRow] = field(default_factory=list)
    is_ready: bool = False
    is_final: bool = False
    open_pipes: int = 2

    def take(self, data: bytes) -> bool:
        """Whole lines as reports; whether there was one."""
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            report = Report.model_validate_json(line)
            self.is_ready = True
            if report.kind != "ready":
                self.last = report if report.tally is not None else self.last
                self.is_final = report.kind == "final"
                if report.row is not None:
                    self.rows.append(report.row)
        return bool(lines)

    def tell(self, line: bytes) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(line)
            self.process.stdin.flush()
        except BrokenPipeError:
            return


class _Crew:
    """The generators of one load."""

    def __init__(self, plan: LoadPlan) -> None:
        self.plan = plan
        addresses = tuple(resolve({template.target.origin for template in plan.requests}).items())
        self._selector = selectors.DefaultSelector()
        self.generators: list[_Generator] = []
        try:
            for part in range(plan.processes):
                self._start(Order(plan=plan, addresses=addresses, part=part))
        except BaseException:
            self.close()
            raise

    def _start(self, order: Order) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "scalelab.lab.load.generator"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,  # Ctrl-C reaches us alone, and we end them in order
        )
        generator = _Generator(order.part, process)
        self.generators.append(generator)
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ, generator)
        generator.tell(order.model_dump_json().encode() + b"\n")

    def tell(self, line: bytes) -> None:
        for generator in self.generators:
            generator.tell(line)

    def look(self, timeout_s: float) -> bool:
        """Take what they said; whether there was a report."""
        is_news = False
        for key, _ in self._selector.select(timeout_s):
            generator, pipe = key.data, key.fileobj
            data = os.read(key.fd, _READ_BYTES)
            if not data:
                self._selector.unregister(pipe)
                generator.open_pipes -= 1
            elif pipe is generator.process.stderr:
                generator.last_words = (generator.last_words + data)[-_ERROR_BYTES:]
            else:
                is_news |= generator.take(data)
        return is_news

    @property
    def is_at_work(self) -> bool:
        return any(generator.open_pipes for generator in self.generators)

    def close(self) -> None:
        """End whoever is left, and every pipe."""
        for generator in self.generators:
            if generator.process.poll() is None and not generator.is_final:
                generator.process.kill()
        for generator in self.generators:
            process = generator.process
            pipes: tuple[IO[bytes] | None, ...] = (process.stdin, process.stdout, process.stderr)
            for pipe in pipes:
                _close(pipe)
            try:
                process.wait(_STOP_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._selector.close()


def run_load(plan: LoadPlan, follow: Follow | None = None) -> LoadOutcome:
    """Run a load to its end; Ctrl-C and SIGTERM end it, and what was measured is returned.

    Args:
        plan: what to do.
        follow: called about once a second while it runs.

    Raises:
        UnresolvedError: a host has no address.
        GeneratorFailedError: a generator did not start.
    """
    crew = _Crew(plan)
    try:
        _await_ready(crew)
        psutil.cpu_percent(None)
        started_at_unix_s, start_s = time.time() + _HEAD_START_S, time.monotonic() + _HEAD_START_S
        crew.tell(Go(start_s=start_s).model_dump_json().encode() + b"\n")
        is_interrupted = _follow_to_end(crew, start_s, follow)
        machine = psutil.cpu_percent(None) / 100
    finally:
        crew.close()
    return _outcome(
        crew, started_at_unix_s, time.monotonic() - start_s, machine_cpu_share=machine, is_interrupted=is_interrupted
    )


def _await_ready(crew: _Crew) -> None:
    limit_s = time.monotonic() + _READY_LIMIT_S
    while not all(generator.is_ready for generator in crew.generators):
        crew.look(_LOOK_EVERY_S)
        for generator in crew.generators:
            if not generator.is_ready and (not generator.open_pipes or time.monotonic() > limit_s):
                words = generator.last_words.decode(errors="replace").strip().splitlines() or ["no reason given"]
                raise GeneratorFailedError(f"a load generator did not start: {words[-1]}")


def _follow_to_end(crew: _Crew, start_s: float, follow: Follow | None) -> bool:
    """Whether it was interrupted."""
    limit_s = start_s + crew.plan.duration_s + crew.plan.drain_limit_s + _GRACE_S
    was_told = False
    with _interruptions() as interruptions:
        while crew.is_at_work and time.monotonic() < limit_s and len(interruptions) <= 1:
            if crew.look(_LOOK_EVERY_S) and follow is not None:
                follow(_progress(crew))
            if interruptions and not was_told:
                was_told = True
                limit_s = time.monotonic() + _STOP_GRACE_S
                crew.tell(STOP_LINE)
    return bool(interruptions)


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


def _progress(crew: _Crew) -> Progress:
    tally = _merged([generator.last for generator in crew.generators if generator.last is not None])
    rows = _rows(crew)
    elapsed_s = max((generator.last.elapsed_s for generator in crew.generators if generator.last), default=0.0)
    return Progress(elapsed_s, tally, rows[-1] if rows else None)


def _outcome(
    crew: _Crew, started_at_unix_s: float, elapsed_s: float, *, machine_cpu_share: float, is_interrupted: bool
) -> LoadOutcome:
    finals = [generator.last for generator in crew.generators if generator.last is not None]
    lost = [generator for generator in crew.generators if not generator.is_final]
    tally = _merged(finals)
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
        lost_generators=len(lost),
        are_keys_used_up=any(report.are_keys_used_up for report in finals),
        generator_cpu_share=max((_cpu_share(generator, crew.plan) for generator in crew.generators), default=0.0),
        machine_cpu_share=machine_cpu_share,
    )


def _close_books(plan: LoadPlan, generator: _Generator, tally: Tally, end_s: float) -> None:
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


def _cpu_share(generator: _Generator, plan: LoadPlan) -> float:
    """While it sent: a long drain would hide a generator at its limit."""
    rows = [row for row in generator.rows if row.start_s < plan.duration_s]
    length_s = sum(row.end_s - row.start_s for row in rows)
    return sum(row.cpu_s for row in rows) / length_s if length_s > 0 else 0.0


def _merged(reports: Sequence[Report]) -> Tally:
    tally = Tally()
    for report in reports:
        if report.tally is not None:
            tally.add(Tally.from_json(report.tally))
    return tally


def _rows(crew: _Crew) -> list[SecondRow]:
    rows = []
    for same_second in zip_longest(*(generator.rows for generator in crew.generators)):
        present = [row for row in same_second if row is not None]
        total = present[0]
        for row in present[1:]:
            total = total + row
        rows.append(total)
    return rows


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        try:
            pipe.close()
        except BrokenPipeError:  # what stood in its buffer has no reader any more
            return


__all__ = ["Follow", "GeneratorFailedError", "LoadOutcome", "Progress", "run_load"]
