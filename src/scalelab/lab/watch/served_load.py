"""The load that viewers start: reads of records by our own generator, at a rate, told second by second."""

from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Any

from scalelab.contracts.http_names import DATA_PATH
from scalelab.contracts.stack_view import StackView
from scalelab.lab.load.connector import UnresolvedError
from scalelab.lab.load.honesty import judged
from scalelab.lab.load.keys import KeyPlan
from scalelab.lab.load.locust_accounts import log_in
from scalelab.lab.load.percentiles import figures_of
from scalelab.lab.load.plan import LoadPlan, OpenLoad
from scalelab.lab.load.processes import GeneratorFailedError, LoadOutcome, Progress, run_load
from scalelab.lab.load.requests import KEY_PLACE, RequestTemplate
from scalelab.lab.load.result import result_of
from scalelab.lab.system_client import SystemAnswerError, SystemClient
from scalelab.lab.watch.acts import ActFailedError, PlayableSystem, StartLoad

TIMEOUT_S = 10.0
CONNECTIONS = 500
_STOP_LIMIT_S = 20.0
NO_LOAD: dict[str, Any] = {"is_running": False}


class ServedLoad:
    """One load at a time. Safe for several threads."""

    def __init__(self, tell: Callable[[dict[str, Any]], None]) -> None:
        """`tell` hears how the load goes, from the load's thread."""
        self._tell = tell
        self._lock = Lock()
        self._ending = Event()
        self._thread: Thread | None = None

    def start(self, system: PlayableSystem, wanted: StartLoad) -> None:
        """See `playing.PlayedLoad`."""
        with self._lock:
            self._end()
            try:
                plan = plan_of(system.view(), wanted)
            except SystemAnswerError as error:
                raise ActFailedError(str(error)) from error
            self._ending = Event()
            self._thread = Thread(target=self._run, args=(plan, wanted, self._ending), name="load", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """See `playing.PlayedLoad`."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                raise ActFailedError("no load is under way")
            self._end()

    def close(self) -> None:
        """End what is under way."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        self._ending.set()
        if self._thread is not None:
            self._thread.join(_STOP_LIMIT_S)

    def _run(self, plan: LoadPlan, wanted: StartLoad, ending: Event) -> None:
        self._tell(_state(wanted, is_running=True))
        try:
            outcome = run_load(plan, lambda progress: self._tell(_progress_state(wanted, progress)), ending=ending)
        except (GeneratorFailedError, UnresolvedError, OSError) as error:
            self._tell(_state(wanted, is_running=False, trouble=str(error)))
            return
        self._tell(_end_state(wanted, outcome))


def plan_of(view: StackView, wanted: StartLoad) -> LoadPlan:
    """What the generator is told.

    Raises:
        SystemAnswerError: a login was refused or not answered.
    """
    tokens = log_in(SystemClient(view.url), view.accounts_to_ask_as)
    return LoadPlan(
        requests=(RequestTemplate(name=DATA_PATH, url=f"{view.url}{DATA_PATH}?key={KEY_PLACE}"),),
        load=OpenLoad(rate_per_s=wanted.rate_per_s, is_poisson=True),
        duration_s=wanted.duration_s,
        timeout_s=TIMEOUT_S,
        connections=CONNECTIONS,
        keys=KeyPlan(distribution="zipf", count=min(wanted.keys, view.topology.database.records)),
        tokens=tokens,
    )


def _state(wanted: StartLoad, *, is_running: bool, **more: Any) -> dict[str, Any]:
    return {"is_running": is_running, "rate_per_s": wanted.rate_per_s, "duration_s": wanted.duration_s, **more}


def _progress_state(wanted: StartLoad, progress: Progress) -> dict[str, Any]:
    counts, row = progress.tally.counts, progress.last_row
    length_s = max(row.end_s - row.start_s, 1e-9) if row is not None else None
    figures = figures_of(progress.tally.latencies("intended", "completed"))
    return _state(
        wanted,
        is_running=True,
        elapsed_s=progress.elapsed_s,
        answers_per_s=None if row is None or length_s is None else row.completed / length_s,
        failures=counts["failed"] + counts["timed_out"],
        in_flight=progress.tally.in_flight,
        p50_s=figures.p50,
        p99_s=figures.p99,
    )


def _end_state(wanted: StartLoad, outcome: LoadOutcome) -> dict[str, Any]:
    result = judged(result_of(outcome), outcome)
    return _state(
        wanted,
        is_running=False,
        elapsed_s=outcome.elapsed_s,
        answers_per_s=result.rate_per_s,
        failures=result.failed + result.timed_out,
        in_flight=None,
        p50_s=result.latency_intended_s.p50,
        p99_s=result.latency_intended_s.p99,
        validity=result.validity,
        caveats=[caveat.text for caveat in result.caveats],
    )
