"""One line of `probes.jsonl`: a process of the stack, the load generator, or the machine, at one moment."""

from collections.abc import Mapping

from scalelab.contracts import metric_names as names
from scalelab.contracts.model import Contract
from scalelab.lab.probes.process_use import ProcessUse

PROBES_FILE = "probes.jsonl"
GENERATOR = "generator"
MACHINE = "machine"

ANSWERS = "answers"
_METRIC_OF_FIELD = {
    "requests": names.REQUESTS_TOTAL,
    "in_flight": names.REQUESTS_IN_FLIGHT,
    "hits": names.CACHE_HITS_TOTAL,
    "misses": names.CACHE_MISSES_TOTAL,
    "slots_in_use": names.UPSTREAM_SLOTS_IN_USE,
    "slot_queue": names.UPSTREAM_QUEUE_LENGTH,
    "slots_busy_s": names.UPSTREAM_SLOTS_BUSY_SECONDS_TOTAL,
    "slot_wait_s": names.UPSTREAM_QUEUE_SECONDS_TOTAL,
    "pool_in_use": names.POOL_IN_USE,
    "pool_queue": names.POOL_QUEUE_LENGTH,
    "pool_busy_s": names.POOL_BUSY_SECONDS_TOTAL,
    "pool_wait_s": names.POOL_QUEUE_SECONDS_TOTAL,
    "tasks_running": names.TASKS_RUNNING,
    "task_queue": names.TASK_QUEUE_LENGTH,
}
PROBED_METRICS = tuple(_METRIC_OF_FIELD.values())
_COUNTERS = ("requests", "hits", "misses", "slots_busy_s", "slot_wait_s", "pool_busy_s", "pool_wait_s")
QUIET_METRICS = tuple(metric for field, metric in _METRIC_OF_FIELD.items() if field not in _COUNTERS)
"""Gauges that are 0 when nothing is under way."""


class ProbeRow(Contract):
    """Counters count from the process's start. What a process does not have is None; the file leaves it out."""

    unix_s: float
    """When it was looked at."""
    instance: str
    """`api_gateway-1`, ..., `generator`, `machine`."""
    service: str
    """`api_gateway`, ..., `generator`, `machine`."""
    cpu_s: float | None = None
    """CPU time since the process began, children included."""
    rss_bytes: int | None = None
    """Resident memory, children included."""
    threads: int | None = None
    """Of process and children."""
    descriptors: int | None = None
    """Open files and sockets."""
    cpu_share: float | None = None
    """Of the machine: busy share of all cores since the row before."""
    cores: int | None = None
    """Of the machine."""
    requests: float | None = None
    """Requests answered."""
    answers: float | None = None
    """Of the requests: what clients came for; neither logins nor health checks."""
    in_flight: float | None = None
    """Requests in hand."""
    hits: float | None = None
    """Look-ups in the response cache that found something."""
    misses: float | None = None
    """Those that did not."""
    slots_in_use: float | None = None
    """Upstream slots held."""
    slot_queue: float | None = None
    """Requests that wait for a slot."""
    slots_busy_s: float | None = None
    """Slot-seconds held, counted; what accrues in a second is the mean number in use."""
    slot_wait_s: float | None = None
    """Seconds that requests waited for a slot, in all."""
    pool_in_use: float | None = None
    """Database connections held."""
    pool_queue: float | None = None
    """Queries that wait for a connection."""
    pool_busy_s: float | None = None
    """Connection-seconds held, in all."""
    pool_wait_s: float | None = None
    """Seconds that queries waited for one, in all."""
    tasks_running: float | None = None
    """Long tasks in work."""
    task_queue: float | None = None
    """Long tasks that wait."""


def probe_row(
    unix_s: float, instance: str, service: str, use: ProcessUse | None, metrics: Mapping[str, float]
) -> ProbeRow:
    """Puts one row together."""
    measured = {field: metrics.get(metric) for field, metric in _METRIC_OF_FIELD.items()}
    measured[ANSWERS] = metrics.get(ANSWERS)
    used = use.model_dump() if use is not None else {}
    return ProbeRow.model_validate({"unix_s": unix_s, "instance": instance, "service": service, **used, **measured})
