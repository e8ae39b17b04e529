"""One load as the Locust process sees it: tokens before the clock, the recorder, and a tick once a second.

Runs inside Locust only. Ends with its parent when the laboratory started it.
"""

import os
import time
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

import gevent
import psutil
from locust import stats
from locust.env import Environment
from locust.runners import WorkerRunner

from scalelab.lab.correctness.judge import AnswerJudge
from scalelab.lab.load.locust_accounts import log_in, read_accounts
from scalelab.lab.load.locust_acts import Acts
from scalelab.lab.load.locust_keys import key_source
from scalelab.lab.load.locust_options import PARENT_VARIABLE, UserBehaviour
from scalelab.lab.load.locust_outlets import FileOutlet, Outlet
from scalelab.lab.load.locust_recorder import LoadRecorder
from scalelab.lab.load.locust_upkeep import forget_history, forget_old_seconds
from scalelab.lab.results.run_record import Window
from scalelab.lab.system_client import SystemClient

HISTOGRAMS_EVERY_S = 10
_ORPHANED_EXIT_CODE = 70


class LoadSession:
    """Wires Locust's events to a recorder; hands keys, routes and tokens to the users."""

    def __init__(
        self, environment: Environment, behaviour: UserBehaviour, run_time_s: float, outlet: Outlet | None = None
    ) -> None:
        self._environment = environment
        self._run_time_s = run_time_s
        self._outlet = outlet or FileOutlet(behaviour.recording_dir)
        self._identities = cycle((("", ""),))
        self._is_logged_in = False
        self._is_over = False
        self._ticking: Any = None
        self.take_share(behaviour, 0, 1)

    def take_share(self, behaviour: UserBehaviour, part: int, parts: int) -> None:
        """What is to be done, by this process as one of several; before the load."""
        self.behaviour = behaviour
        self._draws = Random(behaviour.draw_seed + part)  # noqa: S311  a sequence that can be had again
        self._keys = key_source(
            behaviour.keys, behaviour.records, behaviour.hot_set_keys, behaviour.draw_seed, part, parts
        )
        self._judge = AnswerJudge(behaviour.longest_age_s)
        self.acts = Acts(self._judge, self._draws)
        end_s = behaviour.load_duration_s or self._run_time_s or float("1e9")
        planned = Window(start_s=behaviour.window_start_s, end_s=end_s)
        self.recorder = LoadRecorder(
            tuple(behaviour.mix), planned, time.perf_counter, time.time, is_fine=behaviour.has_fine_timeline
        )
        self._is_over = False

    def attach(self) -> None:
        """From now on Locust's events drive this session."""
        events: Any = self._environment.events  # its methods have no types
        events.test_start.add_listener(self._begin)
        events.test_stopping.add_listener(lambda **_: self.recorder.close())
        events.test_stop.add_listener(self._finish)
        events.quitting.add_listener(self._interrupt_if_running)
        stats.CSV_STATS_FLUSH_INTERVAL_SEC = stats.CSV_STATS_INTERVAL_SEC  # a kill loses one second, not ten

    def log_in(self) -> None:
        """Exchange the accounts for tokens, unless that was done.

        Raises:
            AccountsError: there are no accounts.
            SystemAnswerError: a login was refused.
        """
        if not self._is_logged_in:
            accounts = read_accounts(self.behaviour.accounts_file)
            if PARENT_VARIABLE in os.environ:  # made for this load only: gone before anything can go wrong
                Path(self.behaviour.accounts_file).unlink()
            tokens = log_in(SystemClient(self._environment.host or ""), accounts)
            self._identities = cycle(
                [(account.username, token) for account, token in zip(accounts, tokens, strict=True)]
            )
            self._is_logged_in = True

    def next_identity(self) -> tuple[str, str]:
        """Subject and token; they go round."""
        return next(self._identities)

    def next_key(self) -> int | None:
        """The next record to ask for; None when every key was asked for."""
        return self._keys.next_key()

    def next_route(self) -> str:
        """A route, by the weights of the mix."""
        mix = self.behaviour.mix
        return self._draws.choices(tuple(mix), tuple(mix.values()))[0]

    def think_time_s(self) -> float:
        """How long a user thinks."""
        return self._draws.uniform(self.behaviour.think_time_min_s, self.behaviour.think_time_max_s)

    # --- events -------------------------------------------------------------------------------------------------
    def _begin(self, **_: object) -> None:
        self.log_in()
        self.recorder.begin()
        self._write(with_histograms=False)  # whoever follows the load knows that it has begun
        self._ticking = gevent.spawn(self._tick)
        if self.behaviour.load_duration_s > 0:
            gevent.spawn_later(self.behaviour.load_duration_s, self._stop_load)

    def _stop_load(self) -> None:
        """At the exact end; Locust's own clock runs from before the first user, in whole seconds."""
        self.recorder.close()
        runner = self._environment.runner
        if isinstance(runner, WorkerRunner):
            runner.stop()  # and wait for the master's word to go
        elif runner is not None:
            runner.quit()

    def _finish(self, **_: object) -> None:
        if self._is_over:
            return
        self._is_over = True
        self.recorder.finish()
        if self._ticking is not None:
            self._ticking.kill()
        self._append_rows(0.0, 0.0, is_last=True)
        self._write(with_histograms=True)  # the last word: a master waits for nothing more
        if getattr(self._environment.parsed_options, "csv_prefix", None):
            gevent.sleep(1.5 * stats.CSV_STATS_INTERVAL_SEC)  # Locust's writer has no last round of its own

    def _interrupt_if_running(self, **_: object) -> None:
        """Fired after an ordinary end too; only before it, it means a signal."""
        if self._ticking is not None and not self._is_over:
            self.recorder.interrupt()
            self._environment.stop_timeout = 0.0

    # --- once a second ------------------------------------------------------------------------------------------
    def _tick(self) -> None:
        process = psutil.Process()
        used_s = _cpu_s(process)
        while True:
            due_s = int(self.recorder.elapsed_s()) + 1
            gevent.sleep(max(0.0, due_s - self.recorder.elapsed_s()))
            lag_s = self.recorder.elapsed_s() - due_s
            self._end_without_parent()
            now_used_s = _cpu_s(process)
            self._append_rows(now_used_s - used_s, lag_s)
            used_s = now_used_s
            self._write(with_histograms=due_s % HISTOGRAMS_EVERY_S == 0)
            forget_old_seconds(self._environment.stats)
            forget_history(self._environment)

    def _end_without_parent(self) -> None:
        parent = os.environ.get(PARENT_VARIABLE)
        if parent is not None and int(parent) != os.getppid():
            with suppress(OSError):  # the directory that it would have removed
                Path(self.behaviour.accounts_file).parent.rmdir()
            os._exit(_ORPHANED_EXIT_CODE)

    def _append_rows(self, cpu_s: float, lag_s: float, *, is_last: bool = False) -> None:
        runner = self._environment.runner
        users = runner.user_count if runner is not None else 0
        rows = self.recorder.take_rows(users, cpu_s, max(0.0, lag_s), is_last=is_last)
        self._outlet.rows(rows)

    def _write(self, *, with_histograms: bool) -> None:
        self._outlet.tasks(self._judge.take_acknowledged())
        recording = self.recorder.recording().model_copy(update={"tasks_handed_in": self.acts.tasks_handed_in})
        self._outlet.books(recording, self.recorder.histograms() if with_histograms else None)


def _cpu_s(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)
