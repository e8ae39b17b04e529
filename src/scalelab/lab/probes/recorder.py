"""Once a second, in a thread of its own: every process and its metrics, appended to `probes.jsonl`.

A process that does not answer is a row without figures; nothing here ends a run.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import psutil

from scalelab.contracts.http_names import HEALTH_PATH, LIVE_PATH, LOGIN_PATH, READY_PATH
from scalelab.contracts.metric_names import REQUESTS_TOTAL
from scalelab.contracts.stack_view import ServiceView, StackView
from scalelab.lab.probes.exposition import metric_sum, metric_sums
from scalelab.lab.probes.process_use import ProcessTrees
from scalelab.lab.probes.rows import ANSWERS, GENERATOR, MACHINE, PROBED_METRICS, ProbeRow, probe_row
from scalelab.lab.system_client import SystemAnswerError, SystemClient

INTERVAL_S = 1.0
ANSWER_LIMIT_S = 0.8
MACHINE_BUSY_SHARE = 0.9
_NO_WORK = frozenset({HEALTH_PATH, LIVE_PATH, READY_PATH, LOGIN_PATH})


@dataclass
class ProbeCost:
    """What probing itself took, and what it saw of the machine."""

    rounds: int = 0
    cpu_s: float = 0.0
    elapsed_s: float = 0.0
    busy_rounds: int = 0
    """Rounds in which the machine's cores were busy above 90 %."""

    def __str__(self) -> str:
        share = self.cpu_s / self.elapsed_s if self.elapsed_s > 0 else 0.0
        return f"probes: {self.rounds} rounds, {self.cpu_s:.2f} s of CPU, {share:.1%} of a core"


@dataclass
class ProbeTarget:
    """What is looked at; the generator is known once it runs."""

    view: StackView
    generator_pid: int | None = None
    cost: ProbeCost = field(default_factory=ProbeCost)


@contextmanager
def probing(target: ProbeTarget, file: Path) -> Iterator[ProbeTarget]:
    """Probe while the block runs."""
    stop = Event()
    thread = Thread(target=_probe_until, args=(stop, target, file), name="probes", daemon=True)
    thread.start()
    try:
        yield target
    finally:
        stop.set()
        thread.join()


def _probe_until(stop: Event, target: ProbeTarget, file: Path) -> None:
    trees = ProcessTrees()
    started_s = time.monotonic()
    psutil.cpu_percent()  # the first call measures nothing
    while not stop.wait(INTERVAL_S - (time.monotonic() - started_s) % INTERVAL_S):
        rows = list(_round(target, trees))
        try:
            with file.open("a", encoding="utf-8") as stream:
                stream.writelines(row.model_dump_json(exclude_none=True) + "\n" for row in rows)
        except OSError:
            return  # a disk that is full is told by whoever writes the results
        cost = target.cost
        cost.rounds += 1
        cost.cpu_s, cost.elapsed_s = time.thread_time(), time.monotonic() - started_s
        cost.busy_rounds += any((row.cpu_share or 0.0) > MACHINE_BUSY_SHARE for row in rows)


def _round(target: ProbeTarget, trees: ProcessTrees) -> Iterator[ProbeRow]:
    for service in target.view.services:
        use = trees.use_of(service.pid) if service.pid > 0 else None
        yield probe_row(time.time(), service.instance, service.name, use, _metrics(service))
    if target.generator_pid is not None:
        yield probe_row(time.time(), GENERATOR, GENERATOR, trees.use_of(target.generator_pid), {})
    share = psutil.cpu_percent() / 100
    yield ProbeRow(unix_s=time.time(), instance=MACHINE, service=MACHINE, cpu_share=share, cores=psutil.cpu_count())


def _metrics(service: ServiceView) -> dict[str, float]:
    if not service.admin_url:
        return {}
    try:
        exposition = SystemClient(service.admin_url, ANSWER_LIMIT_S).metrics()
    except SystemAnswerError:
        return {}
    return {**metric_sums(exposition, PROBED_METRICS), ANSWERS: metric_sum(exposition, REQUESTS_TOTAL, is_work)}


def is_work(labels: Mapping[str, str]) -> bool:
    """Whether these answers are what clients came for: not a login, and not a health check."""
    return labels.get("route", "").startswith("/") and labels["route"] not in _NO_WORK
