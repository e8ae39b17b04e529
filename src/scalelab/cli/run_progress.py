"""Shows a run going on: a moving line on a terminal, one plain line for each step otherwise."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status

from scalelab.cli.run_table import validity_text
from scalelab.cli.time_left import TimeLeft
from scalelab.lab.plan import Scenario
from scalelab.lab.plan_time import PlannedStep
from scalelab.lab.results.recording import TimelineRow
from scalelab.lab.results.run_record import RunRecord

PLAIN_EVERY_S = 10
"""Without a terminal, the load is reported so often."""


class RunDisplay:
    """Hears what the runner tells, shows it, and keeps the records for whoever prints the end."""

    def __init__(
        self,
        console: Console,
        planned: Sequence[PlannedStep] = (),
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """With the steps of a plan it tells how long all of them will take; without, their number is open."""
        self.console = console
        self._left = TimeLeft(tuple(step.expected_s for step in planned), clock_s)
        self.directory: Path | None = None
        self.records: list[RunRecord] = []
        self._runs = 0
        self._head = ""
        self._expected_s: float | None = None
        self._status: Status | None = console.status("planning ...") if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Somebody else shows something."""
        if self._status is not None:
            self._status.stop()
        try:
            yield
        finally:
            if self._status is not None:
                self._status.start()

    def began(self, directory: Path, runs: int) -> None:
        """See `runner.RunProgress`."""
        self.directory, self._runs = directory, runs

    def scenario(self, number: int, scenario: Scenario, repetition: int) -> None:
        """See `runner.RunProgress`."""
        again = f", repetition {repetition}" if repetition > 1 else ""
        self._head = f"[{number}/{self._runs}] {scenario.title}{again}"
        self._left.begin(number)

    def phase(self, text: str, expected_s: float | None) -> None:
        """See `runner.RunProgress`."""
        self._expected_s = expected_s
        self._show(f"{text} ({expected_s:g} s)" if expected_s else text)

    def second(self, row: TimelineRow) -> None:
        """See `runner.RunProgress`."""
        is_over = self._expected_s is not None and row.second >= self._expected_s
        elapsed = f"{row.second + 1} s, draining" if is_over else f"{row.second + 1} of {self._expected_s or 0:g} s"
        failed = f", {row.failed + row.timed_out} failed" if row.failed + row.timed_out else ""
        now = f"{row.users} users, {row.completed} answers/s{failed}, {row.in_flight} waiting"
        text = f"{elapsed}: {now}{self._left.text()}"
        if self._status is not None or (row.second + 1) % PLAIN_EVERY_S == 0:
            self._show(text)

    def ended(self, reason: str) -> None:
        """See `runner.RunProgress`."""
        self._line(reason)

    def note(self, text: str) -> None:
        """See `runner.RunProgress`."""
        self._line(f"{self._head}: {text}")

    def finished(self, record: RunRecord) -> None:
        """See `runner.RunProgress`."""
        self.records.append(record)
        rate = "-" if record.throughput_per_s is None else f"{record.throughput_per_s:.1f} answers/s"
        mean = "-" if record.latency.mean_s is None else f"mean {record.latency.mean_s * 1000:.0f} ms"
        self._line(f"{self._head}: {rate}, {mean}, {record.failures} failures, {validity_text(record)}")

    def _show(self, text: str) -> None:
        if self._status is None:
            self._line(f"{self._head}: {text}")
        else:
            self._status.update(f"{self._head.replace('[', chr(92) + '[')}: {text}")

    def _line(self, text: str) -> None:
        stamp = time.strftime("%H:%M:%S ") if self._status is None else ""
        self.console.print(stamp + text, markup=False, highlight=False, soft_wrap=True)
