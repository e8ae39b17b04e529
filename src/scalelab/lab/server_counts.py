"""What the gateways say that they answered: held against what the clients say that they got."""

from scalelab.contracts.http_names import DATA_PATH, LONGTASK_PATH, PROCESS_PATH
from scalelab.contracts.metric_names import REQUESTS_TOTAL
from scalelab.contracts.stack_view import StackView
from scalelab.lab.probes.exposition import metric_sum
from scalelab.lab.system_client import SystemAnswerError, SystemClient

_ROUTES = frozenset({DATA_PATH, PROCESS_PATH, LONGTASK_PATH})


def good_answers(view: StackView) -> dict[str, int] | None:
    """Answers with a 2xx on the routes of the laboratory, by gateway, since each was started.

    None when a gateway does not tell: then nothing can be compared.
    """
    gateways = [service for service in view.services if service.name == "api_gateway"]
    try:
        return {gateway.instance: _good_answers_in(SystemClient(gateway.admin_url).metrics()) for gateway in gateways}
    except SystemAnswerError:
        return None


def answered_between(before: dict[str, int] | None, after: dict[str, int] | None) -> int | None:
    """How many were given meanwhile; None when it is not known: a gateway came, went or was started again."""
    if before is None or after is None or before.keys() != after.keys():
        return None
    differences = [after[instance] - before[instance] for instance in before]
    return sum(differences) if min(differences, default=0) >= 0 else None


def _good_answers_in(exposition: str) -> int:
    return int(
        metric_sum(
            exposition,
            REQUESTS_TOTAL,
            lambda labels: labels.get("route") in _ROUTES and labels.get("status", "").startswith("2"),
        )
    )
