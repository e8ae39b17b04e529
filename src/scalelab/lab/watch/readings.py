"""What one service says of itself at one moment: counters and gauges out of its metrics. Pure.

HAProxy and Envoy count under names of their own; here all balancers say the same things.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from scalelab.contracts import metric_names as names
from scalelab.lab.probes.exposition import labelled_samples
from scalelab.lab.probes.recorder import is_work

ANSWERS, ERRORS, IN_FLIGHT = "answers", "errors", "in_flight"
HITS, MISSES, FROM_MEMORY = "hits", "misses", "from_memory"
SLOTS_IN_USE, SLOTS_LIMIT, SLOT_QUEUE = "slots_in_use", "slots_limit", "slot_queue"
POOL_IN_USE, POOL_SIZE, POOL_QUEUE = "pool_in_use", "pool_size", "pool_queue"
TASKS_RUNNING, TASK_QUEUE = "tasks_running", "task_queue"

_SERVER_FAULT = "5"
_FIELDS = {
    names.REQUESTS_IN_FLIGHT: IN_FLIGHT,
    names.CACHE_HITS_TOTAL: HITS,
    names.CACHE_MISSES_TOTAL: MISSES,
    names.HIT_PATH_ANSWERS_TOTAL: FROM_MEMORY,
    names.UPSTREAM_SLOTS_IN_USE: SLOTS_IN_USE,
    names.UPSTREAM_SLOTS_LIMIT: SLOTS_LIMIT,
    names.UPSTREAM_QUEUE_LENGTH: SLOT_QUEUE,
    names.POOL_IN_USE: POOL_IN_USE,
    names.POOL_SIZE: POOL_SIZE,
    names.POOL_QUEUE_LENGTH: POOL_QUEUE,
    names.TASKS_RUNNING: TASKS_RUNNING,
    names.TASK_QUEUE_LENGTH: TASK_QUEUE,
    names.TASK_EXECUTIONS_TOTAL: ANSWERS,
    "haproxy_backend_current_sessions": IN_FLIGHT,
    "haproxy_backend_current_queue": IN_FLIGHT,
    "envoy_cluster_upstream_rq_active": IN_FLIGHT,
}
_DURATION_BUCKET = names.REQUEST_DURATION_SECONDS + "_bucket"
_MEMBER_STATES = (names.MEMBER_UP, "haproxy_server_status", "envoy_cluster_endpoint_healthy")
_ANSWERS = (names.REQUESTS_TOTAL, "haproxy_frontend_http_responses_total", "envoy_http_downstream_rq_xx")
_WANTED = (*_FIELDS, *_MEMBER_STATES, *_ANSWERS, _DURATION_BUCKET)


@dataclass(frozen=True)
class Figures:
    """What one exposition says. A name that is not in `values` was not told."""

    values: Mapping[str, float] = field(default_factory=dict)
    durations: Mapping[float, float] = field(default_factory=dict)
    """Upper bound in seconds -> answers that took no longer, since the process began."""
    members: Mapping[str, bool] | None = None
    """Of a balancer: gateway -> whether it takes traffic."""


def read_figures(exposition: str) -> Figures:
    """One service's figures; lines that say nothing to us are passed over."""
    values: defaultdict[str, float] = defaultdict(float)
    durations: defaultdict[float, float] = defaultdict(float)
    members: dict[str, bool] = {}
    for name, labels, value in labelled_samples(exposition, _WANTED):
        if name in _FIELDS and labels.get("envoy_cluster_name") in {None, "gateways"}:
            values[_FIELDS[name]] += value
        elif name in _MEMBER_STATES:
            _note_member(members, labels, is_up=value > 0)
        elif _is_traffic(labels):
            if name == _DURATION_BUCKET:
                durations[float(labels["le"])] += value
            else:
                values[ANSWERS] += value
                values[ERRORS] += value if _status(labels).startswith(_SERVER_FAULT) else 0.0
    return Figures(dict(values), dict(durations), members or None)


def _is_traffic(labels: Mapping[str, str]) -> bool:
    """Forwarded by a balancer, or worked on by a service."""
    frontend = labels.get("proxy") or labels.get("envoy_http_conn_manager_prefix")
    return labels.get("route") == "forwarded" or frontend == "traffic" or is_work(labels)


def _status(labels: Mapping[str, str]) -> str:
    return labels.get("status") or labels.get("code") or labels.get("envoy_response_code_class", "")


def _note_member(members: dict[str, bool], labels: Mapping[str, str], *, is_up: bool) -> None:
    """HAProxy has a sample for each state, and a number behind the name of a member that was added again."""
    if "member" in labels:
        members[labels["member"]] = is_up
    elif "envoy_endpoint_hostname" in labels:
        members[labels["envoy_endpoint_hostname"]] = is_up
    elif labels.get("state") == "UP":
        members[labels["server"].partition(".")[0]] = is_up
