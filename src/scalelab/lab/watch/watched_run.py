"""A run as viewers see it: which scenario, which phase, what is over and how valid it is, the verdict as it forms.

Stands before whoever else is told of the run, and hands everything on.
"""

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scalelab.lab.plan import Scenario
from scalelab.lab.report.run_content import content_of_run
from scalelab.lab.results.reading import read_run
from scalelab.lab.results.recording import TimelineRow
from scalelab.lab.results.run_record import RunRecord
from scalelab.lab.runner import RunProgress

RECORDS_SHOWN = 40
NOTES_SHOWN = 5


class WatchedRun:
    """Hears what the runner tells, as `runner.RunProgress` has it."""

    def __init__(
        self,
        experiment: str,
        inner: RunProgress,
        tell: Callable[[dict[str, Any]], None],
        time_unix_s: Callable[[], float] = time.time,
    ) -> None:
        """Tells at once that there is a run.

        Args:
            experiment: its name.
            inner: hears everything first.
            tell: hears the state of the run after each step.
            time_unix_s: the clock of the phases.
        """
        self._inner, self._tell, self._time_unix_s = inner, tell, time_unix_s
        self._directory: Path | None = None
        self._finished: deque[dict[str, Any]] = deque(maxlen=RECORDS_SHOWN)
        self._notes: deque[str] = deque(maxlen=NOTES_SHOWN)
        self._state: dict[str, Any] = {"experiment": experiment, "is_over": False, "sentences": []}
        self._update(phase="planning", expected_s=None)

    def began(self, directory: Path, runs: int) -> None:
        """See `runner.RunProgress`."""
        self._inner.began(directory, runs)
        self._directory = directory
        self._update(directory=str(directory), runs=runs)

    def scenario(self, number: int, scenario: Scenario, repetition: int) -> None:
        """See `runner.RunProgress`."""
        self._inner.scenario(number, scenario, repetition)
        self._update(number=number, title=scenario.title, repetition=repetition)

    def phase(self, text: str, expected_s: float | None) -> None:
        """See `runner.RunProgress`."""
        self._inner.phase(text, expected_s)
        self._update(phase=text, expected_s=expected_s)

    def second(self, row: TimelineRow) -> None:
        """See `runner.RunProgress`. Viewers see the seconds in the samples."""
        self._inner.second(row)

    def ended(self, reason: str) -> None:
        """See `runner.RunProgress`."""
        self._inner.ended(reason)
        self._note(reason)

    def note(self, text: str) -> None:
        """See `runner.RunProgress`."""
        self._inner.note(text)
        self._note(text)

    def finished(self, record: RunRecord) -> None:
        """See `runner.RunProgress`. Judges what is on disk so far: nothing is being measured now."""
        self._inner.finished(record)
        self._finished.append(_row(record))
        self._update(sentences=self._sentences())

    def over(self) -> None:
        """The run has ended, however it did."""
        self._update(is_over=True)

    def _note(self, text: str) -> None:
        self._notes.append(text)
        self._update()

    def _update(self, **changes: Any) -> None:
        if "phase" in changes:
            changes["phase_began_unix_s"] = self._time_unix_s()
        self._state = {**self._state, **changes, "finished": list(self._finished), "notes": list(self._notes)}
        self._tell(self._state)

    def _sentences(self) -> list[str]:
        if self._directory is None:
            return []
        content = content_of_run(read_run(self._directory))
        return [*content.objective_lines, *content.verdict_sentences, *content.verified_sentences]


def _row(record: RunRecord) -> dict[str, Any]:
    return {
        "title": record.title,
        "repetition": record.repetition,
        "answers_per_s": record.throughput_per_s,
        "mean_s": record.latency.mean_s,
        "failures": record.failures,
        "validity": list(record.validity),
    }
