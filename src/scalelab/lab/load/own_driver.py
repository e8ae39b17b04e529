"""Drives a scenario with our own generator: open load, or users who think. Leaves the files that every driver leaves.

Every answer is checked for what it proves; the state that only a user has (what it wrote) is Locust's affair.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scalelab.contracts.stack_view import Account
from scalelab.lab.load.connector import UnresolvedError
from scalelab.lab.load.driving import LoadEnd, LoadFollower
from scalelab.lab.load.locust_accounts import log_in
from scalelab.lab.load.machine_doubts import losses_of
from scalelab.lab.load.own_csv import write_locust_csv
from scalelab.lab.load.own_recording import NOTED_FIELDS, histograms_of, recording_of, timeline_row
from scalelab.lab.load.plan import LoadPlan
from scalelab.lab.load.processes import GeneratorFailedError, LoadOutcome, Progress, run_load
from scalelab.lab.load.recorder import SecondRow
from scalelab.lab.results.histogram_log import replace_file, write_histograms
from scalelab.lab.results.recording import HISTOGRAM_FILE, RECORDING_FILE, TIMELINE_FILE, Recording
from scalelab.lab.system_client import SystemAnswerError, SystemClient


@dataclass(frozen=True)
class OwnLoad:
    """One load. `plan` knows all but the tokens; `directory` receives everything that is written."""

    base_url: str
    accounts: tuple[Account, ...]
    plan: LoadPlan
    directory: Path
    csv_prefix: str


def run_own(load: OwnLoad, follower: LoadFollower | None = None) -> LoadEnd:
    """Run one load to its end.

    Args:
        load: what to do.
        follower: hears of the generator's process and of each second.

    Raises:
        KeyboardInterrupt: the load was interrupted; what was measured is written down.
    """
    load.directory.mkdir(parents=True, exist_ok=True)
    try:
        tokens = log_in(SystemClient(load.base_url), load.accounts)
        plan = load.plan.model_copy(update={"tokens": tokens, "noted_fields": NOTED_FIELDS})
        notes = _Notes(load, plan, follower)
        outcome = run_load(plan, notes.follow, notes.started)
    except (SystemAnswerError, UnresolvedError, GeneratorFailedError) as error:
        return LoadEnd(str(error))
    notes.finish(outcome)
    if outcome.is_interrupted:
        raise KeyboardInterrupt
    return LoadEnd(losses_of(outcome.machines) if outcome.lost_generators else "")


@dataclass
class _Notes:
    """Writes down what is known, each second, so that a kill loses one."""

    load: OwnLoad
    plan: LoadPlan
    follower: LoadFollower | None
    has_begun: bool = False
    rows: list[SecondRow] = field(default_factory=list)

    def started(self, pids: Sequence[int]) -> None:
        if self.follower is not None:
            self.follower.started(pids[0])

    def follow(self, progress: Progress) -> None:
        if self.follower is not None and not self.has_begun:
            self.follower.began(progress.started_at_unix_s)
        self.has_begun = True
        for row in progress.rows[len(self.rows) :]:
            self._take(row)
        self._write(
            recording_of(
                self.plan,
                progress.tally,
                self.rows,
                started_at_unix_s=progress.started_at_unix_s,
                elapsed_s=progress.elapsed_s,
                window_end_s=min(progress.elapsed_s, self.plan.duration_s),
                is_final=False,
                is_interrupted=False,
            )
        )

    def finish(self, outcome: LoadOutcome) -> None:
        for row in outcome.rows[len(self.rows) :]:
            self._take(row)
        recording = recording_of(
            self.plan,
            outcome.tally,
            outcome.rows,
            started_at_unix_s=outcome.started_at_unix_s,
            elapsed_s=outcome.elapsed_s,
            window_end_s=self.plan.warm_up_s + outcome.window_s,
            is_final=True,
            is_interrupted=outcome.is_interrupted or outcome.are_keys_used_up or outcome.lost_generators > 0,
        )
        histograms = {tag: histogram.as_hdr() for tag, histogram in histograms_of(self.plan, outcome.tally).items()}
        window = recording.window
        write_histograms(
            self.load.directory / HISTOGRAM_FILE, histograms, window.start_s, window.end_s - window.start_s
        )
        write_locust_csv(self.load.directory / self.load.csv_prefix, self.plan, outcome)
        self._write(recording)

    def _take(self, row: SecondRow) -> None:
        self.rows.append(row)
        shown = timeline_row(self.plan, row)
        with (self.load.directory / TIMELINE_FILE).open("a", encoding="utf-8") as file:
            file.write(shown.model_dump_json() + "\n")
        if self.follower is not None:
            self.follower.second(shown)

    def _write(self, recording: Recording) -> None:
        replace_file(self.load.directory / RECORDING_FILE, recording.model_dump_json(indent=1))
