"""What the services say that they did: held against what the clients say that they asked for and got."""

from collections.abc import Callable, Sequence

from scalelab.contracts.http_names import DATA_PATH, LONGTASK_PATH, PROCESS_PATH
from scalelab.contracts.metric_names import REQUESTS_TOTAL, TASK_EXECUTIONS_TOTAL
from scalelab.contracts.stack_view import ServiceName, StackView
from scalelab.lab.correctness.acknowledged import AcknowledgedTask, task_outcomes
from scalelab.lab.probes.exposition import metric_sum, metric_sums
from scalelab.lab.results.run_record import TaskOutcomes
from scalelab.lab.system_client import SystemAnswerError, SystemClient

_ROUTES = frozenset({DATA_PATH, PROCESS_PATH, LONGTASK_PATH})


def good_answers(view: StackView) -> dict[str, int] | None:
    """Answers with a 2xx on the routes of the laboratory, by gateway, since each was started.

    None when a gateway does not tell: then nothing can be compared.
    """
    return _counts(view, "api_gateway", _good_answers_in)


def task_executions(view: StackView) -> dict[str, int] | None:
    """Tasks whose work was done to its end, by worker, since each was started; None when a worker does not tell."""
    return _counts(view, "worker", _executions_in)


def answered_between(before: dict[str, int] | None, after: dict[str, int] | None) -> int | None:
    """How many there were meanwhile; None when it is not known: an instance came, went or was started again."""
    if before is None or after is None or before.keys() != after.keys():
        return None
    differences = [after[instance] - before[instance] for instance in before]
    return sum(differences) if min(differences, default=0) >= 0 else None


def acknowledged_outcomes(view: StackView, tasks: Sequence[AcknowledgedTask]) -> TaskOutcomes | None:
    """What became of those tasks; None when there is none, or the system does not tell."""
    if not tasks:
        return None
    try:
        client = SystemClient(view.url)
        subjects = {task.subject for task in tasks}
        tokens = {one.username: client.log_in(one) for one in view.accounts_to_ask_as if one.username in subjects}
        return task_outcomes(
            tasks,
            tokens,
            lambda path, token: client.request("GET", path, {"Authorization": f"Bearer {token}"}),
            view.topology.worker.result_ttl_s,
        )
    except SystemAnswerError:
        return None


def _counts(view: StackView, name: ServiceName, count: Callable[[str], int]) -> dict[str, int] | None:
    services = [service for service in view.services if service.name == name]
    try:
        return {service.instance: count(SystemClient(service.admin_url).metrics()) for service in services}
    except SystemAnswerError:
        return None


def _executions_in(exposition: str) -> int:
    return int(metric_sums(exposition, (TASK_EXECUTIONS_TOTAL,)).get(TASK_EXECUTIONS_TOTAL, 0))


def _good_answers_in(exposition: str) -> int:
    return int(
        metric_sum(
            exposition,
            REQUESTS_TOTAL,
            lambda labels: labels.get("route") in _ROUTES and labels.get("status", "").startswith("2"),
        )
    )
